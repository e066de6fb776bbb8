import EventLoop
import Glibc
import HTTPCore

/// The client's end of a request that the proxy makes itself: to an authentication service, or to a mirror. It keeps the
/// response's head and throws the body away.
///
/// The loop holds it from its beginning to the end of the turn in which it is over.
final class Subquestion: Downstream {
    /// What came of it; nil where no answer came.
    struct Answer {
        var status: Int
        var head: [UInt8]
    }

    /// A longer body is not waited for.
    private static let maximumBody = 64 << 10

    private var head: [UInt8] = []
    private var bodyCount = 0
    private var done: ((Answer?) -> Void)?

    /// - Parameter done: called once, unless nobody wants to know any more.
    init(core: WorkerCore, peer: SocketAddress, done: ((Answer?) -> Void)?) {
        self.done = done
        super.init(core: core, peer: peer, localPort: 80, state: .waiting)
        flags = [.isStream]
        loop.register(self)
    }

    override func receive(into memory: UnsafeMutableRawBufferPointer) -> Transfer { .wouldBlock }

    override func write(_ bytes: UnsafeRawBufferPointer, headCount: Int, isLast: Bool) -> Bool {
        if headCount > 0 {
            let isInterim = bytes.count > 9 && bytes[9] == UInt8(ascii: "1")
            if !isInterim { head = Array(bytes[..<headCount]) }
        }
        bodyCount += bytes.count - headCount
        guard bodyCount > Self.maximumBody else { return true }
        close()
        return false
    }

    override func finishResponse() {
        exchange = nil
        end(with: answer)
    }

    override func close() {
        guard state != .closed else { return }
        let answer = answer
        state = .closed
        if let exchange {
            self.exchange = nil
            exchange.downstreamWasLost()
        }
        end(with: answer)
    }

    /// Nobody wants to know any more.
    func forget() {
        done = nil
        close()
    }

    private var answer: Answer? {
        guard head.count > 12 else { return nil }
        let status = head[9..<12].reduce(0) { $0 * 10 + Int($1 &- 0x30) }
        return Answer(status: status, head: head)
    }

    private func end(with answer: Answer?) {
        state = .closed
        loop.unregister(self)
        let done = self.done
        self.done = nil
        done?(answer)
    }
}
