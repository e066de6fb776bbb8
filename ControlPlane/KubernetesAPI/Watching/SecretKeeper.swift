import ClusterState
import PorticoModel
import Synchronization

/// Reads the Secrets that are wanted, and no others.
///
/// Of all Secrets only names and versions are watched; a wanted one is read when it is first wanted and whenever it changes.
/// Where they may not be watched, or not in that namespace, the wanted ones are read again every half minute.
final class SecretKeeper: Sendable {
    private struct State {
        var wanted: Set<ObjectName> = []
        /// Those that were read and are there.
        var held: Set<ObjectName> = []
        /// Those that have not been answered for once.
        var unsettled: Set<ObjectName> = []
        var queue: [ObjectName] = []
        var running: Set<ObjectName> = []
        /// Changed while they were being read.
        var stale: Set<ObjectName> = []
        var isWatching = false
        var failures: [ObjectName: APIError] = [:]
        var isStopped = false

        mutating func request(_ name: ObjectName) {
            if running.contains(name) {
                stale.insert(name)
            } else if !queue.contains(name) {
                queue.append(name)
            }
        }
    }

    enum News: Sendable {
        case change(ReflectedChange)
        /// Every wanted Secret has been read, or cannot be.
        case settled
        /// What cannot be read, and why, has changed.
        case failures([ObjectName: APIError])
        case watch(ReflectorHealth)
    }

    private static let concurrentReads = 16

    private let client: KubernetesClient
    private let namespace: String
    private let pollSeconds: Double
    /// Called within the lock, so that news leave in the order in which they came to be.
    private let tell: @Sendable (News) -> Void
    private let state = Mutex(State())
    private let reflector = Mutex<Reflector?>(nil)
    private let poller = Mutex<Task<Void, Never>?>(nil)

    /// - Parameter namespace: the only one whose Secrets are watched; empty for all.
    init(
        client: KubernetesClient, namespace: String, settings: Reflector.Settings, pollSeconds: Double = 30,
        tell: @escaping @Sendable (News) -> Void
    ) {
        self.client = client
        self.namespace = namespace
        self.pollSeconds = pollSeconds
        self.tell = tell
        var target = WatchTarget(.secrets, namespace: namespace)
        target.isMetadataOnly = true
        reflector.withLock {
            $0 = Reflector(target, client: client, settings: settings) { [weak self] in self?.take($0) }
        }
    }

    func start() {
        reflector.withLock { $0 }?.start()
        poller.withLock {
            $0 = Task { [weak self, pollSeconds] in
                while !Task.isCancelled {
                    try? await Task.sleep(for: .seconds(pollSeconds))
                    self?.readUnwatched()
                }
            }
        }
    }

    func stop() {
        state.withLock { $0.isStopped = true }
        reflector.withLock { $0.take() }?.stop()
        poller.withLock { $0.take() }?.cancel()
    }

    func want(_ names: Set<ObjectName>) {
        state.withLock { state in
            let added = names.subtracting(state.wanted)
            let dropped = state.held.subtracting(names)
            state.wanted = names
            state.held.subtract(dropped)
            state.unsettled.formIntersection(names)
            state.unsettled.formUnion(added)
            state.queue += added.sorted()
            state.failures = state.failures.filter { names.contains($0.key) }
            for name in dropped.sorted() { tell(.change(ReflectedChange(name: name, node: nil))) }
            if state.unsettled.isEmpty { tell(.settled) }
        }
        readNext()
    }

    // MARK: The watch

    private func take(_ news: Reflector.News) {
        switch news {
        case .health(let health):
            state.withLock { $0.isWatching = health == .following }
            tell(.watch(health))
        case .listed: break
        case .changes(let changes):
            state.withLock { state in
                for change in changes where state.wanted.contains(change.name) {
                    if change.node != nil {
                        state.request(change.name)
                    } else if state.held.remove(change.name) != nil {
                        tell(.change(change))
                    }
                }
            }
            readNext()
        }
    }

    private func readUnwatched() {
        state.withLock { state in
            for name in state.wanted.sorted()
            where !state.isWatching || !isWatched(name) || state.failures[name] != nil {
                state.request(name)
            }
        }
        readNext()
    }

    private func isWatched(_ name: ObjectName) -> Bool { namespace.isEmpty || name.namespace == namespace }

    // MARK: Reading

    private func readNext() {
        let names = state.withLock { state in
            guard !state.isStopped else { return [ObjectName]() }
            let free = max(0, SecretKeeper.concurrentReads - state.running.count)
            let names = Array(state.queue.prefix(free))
            state.queue.removeFirst(names.count)
            state.running.formUnion(names)
            return names
        }
        for name in names {
            Task { [self] in
                let result = await read(name)
                finish(name, result)
            }
        }
    }

    private func read(_ name: ObjectName) async -> Result<ObjectNode, APIError> {
        do throws(APIError) {
            return .success(try await client.get(.secrets, namespace: name.namespace, name: name.name))
        } catch { return .failure(error) }
    }

    private func finish(_ name: ObjectName, _ result: Result<ObjectNode, APIError>) {
        state.withLock { state in
            state.running.remove(name)
            if state.stale.remove(name) != nil { state.queue.append(name) }
            guard state.wanted.contains(name) else { return }
            let failure = state.failures[name]
            state.failures[name] = nil
            switch result {
            case .success(let node):
                state.held.insert(name)
                tell(.change(ReflectedChange(name: name, node: node)))
            case .failure(let error) where error.isNotFound:
                if state.held.remove(name) != nil { tell(.change(ReflectedChange(name: name, node: nil))) }
            case .failure(let error): state.failures[name] = error
            }
            if failure != state.failures[name] { tell(.failures(state.failures)) }
            if state.unsettled.remove(name) != nil, state.unsettled.isEmpty { tell(.settled) }
        }
        readNext()
    }
}
