import ControlClient
import ControlLink
import Glibc
import PorticoModel
import PorticoTelemetry
import ProcessSupervision

/// The supervisor's own link to the control plane: keeps the state that a new worker gets, whether the control plane is
/// there at that moment or not.
final class StateLink {
    let cache: StateCache
    private let path: String
    private let loop: PollLoop
    private let log: (String) -> Void
    private var connection: Int32 = -1
    private var backOff = ReconnectBackOff()
    private var restarts = 0
    /// What is held is another version.
    var onUpdate: () -> Void = {}
    /// The control plane asks this node to stop serving.
    var onDrain: (_ deadlineMilliseconds: UInt32) -> Void = { _ in }

    init(path: String, identity: LinkIdentity, loop: PollLoop, log: @escaping (String) -> Void) {
        self.path = path
        self.loop = loop
        self.log = log
        cache = StateCache(identity: identity)
    }

    /// Connects, and goes on trying for as long as the loop runs.
    func start() {
        do {
            connection = try UnixSocket.connect(path: path)
        } catch {
            return retryLater()
        }
        cache.connectionOpened()
        loop.watch(connection, for: .readable) { [unowned self] _ in self.exchange() }
        exchange()
    }

    /// - Parameter count: restarts of workers since this process began.
    func report(restarts count: Int) {
        restarts = count
        guard connection >= 0 else { return }
        sendReport()
        exchange()
    }

    private func sendReport() {
        guard restarts > 0 else { return }
        let series = CounterSeries(name: WorkerMetric.workerRestarts, value: Double(restarts))
        _ = cache.report(MetricsReport(counters: [series]))
    }

    private func exchange() {
        guard receiveAll() else { return reconnect() }
        for event in cache.takeEvents() {
            switch event {
            case .connected:
                backOff.reset()
                sendReport()
            case .updated: onUpdate()
            case .drain(let deadline): onDrain(deadline)
            }
        }
        guard SocketTransfer.flush(&cache.output, to: connection) else { return reconnect() }
        loop.change(connection, to: cache.output.isEmpty ? .readable : [.readable, .writable])
    }

    /// - Returns: false when the connection is over.
    private func receiveAll() -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 16) { buffer in
            while true {
                switch SocketTransfer.read(connection, into: buffer) {
                case .wouldBlock: return true
                case .closed: return false
                case .read(let count):
                    do {
                        try cache.receive(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                    } catch {
                        log("the control link is closed: \(error)")
                        return false
                    }
                }
            }
        }
    }

    private func reconnect() {
        loop.unwatch(connection)
        close(connection)
        connection = -1
        cache.connectionClosed()
        retryLater()
    }

    private func retryLater() {
        let pause = backOff.next(random: UInt64.random(in: 0 ... .max))
        loop.schedule(after: Milliseconds(pause)) { [unowned self] in self.start() }
    }
}
