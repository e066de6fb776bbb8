import ControlServer
import FoundationEssentials
import ObjectEvents
import PorticoModel
import SnapshotPublisher
import SnapshotStore

extension Controller: AdminHandler {
    func status() -> AdminStatus {
        let silent = Set((listener?.clients ?? []).lazy.filter { !$0.isResponding }.map(\.client.id))
        var status = AdminStatus(
            ready: notReadyReason == nil, classGroups: streams.map(Self.classGroup),
            workers: workers.all.map { Self.worker($0, isResponding: !silent.contains($0.client.id)) },
            diagnostics: presentDiagnostics.map { AdminDiagnostic($0) })
        if configuration.duties?.election != nil, let leadership = duties?.leadership {
            status.election = AdminElection(leader: leadership.state.holder, isThis: leadership.mayWrite)
        }
        return status
    }

    /// Those about objects and where they come from, and that about the history.
    var presentDiagnostics: [Diagnostic] {
        let others = sharedPins.faults + diagnostics.all
        guard let error = store.health.currentError else { return others }
        let ofStore = Diagnostic(
            severity: .error, object: nil, file: configuration.database, field: "",
            reason: "the snapshot history cannot be stored: \(error)",
            consequence:
                "configuration goes on being published; the history is kept in memory, and stored when it can be")
        return [ofStore] + others
    }

    func snapshots() throws -> AdminSnapshots {
        let running = Set(streams.compactMap { $0.publisher.running?.version })
        do {
            return AdminSnapshots(snapshots: try store.list().map { Self.snapshot($0, running: running) })
        } catch { throw AdminRefusal(error.description) }
    }

    func rollback(_ request: AdminRollback) throws -> AdminPublished {
        guard let version = Version(request.version) else {
            throw AdminRefusal("'\(request.version)' is no version; versions are written epoch.sequence, as 1.42")
        }
        let stream = try chosen(request.classGroup)
        do {
            let published = try pin(stream, to: version, reason: request.reason)
            tellOthers(of: stream)
            let others = duties?.pins == nil ? "" : ", here and soon at the other replicas"
            return AdminPublished(
                version: published.version.description,
                message: "the content of \(version) is published and pinned\(others); `portico resume` ends it")
        } catch { throw AdminRefusal(error.description) }
    }

    func resume(_ request: AdminResume) throws -> AdminPublished {
        let stream = try chosen(request.classGroup)
        do {
            let published = try unpin(stream)
            tellOthers(of: stream)
            return AdminPublished(
                version: published.version.description, message: "the newest configuration is published")
        } catch { throw AdminRefusal(error.description) }
    }

    /// What a person means must be said where there is more than one.
    private func chosen(_ classGroup: String?) throws -> ClassStream {
        let known = streams.map { "'\($0.name)'" }.joined(separator: ", ")
        guard let classGroup else {
            guard streams.count == 1 else {
                throw AdminRefusal("say which class group is meant with --class-group: \(known)")
            }
            return streams[0]
        }
        guard let stream = stream(classGroup) else {
            throw AdminRefusal("there is no class group '\(classGroup)', only \(known)")
        }
        return stream
    }

    // MARK: Forms for people

    private static func pin(_ record: SnapshotRecord) -> AdminPin {
        AdminPin(
            version: record.version.description, restored: (record.rollbackOf ?? .none).description,
            reason: record.reason ?? "", since: time(record.createdAt))
    }

    private static func classGroup(_ stream: ClassStream) -> AdminClassGroup {
        let publisher = stream.publisher
        let running = publisher.running
        return AdminClassGroup(
            name: stream.name, published: (running?.version ?? .none).description,
            compiled: (publisher.newestCompiled?.version ?? .none).description, pin: publisher.pin.map(Self.pin),
            hosts: running?.tree.sections.count { $0.name.kind == .virtualHost } ?? 0,
            upstreams: running?.tree.sections.count { $0.name.kind == .upstream } ?? 0)
    }

    private static func worker(_ worker: WorkerTable.Worker, isResponding: Bool) -> AdminWorker {
        let hello = worker.client.hello
        return AdminWorker(
            node: hello.node, process: hello.process, processID: hello.processID, classGroup: hello.classGroup,
            version: worker.version.description, rejectedVersion: worker.refused?.version.description,
            rejectedReason: worker.refused?.error, connectedSince: time(worker.connectedAt),
            isResponding: isResponding)
    }

    private static func snapshot(_ stored: StoredSnapshot, running: Set<Version>) -> AdminSnapshot {
        let record = stored.record
        let isRunning = running.contains(record.version)
        let cause = record.reason.map { "\(record.cause): \($0)" } ?? record.cause
        return AdminSnapshot(
            version: record.version.description, classGroup: record.classGroup, parent: record.parent?.description,
            time: time(record.createdAt), cause: cause, digest: stored.rootDigest.description,
            published: record.publishedAt != nil,
            running: isRunning, pinned: isRunning && record.kind == .rollback,
            restores: record.rollbackOf?.description,
            acknowledged: stored.acknowledgements.count { $0.error == nil },
            rejected: stored.acknowledgements.count { $0.error != nil })
    }

    /// RFC 3339 in UTC, to the second.
    private static func time(_ seconds: Double) -> String {
        Date(timeIntervalSince1970: seconds.rounded(.down)).formatted(.iso8601)
    }
}
