import EventLoop
import Glibc

/// One side of a connection that is carried through: its socket, and the bytes that wait for it.
final class TunnelEnd: EventHandler {
    let descriptor: Int32
    /// Nil once it is closed.
    var tunnel: StreamTunnel?
    var output = PooledBuffer()
    /// There may be something to read.
    var mayRead = false
    /// It sent its end of stream.
    var hasEnded = false
    /// The other one's end of stream was passed on.
    var isShut = false

    init(descriptor: Int32, tunnel: StreamTunnel) {
        self.descriptor = descriptor
        self.tunnel = tunnel
    }

    override func ready(_ events: UInt32) { tunnel?.ready(self, Readiness(rawValue: events)) }

    override func resume() { tunnel?.advance() }

    override func deadlinePassed() { tunnel?.deadlinePassed(self) }
}
