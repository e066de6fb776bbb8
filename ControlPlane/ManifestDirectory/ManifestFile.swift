import ClusterState
import PorticoModel

/// An object as a file declares it.
struct Declaration: Sendable {
    enum Form: Sendable {
        /// The text is JSON for the last-good store; nil where there is no store, and for Secrets.
        case valid(KubernetesObject, text: String?)
        case invalid([Diagnostic])
    }

    var reference: ObjectReference
    /// One-based line of the file.
    var line: Int32
    var form: Form
}

/// One document of a file, read.
struct ManifestDocument: Sendable {
    var source: DocumentText
    var declarations: [Declaration] = []
    /// What is wrong with the document itself, or with an object that has no name.
    var faults: [Diagnostic] = []
}

/// One file of the folder, read.
struct ManifestFile: Sendable {
    /// Relative to the folder.
    var path: String
    private(set) var documents: [ManifestDocument] = []
    /// Where the first declaration of each object stands.
    private var positions: [ObjectReference: (document: Int, declaration: Int)] = [:]
    /// The objects that the file declares more than once.
    private(set) var repeated: Set<ObjectReference> = []
    private(set) var hasInvalidObjects = false
    /// The file could not be read at all.
    var fault: Diagnostic?

    /// Something in it could not be read far enough to know which object it is: objects may be missing from
    /// `documents` that the file still means to hold.
    var isBroken: Bool { fault != nil || documents.contains { !$0.faults.isEmpty } }

    init(path: String, documents: [ManifestDocument] = []) {
        self.path = path
        self.documents = documents
        for (index, document) in documents.enumerated() {
            for (position, declaration) in document.declarations.enumerated() {
                if case .invalid = declaration.form { hasInvalidObjects = true }
                if positions[declaration.reference] == nil {
                    positions[declaration.reference] = (index, position)
                } else {
                    repeated.insert(declaration.reference)
                }
            }
        }
    }

    /// Every object that the file declares, once.
    var references: Dictionary<ObjectReference, (document: Int, declaration: Int)>.Keys { positions.keys }

    func declares(_ reference: ObjectReference) -> Bool { positions[reference] != nil }

    /// The first declaration of an object.
    func declaration(of reference: ObjectReference) -> Declaration? {
        positions[reference].map { documents[$0.document].declarations[$0.declaration] }
    }

    /// Whether something in it is broken that was not in the earlier file, and may be what became of an object there.
    func isMoreBroken(than old: ManifestFile?) -> Bool {
        guard isBroken else { return false }
        guard fault == nil, let old, old.fault == nil else { return true }
        let known = Set(old.documents.lazy.filter { !$0.faults.isEmpty }.map(\.source.text))
        return documents.contains { !$0.faults.isEmpty && !known.contains($0.source.text) }
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
    /// Declarations carry the text that the last-good store keeps.
    var keepsText: Bool

    /// - Parameter previous: what the file was before; documents whose text is the same are not read again.
    func read(_ text: String, path: String, previous: ManifestFile?) -> ManifestFile {
        var known: [String: ManifestDocument] = [:]
        for document in previous?.documents ?? [] { known[document.source.text] = document }
        let isJSON = path.hasSuffix(".json")
        let sources = isJSON ? [DocumentText(text: text, line: 1)] : DocumentSplitter.split(text)
        let documents = sources.map { source in
            guard let document = known[source.text] else { return read(source, path, isJSON: isJSON) }
            return document.source.line == source.line ? document : move(document, to: source.line)
        }
        return ManifestFile(path: path, documents: documents)
    }

    private func read(_ source: DocumentText, _ path: String, isJSON: Bool) -> ManifestDocument {
        var document = ManifestDocument(source: source)
        do throws(DocumentFault) {
            for root in try roots(of: source.text, isJSON: isJSON) { add(root, path, to: &document) }
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
    private func add(_ root: ObjectNode, _ path: String, to document: inout ManifestDocument) {
        if case .null = root.content { return }
        guard let kind = root["kind"]?.string, kind.hasSuffix("List"), let items = root["items"]?.list else {
            return addObject(root, path, to: &document)
        }
        for item in items { addObject(completed(item, kind, root), path, to: &document) }
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

    private func addObject(_ node: ObjectNode, _ path: String, to document: inout ManifestDocument) {
        let line = document.source.line
        switch ObjectDecoder.decode(node, origin: Origin(file: path, line: line)) {
        case .ignored: break
        case .object(let object):
            let text = keepsText && object.kind != .secret ? node.json : nil
            document.declarations.append(
                Declaration(reference: object.reference, line: line + node.line, form: .valid(object, text: text)))
        case .invalid(let reference?, let diagnostics):
            document.declarations.append(
                Declaration(reference: reference, line: line + node.line, form: .invalid(diagnostics)))
        case .invalid(nil, let diagnostics): document.faults += diagnostics
        }
    }

    /// The same document on another line.
    private func move(_ document: ManifestDocument, to line: Int32) -> ManifestDocument {
        let distance = line - document.source.line
        var moved = document
        moved.source.line = line
        for index in moved.faults.indices { moved.faults[index].move(by: distance) }
        for index in moved.declarations.indices {
            moved.declarations[index].line += distance
            switch moved.declarations[index].form {
            case .valid(var object, let text):
                object.metadata.origin?.line += distance
                moved.declarations[index].form = .valid(object, text: text)
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
