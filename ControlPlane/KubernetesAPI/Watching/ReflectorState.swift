import ClusterState
import PorticoModel

/// What happened to one object of a collection.
package struct ReflectedChange: Sendable {
    package var name: ObjectName
    /// The object with its kind; nil where it is gone.
    package var node: ObjectNode?
}

/// What is known of a collection: the pure core of `Reflector`.
///
/// A list that replaces what was known yields the differences only: objects of another version than before, and those that
/// are gone. Events of a watch move the version on.
struct ReflectorState {
    private let resource: APIResource
    /// The hash of each object's version.
    private var known: [ObjectName: Int] = [:]
    /// What the list under way has not shown yet; nil while there is none.
    private var unseen: Set<ObjectName>?
    /// Where a watch goes on; nil where a list is needed.
    private(set) var version: String?
    /// Only these namespaces count; nil for all.
    private var namespaces: Set<String>?

    init(_ resource: APIResource) {
        self.resource = resource
    }

    var count: Int { known.count }

    // MARK: Lists

    mutating func beginList() {
        version = nil
        unseen = Set(known.keys)
    }

    /// - Parameter node: an item of a list, which has no kind of its own.
    /// - Returns: nil where it is as it was.
    mutating func listed(_ node: ObjectNode) -> ReflectedChange? {
        guard let name = name(of: node) else { return nil }
        unseen?.remove(name)
        return upsert(node, name)
    }

    /// - Returns: what is gone.
    mutating func finishList(version: String) -> [ReflectedChange] {
        self.version = version
        let gone = (unseen ?? []).sorted()
        unseen = nil
        for name in gone { known[name] = nil }
        return gone.map { ReflectedChange(name: $0, node: nil) }
    }

    // MARK: Watches

    enum Event {
        case change(ReflectedChange)
        case nothing
        case failed(APIStatus)
    }

    mutating func watched(_ node: ObjectNode) throws(DocumentFault) -> Event {
        guard let type = node["type"]?.string, let object = node["object"] else {
            throw DocumentFault(line: 0, reason: "an event without type or object")
        }
        if type == "ERROR" { return .failed(APIStatus(object)) }
        if !object.resourceVersion.isEmpty { version = object.resourceVersion }
        guard let name = name(of: object) else { return .nothing }
        switch type {
        case "ADDED", "MODIFIED": return upsert(object, name).map { .change($0) } ?? .nothing
        case "DELETED":
            guard known.removeValue(forKey: name) != nil else { return .nothing }
            return .change(ReflectedChange(name: name, node: nil))
        // A bookmark is about no object, and of other types we know nothing.
        default: return .nothing
        }
    }

    /// The versions that are known are of no use any more.
    mutating func forgetVersion() { version = nil }

    // MARK: Namespaces

    /// Objects of other namespaces count as gone.
    /// - Returns: what is gone, and whether there are new namespaces, so that a list is needed.
    mutating func restrict(to namespaces: Set<String>) -> (gone: [ReflectedChange], needsList: Bool) {
        let needsList = !namespaces.isSubset(of: self.namespaces ?? [])
        if needsList { version = nil }
        self.namespaces = namespaces
        let gone = known.keys.filter { !namespaces.contains($0.namespace) }.sorted()
        for name in gone {
            known[name] = nil
            unseen?.remove(name)
        }
        return (gone.map { ReflectedChange(name: $0, node: nil) }, needsList)
    }

    // MARK: Objects

    private func name(of node: ObjectNode) -> ObjectName? {
        guard let name = node.at("metadata", "name")?.string else { return nil }
        let namespace = resource.isNamespaced ? node.at("metadata", "namespace")?.string ?? "" : ""
        if let namespaces, !namespaces.contains(namespace) { return nil }
        return ObjectName(namespace: namespace, name: name)
    }

    private mutating func upsert(_ node: ObjectNode, _ name: ObjectName) -> ReflectedChange? {
        let hash = node.resourceVersion.hashValue
        guard known.updateValue(hash, forKey: name) != hash else { return nil }
        return ReflectedChange(name: name, node: withKind(node))
    }

    private func withKind(_ node: ObjectNode) -> ObjectNode {
        guard node["kind"] == nil, var fields = node.fields else { return node }
        fields.append(.init(key: "kind", value: .text(resource.kind)))
        if node["apiVersion"] == nil { fields.append(.init(key: "apiVersion", value: .text(resource.apiVersion))) }
        return ObjectNode(.map(fields), line: node.line)
    }
}
