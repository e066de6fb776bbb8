import Glibc
import Logging
import PorticoModel
import Synchronization
import Threads

/// Resolves the names of ExternalName services on a thread of its own and reports endpoints as they change.
///
/// A name is asked for again when its time to live is over (1 s at least, 300 s at most). When it fails, the addresses it
/// had stay in use and it is retried with growing pauses.
package final class ExternalNameResolver: Sendable {
    private struct Orders {
        var changed: [ExternalName] = []
        var removed: [String] = []
        var isStopping = false
    }

    private let orders = Mutex(Orders())
    private let wakeUp: (read: Int32, write: Int32)
    private let log: Logger
    private let onChange: @Sendable (EndpointSet) -> Void

    /// - Parameters:
    ///   - servers: `address:port` list that replaces the system's name servers, for tests.
    ///   - onChange: called on the resolver's thread.
    package init(servers: String? = nil, log: Logger, onChange: @escaping @Sendable (EndpointSet) -> Void) {
        self.log = log
        self.onChange = onChange
        var ends: [Int32] = [-1, -1]
        precondition(pipe(&ends) == 0, "no descriptors are left for the name resolver")
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        wakeUp = (read: ends[0], write: ends[1])
        do {
            try DedicatedThread("names") { [self] in run(servers: servers) }.detach()
        } catch { log.error("ExternalName services cannot be resolved: \(error)") }
    }

    /// Takes new and changed names, and the upstreams that need none any more.
    package func update(changed: [ExternalName], removed: [String]) {
        orders.withLock { orders in
            // Batches collapse into one; the later word on an upstream is the one that holds.
            let again = Set(changed.map(\.upstream))
            let gone = Set(removed)
            orders.changed.removeAll { again.contains($0.upstream) || gone.contains($0.upstream) }
            orders.changed += changed
            orders.removed.removeAll { again.contains($0) }
            orders.removed += removed.filter { !again.contains($0) }
        }
        signal()
    }

    /// Ends the thread; nothing is reported afterwards but what is already under way.
    package func stop() {
        orders.withLock { $0.isStopping = true }
        signal()
    }

    private func signal() {
        // A full pipe wakes as well as one more byte would.
        _ = write(wakeUp.write, [1], 1)
    }

    deinit {
        close(wakeUp.read)
        close(wakeUp.write)
    }

    private func run(servers: String?) {
        var schedule = ResolutionSchedule()
        var answers: [(String, ResolutionSchedule.Answer)] = []
        let lookups: NameLookups
        do {
            lookups = try NameLookups(servers: servers) { answers.append(($0, $1)) }
        } catch {
            log.error("ExternalName services cannot be resolved: \(error)")
            return
        }
        while true {
            let batch = orders.withLock { orders in
                defer { orders = Orders(isStopping: orders.isStopping) }
                return orders
            }
            if batch.isStopping { return }
            schedule.update(changed: batch.changed, removed: batch.removed, now: now()).forEach(onChange)
            for hostname in schedule.startDue(now: now()) { lookups.start(hostname) }
            // A literal or a name from /etc/hosts is answered before `start` returns.
            for (hostname, answer) in answers { take(answer, for: hostname, &schedule) }
            answers.removeAll()
            wait(lookups, until: schedule.nextDue)
        }
    }

    private func take(_ answer: ResolutionSchedule.Answer, for hostname: String, _ schedule: inout ResolutionSchedule) {
        if case .failure(let reason) = answer {
            log.warning("\(hostname) does not resolve: \(reason); its last addresses stay in use")
        }
        schedule.take(answer, for: hostname, now: now()).forEach(onChange)
    }

    private func wait(_ lookups: NameLookups, until due: UInt64?) {
        var descriptors = lookups.pollDescriptors + [pollfd(fd: wakeUp.read, events: Int16(POLLIN), revents: 0)]
        let current = now()
        let pauses = [due.map { $0 > current ? Int($0 - current) : 0 }, lookups.timeoutMilliseconds].compactMap { $0 }
        poll(&descriptors, nfds_t(descriptors.count), Int32(pauses.min() ?? -1))
        var woken = [UInt8](repeating: 0, count: 64)
        while read(wakeUp.read, &woken, woken.count) == woken.count {}
        lookups.process(Array(descriptors.dropLast()))
    }

    /// Monotonic, in milliseconds.
    private func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000 + UInt64(time.tv_nsec) / 1_000_000
    }
}
