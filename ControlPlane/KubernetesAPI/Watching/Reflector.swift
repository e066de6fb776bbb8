import ClusterState
import PorticoModel
import Synchronization

/// How a reflector fares.
package enum ReflectorHealth: Hashable, Sendable {
    /// It has not listed its collection yet.
    case starting
    case following
    case failing(APIError)
}

/// Follows one collection: lists it in pages, watches from there, and goes on after every kind of failure.
///
/// An interrupted watch is resumed at the version it had come to; only where the API server no longer has that version is
/// the collection listed again, and then only the differences are told.
package final class Reflector: Sendable {
    package struct Settings: Sendable {
        package var pageSize = 500
        /// How long the API server is asked to keep a watch open: a random time between these.
        package var watchSeconds = 300...600
        /// Bookmarks come about once a minute; a watch without a word for longer is opened anew.
        package var silenceSeconds = 150
        package var backoff = Backoff()
        /// After a failure that only people can mend, as a missing right.
        package var refusedSeconds = 15.0

        package init() {}
    }

    package enum News: Sendable {
        case changes([ReflectedChange])
        case health(ReflectorHealth)
        /// A list is complete; it was told before. The first one makes the collection known.
        case listed
    }

    package let target: WatchTarget
    private let client: KubernetesClient
    private let settings: Settings
    private let tell: @Sendable (News) -> Void
    private let state: Mutex<ReflectorState>
    /// Held from a change of the state until it is told, so that news leave in order.
    private let telling = Mutex(())
    private let task = Mutex<Task<Void, Never>?>(nil)
    private let attempt = Mutex<Task<Result<Void, APIError>, Never>?>(nil)

    /// - Parameter tell: called on the client's thread or on a task's, one call at a time.
    package init(
        _ target: WatchTarget, client: KubernetesClient, settings: Settings = Settings(),
        tell: @escaping @Sendable (News) -> Void
    ) {
        self.target = target
        self.client = client
        self.settings = settings
        self.tell = tell
        state = Mutex(ReflectorState(target.resource))
    }

    deinit { stop() }

    package func start() {
        task.withLock { $0 = Task { [self] in await run() } }
    }

    package func stop() {
        task.withLock { $0.take() }?.cancel()
        attempt.withLock { $0 }?.cancel()
    }

    /// From now on only objects of these namespaces count.
    package func restrict(to namespaces: Set<String>) {
        let needsList = telling.withLock { _ in
            let (gone, needsList) = state.withLock { $0.restrict(to: namespaces) }
            if !gone.isEmpty { tell(.changes(gone)) }
            return needsList
        }
        if needsList { attempt.withLock { $0 }?.cancel() }
    }

    // MARK: The loop

    private func run() async {
        var backoff = settings.backoff
        var needsNewConnection = false
        var goneInARow = 0
        while !Task.isCancelled {
            let began = MonotonicClock.seconds
            do throws(APIError) {
                if state.withLock({ $0.version == nil }) {
                    try await attempt { [self, needsNewConnection, goneInARow] () throws(APIError) in
                        try await list(needsNewConnection, inPages: goneInARow < 2)
                    }
                    telling.withLock { _ in tell(.listed) }
                    tellHealth(.following)
                    backoff.reset()
                    goneInARow = 0
                }
                try await attempt { [self, needsNewConnection] () throws(APIError) in
                    try await watch(needsNewConnection)
                }
                needsNewConnection = false
                // The API server ends a watch after a while; one that ends at once is not to be asked without pause.
                if MonotonicClock.seconds - began > 1 { backoff.reset() } else { await pause(&backoff, nil) }
            } catch {
                if Task.isCancelled { return }
                needsNewConnection = error.isOfConnection
                if MonotonicClock.seconds - began > settings.backoff.longestSeconds { backoff.reset() }
                if error.asksForList {
                    state.withLock { $0.forgetVersion() }
                    goneInARow += 1
                    if goneInARow > 1 { await pause(&backoff, nil) }
                } else if error != .cancelled {
                    tellHealth(.failing(error))
                    await pause(&backoff, error)
                }
            }
        }
    }

    private func tellHealth(_ health: ReflectorHealth) { telling.withLock { _ in tell(.health(health)) } }

    /// Runs a request as a task that `restrict` can cancel.
    private func attempt(_ body: @escaping @Sendable () async throws(APIError) -> Void) async throws(APIError) {
        let task = Task { () -> Result<Void, APIError> in
            do throws(APIError) { return .success(try await body()) } catch { return .failure(error) }
        }
        attempt.withLock { $0 = task }
        let result = await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
        try result.get()
    }

    private func pause(_ backoff: inout Backoff, _ error: APIError?) async {
        var seconds = backoff.pause(random: Double.random(in: 0..<1))
        if error?.isForbidden == true || error?.isNotFound == true { seconds = max(seconds, settings.refusedSeconds) }
        if let asked = error?.status?.retryAfterSeconds { seconds = max(seconds, asked) }
        try? await Task.sleep(for: .seconds(seconds))
    }

    // MARK: Lists

    private func list(_ needsNewConnection: Bool, inPages: Bool) async throws(APIError) {
        state.withLock { $0.beginList() }
        var token: String?
        repeat {
            var request = target.listRequest(limit: inPages ? settings.pageSize : nil, continue: token)
            request.needsNewConnection = needsNewConnection && token == nil
            request.timeoutSeconds = 120
            request.silenceSeconds = 30
            let page = try await page(request)
            token = page["continue"]?.string.flatMap { $0.isEmpty ? nil : $0 }
            if token == nil {
                telling.withLock { _ in
                    let gone = state.withLock { $0.finishList(version: page["resourceVersion"]?.string ?? "") }
                    if !gone.isEmpty { tell(.changes(gone)) }
                }
            }
        } while token != nil
    }

    /// - Returns: the list's metadata.
    private func page(_ request: APIRequest) async throws(APIError) -> ObjectNode {
        let reading = Mutex(ListReading())
        let result = await outcome { [self] () throws(APIError) in
            try await client.stream(request) { [self] bytes in reading.withLock { take(bytes, &$0) } }
        }
        let (fault, metadata) = reading.withLock { ($0.fault, $0.scanner.isComplete ? $0.metadata : nil) }
        if let fault { throw .malformed("a list of \(target.description): \(fault.reason)") }
        try result.get()
        guard let metadata else { throw .malformed("a list of \(target.description) breaks off") }
        return metadata
    }

    private struct ListReading {
        var scanner = JSONStreamScanner(.list)
        var metadata: ObjectNode?
        var fault: DocumentFault?
    }

    private func take(_ bytes: UnsafeBufferPointer<UInt8>, _ reading: inout ListReading) -> Bool {
        telling.withLock { _ in
            var changes: [ReflectedChange] = []
            var metadata = reading.metadata
            do throws(DocumentFault) {
                try reading.scanner.take(bytes) { piece, bytes throws(DocumentFault) in
                    let node = try JSONReader.read(bytes)
                    if case .metadata = piece {
                        metadata = node
                    } else if let change = state.withLock({ $0.listed(node) }) {
                        changes.append(change)
                    }
                }
            } catch { reading.fault = error }
            reading.metadata = metadata
            if !changes.isEmpty { tell(.changes(changes)) }
            return reading.fault == nil
        }
    }

    private func outcome(
        _ body: @Sendable () async throws(APIError) -> APIResponse
    ) async -> Result<Void, APIError> {
        do throws(APIError) {
            _ = try await body()
            return .success(())
        } catch { return .failure(error) }
    }

    // MARK: Watches

    private func watch(_ needsNewConnection: Bool) async throws(APIError) {
        guard let version = state.withLock({ $0.version }) else { return }
        let seconds = Int.random(in: settings.watchSeconds)
        var request = target.watchRequest(from: version, seconds: seconds)
        request.timeoutSeconds = Double(seconds) + 30
        request.silenceSeconds = settings.silenceSeconds
        request.needsNewConnection = needsNewConnection
        let wanted = request
        let reading = Mutex((scanner: JSONStreamScanner(.values), failure: APIError?.none))
        let result = await outcome { [self] () throws(APIError) in
            try await client.stream(wanted, begun: { [self] in tellHealth(.following) }) { [self] bytes in
                telling.withLock { _ in
                    reading.withLock { reading in
                        let changes = take(bytes, &reading.scanner, &reading.failure)
                        if !changes.isEmpty { tell(.changes(changes)) }
                        return reading.failure == nil
                    }
                }
            }
        }
        if let failure = reading.withLock({ $0.failure }) { throw failure }
        try result.get()
    }

    private func take(
        _ bytes: UnsafeBufferPointer<UInt8>, _ scanner: inout JSONStreamScanner, _ failure: inout APIError?
    ) -> [ReflectedChange] {
        var changes: [ReflectedChange] = []
        do throws(DocumentFault) {
            try scanner.take(bytes) { _, bytes throws(DocumentFault) in
                let node = try JSONReader.read(bytes)
                switch try state.withLock({ state throws(DocumentFault) in try state.watched(node) }) {
                case .change(let change): changes.append(change)
                case .nothing: break
                case .failed(let status): failure = .refused(status)
                }
            }
        } catch {
            // What is lost here is lost for the watch: only a list tells for certain.
            state.withLock { $0.forgetVersion() }
            failure = .malformed("a watch of \(target.description): \(error.reason)")
        }
        return changes
    }
}

extension APIError {
    /// The version to go on from is unknown to the server: too old, or of a history that it no longer has.
    var asksForList: Bool {
        guard let status else { return false }
        return isGone || status.causes.contains("ResourceVersionTooLarge")
            || status.message.contains("Too large resource version")
    }

    /// The connection itself may be dead.
    var isOfConnection: Bool {
        switch self {
        case .transport, .timedOut: true
        case .cancelled, .refused, .credentials, .malformed: false
        }
    }
}
