import PorticoModel

/// The last valid form of an object, as it is kept over a restart.
package struct LastGoodObject: Hashable, Sendable {
    package var reference: ObjectReference
    /// The file that held it, relative to the folder.
    package var file: String
    /// The object's document as JSON.
    package var text: String

    package init(reference: ObjectReference, file: String, text: String) {
        self.reference = reference
        self.file = file
        self.text = text
    }
}

/// Keeps the last valid form of the folder's objects over a restart. Secrets are never given to it.
///
/// Both functions are called on the thread that runs `ManifestDirectory`.
package protocol LastGoodStore: Sendable {
    /// Everything that is kept; asked for once, before the folder is read.
    func load() -> [LastGoodObject]

    /// Keeps `objects` in place of what is kept under their references, and forgets `removed`.
    ///
    /// It is called after the update has been handed on, so it may take the time that a disk takes.
    func save(_ objects: [LastGoodObject], removing removed: [ObjectReference])
}
