import ClusterState
import KubernetesAPI
import Leadership
import Logging
import PorticoModel
import Synchronization

/// Keeps `status.loadBalancer.ingress` of every served Ingress what it should be, while this replica leads.
package final class StatusWriter: Sendable {
    package struct Configuration: Hashable, Sendable {
        /// Between two looks at the addresses (`--status-update-interval`).
        package var interval: Duration = .seconds(60)
        /// The same while there is none, or the last look failed.
        package var intervalWithoutAddresses: Duration = .seconds(5)
        /// `--update-status-on-shutdown`.
        package var retractsOnShutdown = true
        /// This pod, where there is one: with others like it, the status is left to them.
        package var pod: ObjectName?
        package var writesPerSecond = 100.0

        package init() {}
    }

    private static let writesAtOnce = 8
    private static let secondsToRetract = 15

    private let configuration: Configuration
    private let client: KubernetesClient
    private let source: AddressSource
    private let leadership: Leadership
    private let logger: Logger
    private let alarm = Alarm()
    private let work = Mutex(Work())

    private struct Work {
        var table = StatusTable()
        var task: Task<Void, Never>?
        var ends = false
        var looksAgain = false
        /// Logged once, however often it occurs.
        var problem: String?
    }

    package init(
        configuration: Configuration, client: KubernetesClient, origin: AddressOrigin, leadership: Leadership,
        logger: Logger
    ) {
        self.configuration = configuration
        self.client = client
        source = AddressSource(client: client, origin: origin)
        self.leadership = leadership
        self.logger = logger
    }

    package func start() {
        work.withLock { work in
            guard work.task == nil else { return }
            work.task = Task { [self] in await run() }
        }
    }

    /// Takes Ingresses that are new or changed, and the names of those that are gone or not served. Returns at once.
    package func update(served: [Ingress], removed: [ObjectName]) {
        let isDue = work.withLock { work in
            for name in removed { work.table.remove(name) }
            for ingress in served { work.table.set(ingress) }
            return work.table.dueCount > 0
        }
        if isDue { alarm.ring() }
    }

    /// Looks at the addresses again, as after a change of leader.
    package func lookAgain() {
        work.withLock { $0.looksAgain = true }
        alarm.ring()
    }

    /// Ends. If this replica leads and is the last of its kind, the addresses are taken out of the status first.
    package func stop() async {
        let task = work.withLock { work in
            work.ends = true
            return work.task
        }
        alarm.ring()
        await task?.value
        guard configuration.retractsOnShutdown, leadership.mayWrite, await isLast() else { return }
        work.withLock { work in
            work.table.retry()
            work.table.want([])
        }
        logger.info("taking the addresses out of the status of Ingresses")
        await write(until: .now + .seconds(StatusWriter.secondsToRetract))
    }

    /// Whether nobody is left to serve requests at these addresses.
    private func isLast() async -> Bool {
        do {
            if try await source.addresses().count > 1 { return false }
            guard let pod = configuration.pod else { return true }
            return try await source.peers(of: pod)["items"]?.list?.count ?? 0 <= 1
        } catch {
            logger.warning("the status of Ingresses stays as it is: \(error)")
            return false
        }
    }

    // MARK: The loop

    private func run() async {
        var nextLook = ContinuousClock.now
        while true {
            let (ends, looksAgain) = work.withLock { work in
                defer { work.looksAgain = false }
                return (work.ends, work.looksAgain)
            }
            if ends { return }
            guard leadership.mayWrite else {
                nextLook = .now
                await alarm.wait(until: .now + configuration.interval)
                continue
            }
            if looksAgain || nextLook <= .now { nextLook = .now + (await look()) }
            await write(until: nextLook) { self.work.withLock { $0.ends } }
            let hasFailed = work.withLock { $0.table.hasFailed }
            if hasFailed { nextLook = min(nextLook, .now + configuration.intervalWithoutAddresses) }
            await alarm.wait(until: nextLook)
        }
    }

    /// - Returns: when to look again.
    private func look() async -> Duration {
        do {
            let addresses = try await source.addresses()
            work.withLock { work in
                work.problem = nil
                work.table.retry()
                work.table.want(addresses)
            }
            return addresses.isEmpty ? configuration.intervalWithoutAddresses : configuration.interval
        } catch {
            warn("the addresses for the status of Ingresses are unknown: \(error)")
            return configuration.intervalWithoutAddresses
        }
    }

    private func warn(_ problem: String) {
        let isNew = work.withLock { work in
            defer { work.problem = problem }
            return work.problem != problem
        }
        if isNew { logger.warning("\(problem)") }
    }

    private func write(until end: ContinuousClock.Instant, unless isCalledOff: () -> Bool = { false }) async {
        while ContinuousClock.now < end, leadership.mayWrite, !isCalledOff() {
            let start = ContinuousClock.now
            let patches = work.withLock { $0.table.next(StatusWriter.writesAtOnce) }
            guard !patches.isEmpty else { return }
            await withTaskGroup { group in
                for patch in patches { group.addTask { (patch, await self.perform(patch)) } }
                for await (patch, outcome) in group { work.withLock { $0.table.take(patch, outcome) } }
            }
            try? await Task.sleep(until: start + .seconds(Double(patches.count) / configuration.writesPerSecond))
        }
    }

    private func perform(_ patch: StatusPatch) async -> StatusOutcome {
        guard leadership.mayWrite else { return .failed }
        var body: ObjectNode = ["status": ["loadBalancer": ["ingress": .items(patch.addresses.map(\.node))]]]
        // Another Ingress of this name must not get it.
        if !patch.uid.isEmpty { body.set("metadata", "uid", to: .text(patch.uid)) }
        do {
            _ = try await client.mergePatch(
                .ingresses, namespace: patch.name.namespace, name: patch.name.name, subresource: "status", body)
            logger.debug("wrote the status of Ingress \(patch.name)")
            return .written
        } catch {
            if error.isNotFound || error.isConflict || error.status?.code == 422 { return .obsolete }
            logger.warning("the status of Ingress \(patch.name) could not be written: \(error)")
            return .failed
        }
    }
}
