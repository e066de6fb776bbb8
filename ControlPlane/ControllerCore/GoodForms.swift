import ClusterState
import KubernetesAPI
import PorticoModel
import SnapshotStore

/// Keeps, over a restart, the last good form of objects of a cluster that cannot be read now.
///
/// Only those are written, when they become unreadable; Secrets never are.
struct GoodForms {
    /// What the store's column for a file holds instead, before the uid.
    private static let mark = "cluster:"

    private let store: SnapshotStore
    /// What the store has, by the uid of the object; nil for what is of no use here.
    private var kept: [ObjectReference: String?] = [:]
    /// What has not been acted upon yet.
    private var stale: [ObjectReference: String]?

    /// - Returns: what an earlier process kept.
    static func load(_ store: SnapshotStore) -> [GoodForm] {
        ((try? store.objects()) ?? []).compactMap { stored in
            uid(of: stored).flatMap { GoodForm(text: stored.text, uid: $0) }
        }
    }

    init(_ store: SnapshotStore) {
        self.store = store
        for stored in (try? store.objects()) ?? [] {
            kept.updateValue(GoodForms.uid(of: stored), forKey: stored.reference)
        }
    }

    private static func uid(of stored: StoredObject) -> String? {
        stored.file.hasPrefix(mark) ? String(stored.file.dropFirst(mark.count)) : nil
    }

    mutating func note(_ stale: [ObjectReference: String]) { self.stale = stale }

    /// Brings the store up to date, once everything has been read.
    mutating func keep(_ state: ClusterState) {
        guard let stale = stale.take() else { return }
        var saved: [StoredObject] = []
        for (reference, uid) in stale where kept[reference] != uid {
            guard let object = state.object(reference), let node = ObjectEncoder.encode(object) else { continue }
            saved.append(StoredObject(reference: reference, file: GoodForms.mark + uid, text: node.json))
            kept.updateValue(uid, forKey: reference)
        }
        let removed = kept.keys.filter { stale[$0] == nil }.sorted()
        for reference in removed { kept.removeValue(forKey: reference) }
        if !saved.isEmpty || !removed.isEmpty { store.save(saved, removing: removed) }
    }
}
