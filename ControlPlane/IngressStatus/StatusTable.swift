import ClusterState
import PorticoModel

/// One write of an Ingress's status.
package struct StatusPatch: Hashable, Sendable {
    package var name: ObjectName
    package var uid: String
    package var addresses: [LoadBalancerAddress]
}

/// How it ended.
package enum StatusOutcome: Hashable, Sendable {
    case written
    /// The Ingress is gone, or another of its name is there: its next change will tell.
    case obsolete
    case failed
}

/// Which Ingresses' status is not what it should be.
///
/// Pure. An Ingress is *settled*, *due*, *in flight*, or *failed* until `retry`. What was written counts as the status
/// until the API server says otherwise, so that a write is not repeated while its echo is on the way.
package struct StatusTable: Sendable {
    private struct Entry: Hashable {
        var uid: String
        var current: [LoadBalancerAddress]
    }

    private var entries: [ObjectName: Entry] = [:]
    private var due: Set<ObjectName> = []
    private var inFlight: Set<ObjectName> = []
    /// Those in flight that the API server has told of since: before the write or after it, nobody knows.
    private var overtaken: Set<ObjectName> = []
    private var failed: Set<ObjectName> = []
    /// Nil until it is known, and then nothing is due.
    private var wanted: [LoadBalancerAddress]?

    package init() {}

    package var count: Int { entries.count }
    package var dueCount: Int { due.count }
    package var hasFailed: Bool { !failed.isEmpty }

    /// An Ingress that is served, as the API server has it.
    package mutating func set(_ ingress: Ingress) {
        let name = ingress.metadata.name
        entries[name] = Entry(uid: ingress.uid, current: ingress.addresses.sorted())
        failed.remove(name)
        if inFlight.contains(name) { overtaken.insert(name) }
        judge(name)
    }

    /// An Ingress that is gone or not served any more. Its status is left as it is, as ingress-nginx leaves it.
    package mutating func remove(_ name: ObjectName) {
        entries[name] = nil
        due.remove(name)
        failed.remove(name)
    }

    /// What the status of each shall be.
    package mutating func want(_ addresses: [LoadBalancerAddress]) {
        guard addresses != wanted else { return }
        wanted = addresses
        for name in entries.keys { judge(name) }
    }

    /// What failed is due again.
    package mutating func retry() {
        due.formUnion(failed)
        failed = []
    }

    /// Up to so many patches, to be performed and given back with `take`.
    package mutating func next(_ limit: Int) -> [StatusPatch] {
        guard let wanted else { return [] }
        let names = due.prefix(limit)
        return names.compactMap { name in
            due.remove(name)
            guard let entry = entries[name] else { return nil }
            inFlight.insert(name)
            return StatusPatch(name: name, uid: entry.uid, addresses: wanted)
        }
    }

    package mutating func take(_ patch: StatusPatch, _ outcome: StatusOutcome) {
        inFlight.remove(patch.name)
        let isOvertaken = overtaken.remove(patch.name) != nil
        guard let entry = entries[patch.name] else { return }
        guard entry.uid == patch.uid else { return judge(patch.name) }
        switch outcome {
        case .written:
            if !isOvertaken { entries[patch.name]?.current = patch.addresses }
            judge(patch.name)
        case .obsolete: due.remove(patch.name)
        case .failed:
            due.remove(patch.name)
            failed.insert(patch.name)
        }
    }

    private mutating func judge(_ name: ObjectName) {
        guard let wanted, let entry = entries[name], !inFlight.contains(name) else { return }
        if entry.current == wanted { due.remove(name) } else { due.insert(name) }
    }
}
