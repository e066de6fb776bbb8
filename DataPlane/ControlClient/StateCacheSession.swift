import ControlLink
import Glibc
import PorticoSnapshot

/// Hands the supervisor's state to one worker over their socket pair, and closes its end when the worker does.
///
/// The state is the one at the time of the session's start; the worker gets what is newer from the control plane.
package final class StateCacheSession {
    private let publication: LinkPublication
    private var session = LinkServerSession(role: .stateCache, controller: "supervisor")
    private var output = OutputBuffer()

    /// The supervisor's end; -1 once it is closed.
    package private(set) var descriptor: Int32

    /// Takes ownership of `descriptor` and makes it non-blocking.
    package init(descriptor: Int32, cache: StateCache) {
        self.descriptor = descriptor
        publication = cache.publication
        UnixSocket.makeNonBlocking(descriptor)
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Whether to wait for the socket to become writable too.
    package var wantsWrite: Bool { !output.isEmpty }

    /// Reads and writes what it can; call it when the socket is readable or writable.
    /// - Returns: false when the session is over and its descriptor closed.
    package func pump() -> Bool {
        guard descriptor >= 0 else { return false }
        if exchange() { return true }
        close(descriptor)
        descriptor = -1
        return false
    }

    private func exchange() -> Bool {
        let alive = withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: 16) { buffer in
            while true {
                switch SocketTransfer.read(descriptor, into: buffer) {
                case .wouldBlock: return true
                case .closed: return false
                case .read(let count):
                    let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
                    do { try session.receive(bytes, publication: publication) } catch { return false }
                    // Nobody here looks at what a worker reports.
                    _ = session.takeEvents()
                }
            }
        }
        guard alive else { return false }
        while true {
            session.produce(into: &output, publication: publication)
            if output.isEmpty { return !session.isFinished }
            guard SocketTransfer.flush(&output, to: descriptor) else { return false }
            if !output.isEmpty { return true }
        }
    }
}
