/// One document of a file.
struct DocumentText: Hashable, Sendable {
    /// With its `---` line, if it has one.
    var text: String
    /// One-based line of the file on which it starts.
    var line: Int32
}

/// Splits a file into its YAML documents, so that one that is broken leaves the others readable, and one that has not
/// changed need not be read again.
///
/// A line that starts with `---` or `...` and white space ends a document wherever it stands: YAML 1.2 §9.1.2 forbids it
/// inside of scalars.
struct DocumentSplitter {
    private let bytes: String.UTF8View
    private var documents: [DocumentText] = []
    private var start: String.Index
    private var startLine: Int32 = 1
    private var hasContent = false
    private var hasDirective = false

    static func split(_ file: String) -> [DocumentText] {
        var splitter = DocumentSplitter(file)
        splitter.run()
        return splitter.documents
    }

    private init(_ file: String) {
        bytes = file.utf8
        start = bytes.startIndex
    }

    private mutating func run() {
        var lineStart = bytes.startIndex
        var line: Int32 = 1
        while lineStart < bytes.endIndex {
            let newline = bytes[lineStart...].firstIndex(of: UInt8(ascii: "\n"))
            let end = newline.map { bytes.index(after: $0) } ?? bytes.endIndex
            take(bytes[lineStart..<end], line)
            lineStart = end
            line += 1
        }
        close(at: bytes.endIndex)
    }

    private mutating func take(_ text: Substring.UTF8View, _ line: Int32) {
        if isMarker(text, "---") {
            // Directives stand before the marker of the document that they belong to.
            if hasContent || !hasDirective {
                close(at: text.startIndex)
                (start, startLine) = (text.startIndex, line)
            }
            hasDirective = false
            hasContent = isContent(text.dropFirst(3))
        } else if isMarker(text, "...") {
            close(at: text.endIndex)
            (start, startLine) = (text.endIndex, line + 1)
        } else if text.first == UInt8(ascii: "%"), !hasContent {
            if !hasDirective { (start, startLine) = (text.startIndex, line) }
            hasDirective = true
        } else if isContent(text) {
            hasContent = true
        }
    }

    private mutating func close(at end: String.Index) {
        if hasContent { documents.append(DocumentText(text: String(bytes[start..<end]) ?? "", line: startLine)) }
        hasContent = false
        hasDirective = false
    }

    private func isMarker(_ line: Substring.UTF8View, _ marker: StaticString) -> Bool {
        guard let first = line.first, first == marker.utf8Start[0],
            line.prefix(3).elementsEqual(UnsafeBufferPointer(start: marker.utf8Start, count: 3))
        else { return false }
        guard let next = line.dropFirst(3).first else { return true }
        return next == 0x20 || next == 0x09 || next == 0x0A || next == 0x0D
    }

    /// Whether a line holds more than white space and a comment.
    private func isContent(_ line: Substring.UTF8View) -> Bool {
        let first = line.first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D && $0 != 0x0A }
        return first != nil && first != UInt8(ascii: "#")
    }
}
