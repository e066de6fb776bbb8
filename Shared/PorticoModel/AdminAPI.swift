// The JSON that `portico` and portico-control exchange over the admin socket, HTTP paths under /v1. Versions are written
// `epoch.sequence`, times are RFC 3339 in UTC.
//
//   GET  /v1/status      -> AdminStatus
//   GET  /v1/snapshots   -> AdminSnapshots
//   POST /v1/rollback    AdminRollback -> AdminPublished
//   POST /v1/resume      AdminResume -> AdminPublished
//
// Any other answer than 200 carries AdminError.

/// One process that holds a control link.
package struct AdminWorker: Codable, Hashable, Sendable {
    package var node: String
    /// `supervisor` or `worker-0` and so on.
    package var process: String
    package var processID: UInt32
    package var classGroup: String
    /// The version it last acknowledged.
    package var version: String
    /// The newest version that it refused, and why.
    package var rejectedVersion: String?
    package var rejectedReason: String?
    package var connectedSince: String
    /// Whether it has answered pings of late; if it goes on like this, its connection is closed.
    package var isResponding: Bool

    package init(
        node: String, process: String, processID: UInt32, classGroup: String, version: String,
        rejectedVersion: String?, rejectedReason: String?, connectedSince: String, isResponding: Bool
    ) {
        self.node = node
        self.process = process
        self.processID = processID
        self.classGroup = classGroup
        self.version = version
        self.rejectedVersion = rejectedVersion
        self.rejectedReason = rejectedReason
        self.connectedSince = connectedSince
        self.isResponding = isResponding
    }
}

/// A pin: the version that a rollback published and the one it brought back.
package struct AdminPin: Codable, Hashable, Sendable {
    package var version: String
    package var restored: String
    package var reason: String
    package var since: String

    package init(version: String, restored: String, reason: String, since: String) {
        self.version = version
        self.restored = restored
        self.reason = reason
        self.since = since
    }
}

/// A diagnostic as people read it.
package struct AdminDiagnostic: Codable, Hashable, Sendable {
    /// `error` or `warning`.
    package var severity: String
    package var object: String?
    package var file: String?
    package var line: Int?
    package var field: String
    package var reason: String
    package var consequence: String

    package init(_ diagnostic: Diagnostic) {
        severity = diagnostic.severity.rawValue
        object = diagnostic.object?.description
        file = diagnostic.file
        line = diagnostic.line
        field = diagnostic.field
        reason = diagnostic.reason
        consequence = diagnostic.consequence
    }
}

extension AdminDiagnostic: CustomStringConvertible {
    /// As `Diagnostic` writes it.
    package var description: String { Diagnostic.text(file, line, object, field, reason, consequence) }
}

/// What one class group is served.
package struct AdminClassGroup: Codable, Hashable, Sendable {
    package var name: String
    /// The version that its workers are told to run.
    package var published: String
    /// The newest compiled version; differs from `published` while a rollback is pinned.
    package var compiled: String
    package var pin: AdminPin?
    package var hosts: Int
    package var upstreams: Int

    package init(name: String, published: String, compiled: String, pin: AdminPin?, hosts: Int, upstreams: Int) {
        self.name = name
        self.published = published
        self.compiled = compiled
        self.pin = pin
        self.hosts = hosts
        self.upstreams = upstreams
    }
}

/// The answer of `portico status`.
package struct AdminStatus: Codable, Hashable, Sendable {
    package var ready: Bool
    /// Nil where there is no election.
    package var election: AdminElection?
    /// The default one first.
    package var classGroups: [AdminClassGroup]
    package var workers: [AdminWorker]
    package var diagnostics: [AdminDiagnostic]

    package init(
        ready: Bool, classGroups: [AdminClassGroup], workers: [AdminWorker], diagnostics: [AdminDiagnostic]
    ) {
        self.ready = ready
        self.classGroups = classGroups
        self.workers = workers
        self.diagnostics = diagnostics
    }
}

/// Who leads.
package struct AdminElection: Codable, Hashable, Sendable {
    /// Empty where nobody does, or nobody is known to.
    package var leader: String
    /// It is the replica that answers.
    package var isThis: Bool

    package init(leader: String, isThis: Bool) {
        self.leader = leader
        self.isThis = isThis
    }
}

/// One stored version.
package struct AdminSnapshot: Codable, Hashable, Sendable {
    package var version: String
    package var classGroup: String
    package var parent: String?
    package var time: String
    /// The object that changed, or what a person asked for.
    package var cause: String
    package var digest: String
    package var published: Bool
    package var running: Bool
    package var pinned: Bool
    /// The version whose sections a rollback brought back.
    package var restores: String?
    package var acknowledged: Int
    package var rejected: Int

    package init(
        version: String, classGroup: String, parent: String?, time: String, cause: String, digest: String,
        published: Bool, running: Bool, pinned: Bool, restores: String?, acknowledged: Int, rejected: Int
    ) {
        self.version = version
        self.classGroup = classGroup
        self.parent = parent
        self.time = time
        self.cause = cause
        self.digest = digest
        self.published = published
        self.running = running
        self.pinned = pinned
        self.restores = restores
        self.acknowledged = acknowledged
        self.rejected = rejected
    }
}

/// The answer of `portico snapshots list`, newest first.
package struct AdminSnapshots: Codable, Hashable, Sendable {
    package var snapshots: [AdminSnapshot]

    package init(snapshots: [AdminSnapshot]) { self.snapshots = snapshots }
}

/// What `portico rollback` asks for.
package struct AdminRollback: Codable, Hashable, Sendable {
    package var version: String
    package var reason: String
    /// Nil where there is one.
    package var classGroup: String?

    package init(version: String, reason: String, classGroup: String? = nil) {
        self.version = version
        self.reason = reason
        self.classGroup = classGroup
    }
}

/// What `portico resume` asks for.
package struct AdminResume: Codable, Hashable, Sendable {
    /// Nil where there is one.
    package var classGroup: String?

    package init(classGroup: String? = nil) { self.classGroup = classGroup }
}

/// The version that a rollback or a resume published.
package struct AdminPublished: Codable, Hashable, Sendable {
    package var version: String
    package var message: String

    package init(version: String, message: String) {
        self.version = version
        self.message = message
    }
}

/// Why the control plane refused.
package struct AdminError: Codable, Hashable, Sendable {
    package var error: String

    package init(error: String) { self.error = error }
}
