import PorticoModel

/// What the admin socket asks of the control plane.
package protocol AdminHandler: Sendable {
    func status() async -> AdminStatus
    /// Newest first.
    func snapshots() async throws -> AdminSnapshots
    /// - Throws: `AdminRefusal` where it can't be done.
    func rollback(_ request: AdminRollback) async throws -> AdminPublished
    /// - Throws: `AdminRefusal` where it can't be done.
    func resume(_ request: AdminResume) async throws -> AdminPublished
}

/// Why the control plane does not do what it was asked for; people read it.
package struct AdminRefusal: Error {
    package var reason: String

    package init(_ reason: String) {
        self.reason = reason
    }
}
