import ClusterState
import KubernetesAPI
import PorticoModel

/// One version of one object.
struct StoredObject: Sendable {
    private(set) var node: ObjectNode
    let version: Int
    /// As it stands in a list: without its kind and API version.
    let itemJSON: [UInt8]

    init(node: ObjectNode, version: Int) {
        var node = node
        node.set("metadata", "resourceVersion", to: .text("\(version)"))
        self.node = node
        self.version = version
        node.set("kind", to: nil)
        node.set("apiVersion", to: nil)
        itemJSON = Array(node.json.utf8)
    }

    /// As it stands alone.
    var json: [UInt8] {
        let kind = node["kind"]?.string ?? ""
        let apiVersion = node["apiVersion"]?.string ?? ""
        return Array("{\"kind\":\"\(kind)\",\"apiVersion\":\"\(apiVersion)\",".utf8) + itemJSON.dropFirst()
    }

    /// Without anything but its metadata.
    var partial: ObjectNode {
        [
            "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
            "metadata": node["metadata"] ?? [:],
        ]
    }
}

/// What happened to an object.
struct LogEntry: Sendable {
    enum Kind: String, Sendable {
        case added = "ADDED"
        case modified = "MODIFIED"
        case deleted = "DELETED"
    }

    var kind: Kind
    var version: Int
    /// As it is now, or as it was last.
    var object: StoredObject
    /// Nil for a new one.
    var previous: ObjectNode?
}

/// The objects, one counter of versions for all of them, and the log that watches read. Not thread-safe.
struct ResourceStore {
    private static let keptEntries = 20_000

    private(set) var version = 1
    /// Versions up to this one are forgotten: a watch that starts before it is told "gone".
    private(set) var compacted = 0
    /// How often all was numbered anew: a watch belongs to one history.
    private(set) var history = 0
    private var collections: [APIResource: [ObjectName: StoredObject]] = [:]
    private var logs: [APIResource: [LogEntry]] = [:]

    subscript(resource: APIResource, name: ObjectName) -> StoredObject? { collections[resource]?[name] }

    /// In order of name.
    func objects(of resource: APIResource) -> [StoredObject] {
        (collections[resource] ?? [:]).sorted { $0.key < $1.key }.map(\.value)
    }

    /// What happened after `version`, in order.
    func entries(of resource: APIResource, after version: Int) -> ArraySlice<LogEntry> {
        guard let log = logs[resource] else { return [] }
        var (low, high) = (0, log.count)
        while low < high {
            let middle = (low + high) / 2
            if log[middle].version <= version { low = middle + 1 } else { high = middle }
        }
        return log[low...]
    }

    mutating func put(_ node: ObjectNode, _ resource: APIResource, _ name: ObjectName) -> StoredObject {
        version += 1
        let object = StoredObject(node: node, version: version)
        let old = collections[resource, default: [:]].updateValue(object, forKey: name)
        let kind: LogEntry.Kind = old == nil ? .added : .modified
        append(LogEntry(kind: kind, version: version, object: object, previous: old?.node), to: resource)
        return object
    }

    mutating func remove(_ resource: APIResource, _ name: ObjectName) -> StoredObject? {
        guard let old = collections[resource]?.removeValue(forKey: name) else { return nil }
        version += 1
        let last = StoredObject(node: old.node, version: version)
        append(LogEntry(kind: .deleted, version: version, object: last, previous: old.node), to: resource)
        return last
    }

    /// No watch may start at what happened so far; those that run go on.
    mutating func compact() {
        version += 1
        compacted = version
    }

    private mutating func append(_ entry: LogEntry, to resource: APIResource) {
        logs[resource, default: []].append(entry)
        guard let log = logs[resource], log.count > 2 * ResourceStore.keptEntries else { return }
        compacted = max(compacted, log[ResourceStore.keptEntries - 1].version)
        logs[resource]?.removeFirst(ResourceStore.keptEntries)
    }

    /// Numbers all objects anew, as after a restore from a backup: from 1, or above every number that anybody has seen,
    /// as restores should. A client cannot tell a history from its own that has overtaken the version it knows.
    mutating func resetHistory(_ numbering: RestoredNumbering) {
        let old = collections
        let last = version
        let histories = history
        self = ResourceStore()
        history = histories + 1
        if numbering == .above { version = last + 1_000 }
        for (resource, objects) in old {
            for (name, object) in objects { _ = put(object.node, resource, name) }
        }
        logs = [:]
        compacted = numbering == .above ? version : 0
    }
}

/// Where the numbers of a restored history begin.
package enum RestoredNumbering: Sendable {
    case fromOne, above
}
