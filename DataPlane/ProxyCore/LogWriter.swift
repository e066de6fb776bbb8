import EventLoop
import Glibc
import Threads

/// Writes log lines on a thread of its own, so that a slow disk or pipe never holds up the loop.
///
/// Two buffers of fixed size go round: one is filled by the loop, the other written by the thread. Where both are full,
/// lines are dropped and counted.
final class LogWriter: @unchecked Sendable {
    private static let capacity = 256 << 10

    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    // Guarded by the mutex.
    private var full: UnsafeMutableRawBufferPointer?
    private var fullCount = 0
    private var spare: UnsafeMutableRawBufferPointer?
    private var path: String
    private var isStopping = false
    // The loop's own.
    private var filling: UnsafeMutableRawBufferPointer?
    private(set) var count = 0
    private var thread: DedicatedThread?

    init(path: String) {
        self.path = path
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
        filling = .allocate(byteCount: LogWriter.capacity, alignment: 16)
        spare = .allocate(byteCount: LogWriter.capacity, alignment: 16)
        thread = try? DedicatedThread("access-log") { [self] in run() }
    }

    deinit {
        filling?.deallocate()
        spare?.deallocate()
        full?.deallocate()
        pthread_mutex_destroy(mutex)
        pthread_cond_destroy(condition)
        mutex.deallocate()
        condition.deallocate()
    }

    /// The rest of the buffer that is being filled.
    var space: UnsafeMutableRawBufferPointer {
        guard let filling else { return UnsafeMutableRawBufferPointer(start: nil, count: 0) }
        return UnsafeMutableRawBufferPointer(rebasing: filling[count...])
    }

    func produced(_ bytes: Int) { count += bytes }

    /// Hands what was filled to the thread, if that has written what it had.
    /// - Returns: whether there is an empty buffer now.
    func handOver() -> Bool {
        guard count > 0 else { return true }
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard full == nil, let spare else { return false }
        full = filling
        fullCount = count
        filling = spare
        self.spare = nil
        count = 0
        pthread_cond_signal(condition)
        return true
    }

    /// Writes elsewhere from the next hand-over on; the same path is opened anew.
    func reopen(_ path: String) {
        pthread_mutex_lock(mutex)
        self.path = path
        pthread_mutex_unlock(mutex)
    }

    /// Writes what is left and ends the thread.
    func stop() {
        _ = handOver()
        pthread_mutex_lock(mutex)
        isStopping = true
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
        thread?.join()
    }

    private func run() {
        var sink: LogSink?
        var opened = ""
        pthread_mutex_lock(mutex)
        while true {
            guard let buffer = full else {
                if isStopping { break }
                pthread_cond_wait(condition, mutex)
                continue
            }
            let count = fullCount
            let wanted = path
            full = nil
            pthread_mutex_unlock(mutex)
            if opened != wanted || sink == nil {
                sink = LogSink(path: wanted)
                opened = wanted
            }
            sink?.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            pthread_mutex_lock(mutex)
            spare = buffer
        }
        pthread_mutex_unlock(mutex)
    }
}
