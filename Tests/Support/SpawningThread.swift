import Foundation
import ProcessSupervision

/// Starts processes from a thread that never ends: the kernel kills a child together with the thread that started it,
/// and threads of a test run come and go.
final class SpawningThread: Sendable {
    static let shared = SpawningThread()

    private let queue = WorkQueue()

    private init() {
        let queue = queue
        Thread.detachNewThread { while true { queue.next()() } }
    }

    func start(_ command: ChildCommand) throws -> ChildProcess {
        let answer = Mailbox()
        queue.add { answer.put(Result { try ChildProcess.start(command) }) }
        return try answer.take().get()
    }

    private final class WorkQueue: @unchecked Sendable {
        private let condition = NSCondition()
        private var work: [@Sendable () -> Void] = []

        func add(_ item: @escaping @Sendable () -> Void) {
            condition.withLock { work.append(item) }
            condition.signal()
        }

        func next() -> @Sendable () -> Void {
            condition.withLock {
                while work.isEmpty { condition.wait() }
                return work.removeFirst()
            }
        }
    }

    private final class Mailbox: @unchecked Sendable {
        private let arrived = DispatchSemaphore(value: 0)
        private var content: Result<ChildProcess, any Error>?

        func put(_ result: Result<ChildProcess, any Error>) {
            content = result
            arrived.signal()
        }

        func take() -> Result<ChildProcess, any Error> {
            arrived.wait()
            return content ?? .failure(CancellationError())
        }
    }
}
