import ClusterState
import PorticoModel

/// Which Secrets' users are wanted, and by which Ingresses.
struct PasswordTable {
    private var users: [PasswordSource: Set<ObjectName>] = [:]
    private var dirty: Set<PasswordSource> = []

    func isWanted(_ source: PasswordSource) -> Bool { users[source] != nil }

    mutating func move(_ ingress: ObjectName, from old: PasswordSource?, to new: PasswordSource?) {
        guard old != new else { return }
        if let old {
            users[old]?.remove(ingress)
            if users[old]?.isEmpty == true { users[old] = nil }
            dirty.insert(old)
        }
        if let new {
            users[new, default: []].insert(ingress)
            dirty.insert(new)
        }
    }

    /// A Secret changed.
    mutating func touch(_ secret: ObjectName) {
        for isMap in [false, true] {
            let source = PasswordSource(secret: secret, isMap: isMap)
            if users[source] != nil { dirty.insert(source) }
        }
    }

    mutating func takeDirty() -> [PasswordSource] {
        defer { dirty = [] }
        return dirty.sorted()
    }
}

extension Compiler {
    func emitPasswords(into result: inout CompilationResult) {
        for source in passwords.takeDirty() {
            let name = source.liveName
            let content = passwords.isWanted(source) ? state.secrets[source.secret].flatMap(source.content) : nil
            guard let content else {
                if liveObjects.removeValue(forKey: name) != nil { result.removedObjects.append(name) }
                continue
            }
            let object = LiveObject(name: name, content: content)
            guard liveObjects.updateValue(object, forKey: name) != object else { continue }
            result.changedObjects.append(object)
        }
    }
}
