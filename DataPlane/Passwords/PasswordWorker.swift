import Glibc
import Synchronization
import Threads

/// One thread that checks passwords, so that no loop waits for a hash. Its queue is bounded: what does not fit is refused.
package final class PasswordWorker: Sendable {
    private struct Job: Sendable {
        var ticket: UInt64
        var password: [UInt8]
        var hash: [UInt8]
    }

    private struct State {
        var jobs: [Job] = []
        var results: [(ticket: UInt64, isRight: Bool)] = []
        var isStopped = false
    }

    /// Passwords that may wait.
    package static let maximumQueue = 256

    private let state = Mutex(State())
    private let semaphore: Semaphore
    private let notify: @Sendable () -> Void

    /// - Parameter notify: called on the thread when there are results to take.
    package init(notify: @escaping @Sendable () -> Void) {
        self.notify = notify
        semaphore = Semaphore()
        let thread = try? DedicatedThread("passwords") { [self] in run() }
        thread?.detach()
    }

    /// - Returns: false where too many wait already.
    package func check(_ password: [UInt8], against hash: [UInt8], ticket: UInt64) -> Bool {
        let isTaken = state.withLock { state in
            guard state.jobs.count < Self.maximumQueue, !state.isStopped else { return false }
            state.jobs.append(Job(ticket: ticket, password: password, hash: hash))
            return true
        }
        if isTaken { semaphore.signal() }
        return isTaken
    }

    package func takeResults() -> [(ticket: UInt64, isRight: Bool)] {
        state.withLock { state in
            defer { state.results = [] }
            return state.results
        }
    }

    package func stop() {
        state.withLock { $0.isStopped = true }
        semaphore.signal()
    }

    private func run() {
        while true {
            semaphore.wait()
            let (job, isStopped) = state.withLock { state in
                (state.jobs.isEmpty ? nil : state.jobs.removeFirst(), state.isStopped)
            }
            if isStopped { return }
            guard let job else { continue }
            let isRight = PasswordHash.verify(job.password, against: job.hash)
            state.withLock { $0.results.append((job.ticket, isRight)) }
            notify()
        }
    }
}

/// A POSIX semaphore.
private final class Semaphore: @unchecked Sendable {
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(semaphore, 0, 0) }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func signal() { sem_post(semaphore) }

    func wait() { while sem_wait(semaphore) != 0 && errno == EINTR {} }
}
