import ClusterState
import PorticoModel
import YAMLDocuments

/// An object as a file declares it.
struct Declaration: Sendable {
    enum Form: Sendable {
        case valid(KubernetesObject)
        case invalid([Diagnostic])
    }

    var reference: ObjectReference
    /// One-based line of the file.
    var line: Int32
    var form: Form
}

/// Tells documents of one file apart without keeping their texts. The hash is seeded anew by every process, so nobody can
/// prepare two texts that share one.
struct TextMark: Hashable, Sendable {
    private var hash: Int
    private var count: Int

    init(_ text: String) {
        var hasher = Hasher()
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        hash = hasher.finalize()
        count = text.utf8.count
    }
}

/// One document of a file, read.
struct ManifestDocument: Sendable {
    var mark: TextMark
    /// One-based line of the file on which it starts.
    var line: Int32
    var declarations: [Declaration] = []
    /// What is wrong with the document itself, or with an object that has no name.
    var faults: [Diagnostic] = []
}

/// One file of the folder, read.
struct ManifestFile: Sendable {
    /// Relative to the folder.
    var path: String
    private(set) var documents: [ManifestDocument] = []
    /// Where the first declaration of each object stands, in order of reference.
    private var positions: [Position] = []
    /// The objects that the file declares more than once.
    private(set) var repeated: Set<ObjectReference> = []
    private(set) var hasInvalidObjects = false
    /// The file could not be read at all.
    var fault: Diagnostic?
    /// The documents that were read anew, for the last-good store: JSON by object, nothing for Secrets. Whoever keeps the file
    /// takes them out, for they are as large as the file.
    var texts: [ObjectReference: String] = [:]

    private struct Position: Sendable {
        var document: Int32
        var declaration: Int32
    }

    /// Something in it could not be read far enough to know which object it is: objects may be missing from
    /// `documents` that the file still means to hold.
    var isBroken: Bool { fault != nil || documents.contains { !$0.faults.isEmpty } }

    init(path: String, documents: [ManifestDocument] = []) {
        self.path = path
        self.documents = documents
        var all: [Position] = []
        for (index, document) in documents.enumerated() {
            for (position, declaration) in document.declarations.enumerated() {
                if case .invalid = declaration.form { hasInvalidObjects = true }
                all.append(Position(document: Int32(index), declaration: Int32(position)))
            }
        }
        // The sort is stable: of several declarations the first in the file comes first.
        all.sort { declaration($0).reference < declaration($1).reference }
        positions.reserveCapacity(all.count)
        for position in all {
            let reference = declaration(position).reference
            if let last = positions.last, declaration(last).reference == reference {
                repeated.insert(reference)
            } else {
                positions.append(position)
            }
        }
    }

    private func declaration(_ position: Position) -> Declaration {
        documents[Int(position.document)].declarations[Int(position.declaration)]
    }

    /// Every object that the file declares, once, in order.
    var references: [ObjectReference] { positions.map { declaration($0).reference } }

    func declares(_ reference: ObjectReference) -> Bool { declaration(of: reference) != nil }

    /// The first declaration of an object.
    func declaration(of reference: ObjectReference) -> Declaration? {
        var (low, high) = (0, positions.count)
        while low < high {
            let middle = (low + high) / 2
            if declaration(positions[middle]).reference < reference { low = middle + 1 } else { high = middle }
        }
        guard low < positions.count else { return nil }
        let found = declaration(positions[low])
        return found.reference == reference ? found : nil
    }

    /// Whether something in it is broken that was not in the earlier file, and may be what became of an object there.
    func isMoreBroken(than old: ManifestFile?) -> Bool {
        guard isBroken else { return false }
        guard fault == nil, let old, old.fault == nil else { return true }
        let known = Set(old.documents.lazy.filter { !$0.faults.isEmpty }.map(\.mark))
        return documents.contains { !$0.faults.isEmpty && !known.contains($0.mark) }
    }

    static func unreadable(_ path: String, _ reason: String) -> ManifestFile {
        var file = ManifestFile(path: path)
        file.fault = Diagnostic(
            severity: .error, object: nil, file: path, field: "", reason: reason, consequence: "")
        return file
    }
}

/// Reads the text of files.
struct ManifestReader: Sendable {
    /// Files carry the texts that the last-good store keeps.
    var keepsText: Bool

