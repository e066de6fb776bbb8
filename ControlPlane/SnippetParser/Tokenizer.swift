/// Splits a text into the tokens of nginx's configuration language: words, quoted or not, semicolons and braces.
///
/// As nginx reads it: a quote has a meaning only at the start of a word, `#` starts a comment there, `${` belongs to the
/// word, and a backslash takes the meaning of quotes, backslashes, `t`, `r` and `n` to itself.
struct Tokenizer {
    enum Token: Hashable {
        case word(String)
        case semicolon, open, close, end
    }

    /// No snippet that people write comes near this.
    static let maximumByteCount = 64 << 10

    private let bytes: [UInt8]
    private var offset = 0
    private(set) var line = 1

    init(_ text: String) throws(SnippetSyntaxError) {
        bytes = Array(text.utf8)
        guard bytes.count <= Tokenizer.maximumByteCount else {
            throw SnippetSyntaxError(line: 1, reason: "is longer than \(Tokenizer.maximumByteCount) bytes")
        }
    }

    /// - Returns: the token and the line that it starts on.
    mutating func next() throws(SnippetSyntaxError) -> (token: Token, line: Int) {
        skipSpace()
        let start = line
        guard offset < bytes.count else { return (.end, start) }
        switch bytes[offset] {
        case UInt8(ascii: ";"): return (advance(.semicolon), start)
        case UInt8(ascii: "{"): return (advance(.open), start)
        case UInt8(ascii: "}"): return (advance(.close), start)
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return (.word(try quoted()), start)
        default: return (.word(try plain()), start)
        }
    }

    /// Skips to behind the brace that closes the block just opened, whatever is in it.
    mutating func skipBlock() throws(SnippetSyntaxError) {
        let start = line
        var depth = 1
        while offset < bytes.count {
            let byte = bytes[offset]
            offset += 1
            switch byte {
            case UInt8(ascii: "\n"): line += 1
            case UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "}"):
                depth -= 1
                if depth == 0 { return }
            default: break
            }
        }
        throw SnippetSyntaxError(line: start, reason: "the block is not closed")
    }

    private mutating func advance(_ token: Token) -> Token {
        offset += 1
        return token
    }

    private mutating func skipSpace() {
        var inComment = false
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte == UInt8(ascii: "\n") {
                line += 1
                inComment = false
            } else if byte == UInt8(ascii: "#") {
                inComment = true
            } else if !inComment, !Tokenizer.isSpace(byte) {
                return
            }
            offset += 1
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A }

    private mutating func quoted() throws(SnippetSyntaxError) -> String {
        let (quote, start) = (bytes[offset], line)
        offset += 1
        var word: [UInt8] = []
        while offset < bytes.count, bytes[offset] != quote { takeByte(into: &word) }
        guard offset < bytes.count else { throw SnippetSyntaxError(line: start, reason: "the quote is not closed") }
        offset += 1
        guard offset == bytes.count || Tokenizer.isSpace(bytes[offset]) || ";{)".utf8.contains(bytes[offset]) else {
            throw SnippetSyntaxError(line: line, reason: "a space is missing after the quote")
        }
        return try text(word, start)
    }

    private mutating func plain() throws(SnippetSyntaxError) -> String {
        let start = line
        var word: [UInt8] = []
        while offset < bytes.count {
            let byte = bytes[offset]
            if Tokenizer.isSpace(byte) || byte == UInt8(ascii: ";") { break }
            if byte == UInt8(ascii: "{") {
                guard word.last == UInt8(ascii: "$") else { break }
                try takeBracedName(into: &word)
            } else {
                takeByte(into: &word)
            }
        }
        return try text(word, start)
    }

    private mutating func takeBracedName(into word: inout [UInt8]) throws(SnippetSyntaxError) {
        while offset < bytes.count, bytes[offset] != UInt8(ascii: "}"), !Tokenizer.isSpace(bytes[offset]) {
            word.append(bytes[offset])
            offset += 1
        }
        guard offset < bytes.count, bytes[offset] == UInt8(ascii: "}") else {
            throw SnippetSyntaxError(line: line, reason: "\"${\" is not closed by \"}\"")
        }
        word.append(bytes[offset])
        offset += 1
    }

    private mutating func takeByte(into word: inout [UInt8]) {
        var byte = bytes[offset]
        offset += 1
        if byte == UInt8(ascii: "\n") { line += 1 }
        if byte == UInt8(ascii: "\\"), offset < bytes.count {
            let next = bytes[offset]
            switch next {
            case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\"): byte = next
            case UInt8(ascii: "t"): byte = 0x09
            case UInt8(ascii: "r"): byte = 0x0D
            case UInt8(ascii: "n"): byte = 0x0A
            default:
                word.append(byte)
                byte = next
                if next == UInt8(ascii: "\n") { line += 1 }
            }
            offset += 1
        }
        word.append(byte)
    }

    private func text(_ word: [UInt8], _ line: Int) throws(SnippetSyntaxError) -> String {
        guard !word.contains(0) else { throw SnippetSyntaxError(line: line, reason: "holds a zero byte") }
        return String(decoding: word, as: UTF8.self)
    }
}
