import EventLoop
import Glibc

/// Accepts connections from one listening socket.
final class Listener: EventHandler {
    /// Connections accepted per turn and listener.
    private static let maximumBurst = 64
    /// How long no connection is accepted when the process is out of descriptors.
    private static let pauseMilliseconds: UInt32 = 100

    private let core: WorkerCore
    private let descriptor: Int32
    private let port: UInt16
    private let isSecure: Bool
    /// Given up to take a connection and close it when no other descriptor is left, so that it doesn't wait in vain.
    private var spare: Int32
    /// How many connections are expected to wait: asking for one more costs a call.
    @exclusivity(unchecked) private var burst = 1

    init(core: WorkerCore, descriptor: Int32, isSecure: Bool) throws {
        self.isSecure = isSecure
        self.core = core
        self.descriptor = descriptor
        port = Socket.localAddress(descriptor).port
        spare = open("/dev/null", O_RDONLY | O_CLOEXEC)
        super.init()
        Socket.setNonBlocking(descriptor)
        Socket.setNoDelay(descriptor)
        // Clients of HTTP speak first.
        Socket.deferAccept(descriptor)
        try core.loop.register(self, descriptor: descriptor, for: .readable, edgeTriggered: false)
    }

    deinit { if spare >= 0 { Glibc.close(spare) } }

    /// The listener is level-triggered: what is left waits for the next turn.
    override func ready(_ events: UInt32) {
        let accepted = accept(atMost: burst)
        burst = accepted == burst ? min(2 * burst, Self.maximumBurst) : max(1, accepted)
    }

    /// - Returns: how many were there.
    @discardableResult
    private func accept(atMost budget: Int) -> Int {
        for count in 0..<budget {
            switch Socket.accept(descriptor) {
            case .success(let (connection, peer)): take(connection, peer)
            case .failure(let error):
                if error.code == EMFILE || error.code == ENFILE { refuseOne() }
                return count
            }
        }
        return budget
    }

    private func take(_ connection: Int32, _ peer: SocketAddress) {
        core.counters.acceptedConnections += 1
        guard core.counters.openConnections < UInt64(core.tables.globals.maximumConnections) else {
            core.counters.refusedConnections += 1
            Glibc.close(connection)
            return
        }
        DownstreamConnection(
            core: core, descriptor: connection, peer: peer, localPort: port, isSecure: isSecure
        ).open()
    }

    private func refuseOne() {
        core.counters.descriptorsExhausted += 1
        guard spare >= 0 else { return pause() }
        Glibc.close(spare)
        if case .success(let (connection, _)) = Socket.accept(descriptor) {
            core.counters.refusedConnections += 1
            Glibc.close(connection)
        }
        spare = open("/dev/null", O_RDONLY | O_CLOEXEC)
        pause()
    }

    private func pause() {
        core.loop.change(self, descriptor: descriptor, to: [], edgeTriggered: false)
        core.loop.setDeadline(self, after: Self.pauseMilliseconds)
    }

    override func deadlinePassed() {
        core.loop.change(self, descriptor: descriptor, to: .readable, edgeTriggered: false)
    }

    /// Takes what waits in the queue, then no more.
    func stop() {
        accept(atMost: 4_096)
        core.loop.forget(descriptor: descriptor)
        core.loop.unregister(self)
    }
}
