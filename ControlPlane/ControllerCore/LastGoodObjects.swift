import Logging
import ManifestDirectory
import PorticoModel
import SnapshotStore

/// Keeps the last valid form of the folder's objects in the snapshot store.
struct LastGoodObjects: LastGoodStore {
    let store: SnapshotStore
    let logger: Logger

    func load() -> [LastGoodObject] {
        do {
            return try store.objects().map {
                LastGoodObject(reference: $0.reference, file: $0.file, text: $0.text)
            }
        } catch {
            logger.error("the last valid forms of the objects are lost: \(error)")
            return []
        }
    }

    func save(_ objects: [LastGoodObject], removing removed: [ObjectReference]) {
        store.save(
            objects.map { StoredObject(reference: $0.reference, file: $0.file, text: $0.text) }, removing: removed)
    }
}