    /// - Parameter previous: what the file was before; documents whose text is the same are not read again.
    func read(_ text: String, path: String, previous: ManifestFile?) -> ManifestFile {
        var known: [TextMark: ManifestDocument] = [:]
        for document in previous?.documents ?? [] { known[document.mark] = document }
        let isJSON = path.hasSuffix(".json")
        let sources = isJSON ? [DocumentText(text: text, line: 1)] : DocumentSplitter.split(text)
        var texts: [ObjectReference: String] = [:]
        let documents = sources.map { source in
            let mark = TextMark(source.text)
            guard let document = known[mark] else { return read(source, mark, path, isJSON: isJSON, &texts) }
            return document.line == source.line ? document : move(document, to: source.line)
        }
        var file = ManifestFile(path: path, documents: documents)
        file.texts = texts
        return file
    }

    private func read(
        _ source: DocumentText, _ mark: TextMark, _ path: String, isJSON: Bool, _ texts: inout [ObjectReference: String]
    ) -> ManifestDocument {
        var document = ManifestDocument(mark: mark, line: source.line)
        do throws(DocumentFault) {
            for root in try roots(of: source.text, isJSON: isJSON) { add(root, path, to: &document, &texts) }
        } catch {
            document.faults.append(
                Diagnostic(
                    severity: .error, object: nil, file: path, line: Int(source.line + error.line), field: "",
                    reason: error.reason, consequence: ""))
        }
        return document
    }

    /// JSON is taken for what it is even in a `.yaml` file, for YAML knows no tabs between its tokens.
    private func roots(of text: String, isJSON: Bool) throws(DocumentFault) -> [ObjectNode] {
        if isJSON { return try JSONReader.readAll(text) }
        let body = text.hasPrefix("---") ? text.dropFirst(3) : Substring(text)
        if body.first(where: { !$0.isWhitespace }) == "{" {
            do throws(DocumentFault) {
                return try JSONReader.readAll(String(body))
            } catch {
                // Flow style YAML looks the same at its start.
                return try YAMLReader.readAll(text)
            }
        }
        return try YAMLReader.readAll(text)
    }

    /// A `List`, or the list of one kind (`IngressList`), holds objects; anything else is one.
    private func add(
        _ root: ObjectNode, _ path: String, to document: inout ManifestDocument,
        _ texts: inout [ObjectReference: String]
    ) {
        if case .null = root.content { return }
        guard let kind = root["kind"]?.string, kind.hasSuffix("List"), let items = root["items"]?.list else {
            return addObject(root, path, to: &document, &texts)
        }
        for item in items { addObject(completed(item, kind, root), path, to: &document, &texts) }
    }

    /// Items of a list of one kind need not repeat kind and version.
    private func completed(_ item: ObjectNode, _ listKind: String, _ root: ObjectNode) -> ObjectNode {
        guard listKind != "List", var fields = item.fields else { return item }
        if item["kind"] == nil {
            let kind = ObjectNode(.string(String(listKind.dropLast(4))), line: item.line)
            fields.append(ObjectNode.Field(key: "kind", value: kind))
        }
        if item["apiVersion"] == nil, let version = root["apiVersion"] {
            fields.append(ObjectNode.Field(key: "apiVersion", value: version))
        }
        return ObjectNode(.map(fields), line: item.line)
    }

    private func addObject(
        _ node: ObjectNode, _ path: String, to document: inout ManifestDocument,
        _ texts: inout [ObjectReference: String]
    ) {
        let line = document.line
        switch ObjectDecoder.decode(node, origin: Origin(file: path, line: line)) {
        case .ignored: break
        case .object(let object):
            let reference = object.reference
            if keepsText, object.kind != .secret, texts[reference] == nil { texts[reference] = node.json }
            document.declarations.append(
                Declaration(reference: reference, line: line + node.line, form: .valid(object)))
        case .invalid(let reference?, let diagnostics):
            document.declarations.append(
                Declaration(reference: reference, line: line + node.line, form: .invalid(diagnostics)))
        case .invalid(nil, let diagnostics): document.faults += diagnostics
        }
    }

    /// The same document on another line.
    private func move(_ document: ManifestDocument, to line: Int32) -> ManifestDocument {
        let distance = line - document.line
        var moved = document
        moved.line = line
        for index in moved.faults.indices { moved.faults[index].move(by: distance) }
        for index in moved.declarations.indices {
            moved.declarations[index].line += distance
            switch moved.declarations[index].form {
            case .valid(var object):
                object.metadata.origin?.line += distance
                moved.declarations[index].form = .valid(object)
            case .invalid(var diagnostics):
                for position in diagnostics.indices { diagnostics[position].move(by: distance) }
                moved.declarations[index].form = .invalid(diagnostics)
            }
        }
        return moved
    }
}

extension Diagnostic {
    fileprivate mutating func move(by distance: Int32) { line = line.map { $0 + Int(distance) } }
}
