import CSystem
import Dispatch
import Glibc
import Logging
import ProcessSupervision
import Synchronization
import Threads

/// Serves reviews over TLS: a thread that accepts, and one for each connection.
///
/// Few clients are expected, the cluster's API servers, and they keep their connections. Every connection has a deadline for
/// everything that it is waited for; beyond `mostConnections`, new ones wait in the kernel's queue.
package final class WebhookServer: Sendable {
    package struct Limits: Hashable, Sendable {
        package var mostConnections = 32
        package var longestBody = 8 << 20
        /// For the handshake, for a request to arrive, and for an answer to leave.
        package var exchange: Duration = .seconds(10)
        /// For the handler, which has a shorter limit of its own.
        package var answer: Duration = .seconds(9)
        /// Between two requests.
        package var idle: Duration = .seconds(60)

        package init() {}
    }

    private struct State {
        var sockets: Set<Int32> = []
        var ends = false
        var accepting: DedicatedThread?
    }

    package let address: ListenAddress
    private let credentials: ServerCredentials
    private let handler: WebhookHandler
    private let limits: Limits
    private let logger: Logger
    private let listener: Int32
    private let wakeUp: Int32
    private let state = Mutex(State())

    /// Takes the address; connections are served from `start` on.
    package init(
        address: ListenAddress, credentials: ServerCredentials, handler: WebhookHandler, limits: Limits = Limits(),
        logger: Logger
    ) throws(ListenError) {
        listener = try ListeningSocket.open(on: address)
        self.address = ListeningSocket.localAddress(of: listener, like: address)
        wakeUp = portico_eventfd()
        self.credentials = credentials
        self.handler = handler
        self.limits = limits
        self.logger = logger
    }

    deinit {
        close(listener)
        close(wakeUp)
    }

    package func start() {
        do {
            let thread = try DedicatedThread("webhook") { [self] in accept() }
            state.withLock { $0.accepting = thread }
        } catch { fatalError("\(error)") }
    }

    /// Ends all connections, and returns when their threads no longer work.
    package func stop() async {
        let accepting = state.withLock { state in
            state.ends = true
            for socket in state.sockets { shutdown(socket, Int32(SHUT_RDWR)) }
            return state.accepting.take()
        }
        signal()
        guard let accepting else { return }
        // Not on a thread that answers need.
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                accepting.join()
                continuation.resume()
            }
        }
    }

    // MARK: Accepting

    private func accept() {
        while true {
            let (count, ends) = state.withLock { ($0.sockets.count, $0.ends) }
            if ends, count == 0 { return }
            let mayAccept = !ends && count < limits.mostConnections
            var entries = [
                pollfd(fd: wakeUp, events: Int16(POLLIN), revents: 0),
                pollfd(fd: listener, events: Int16(mayAccept ? POLLIN : 0), revents: 0),
            ]
            guard poll(&entries, 2, -1) > 0 else { continue }
            var token: UInt64 = 0
            if entries[0].revents != 0 { _ = read(wakeUp, &token, MemoryLayout.size(ofValue: token)) }
            if mayAccept, entries[1].revents != 0 { acceptOne() }
        }
    }

    private func acceptOne() {
        var storage = sockaddr_storage()
        var length = UInt32(MemoryLayout<sockaddr_storage>.size)
        let socket = portico_accept(listener, &storage, &length)
        guard socket >= 0 else {
            // Out of descriptors, most likely: without a pause this would spin.
            if errno != EAGAIN, errno != ECONNABORTED { usleep(50_000) }
            return
        }
        let isWelcome = state.withLock { state in
            if !state.ends { state.sockets.insert(socket) }
            return !state.ends
        }
        guard isWelcome else {
            close(socket)
            return
        }
        do {
            try DedicatedThread("webhook-client") { [self] in
                serve(socket)
                signal()
            }.detach()
        } catch {
            logger.error("a client of the webhook is turned away: \(error)")
            state.withLock { _ = $0.sockets.remove(socket) }
            close(socket)
        }
    }

    private func signal() {
        var one: UInt64 = 1
        _ = write(wakeUp, &one, MemoryLayout.size(ofValue: one))
    }

    // MARK: One connection

    private func serve(_ socket: Int32) {
        guard let stream = TLSStream(socket: socket, context: credentials.context) else {
            state.withLock { _ = $0.sockets.remove(socket) }
            return
        }
        if stream.handshake(until: .now + limits.exchange) {
            converse(stream)
            stream.sayGoodbye()
        } else {
            logger.debug("a client of the webhook did not finish its handshake")
        }
        // Before the stream closes it: until then `stop` may shut it down.
        state.withLock { _ = $0.sockets.remove(socket) }
    }

    private func converse(_ stream: borrowing TLSStream) {
        var reader = HTTPRequestReader(longestBody: limits.longestBody)
        var end = ContinuousClock.now + limits.idle
        while !state.withLock({ $0.ends }) {
            switch reader.next() {
            case .needsMore:
                let isFirst = reader.isEmpty
                guard receive(stream, into: &reader, until: end) else {
                    if !isFirst, ContinuousClock.now >= end {
                        _ = send(.refused(408, "the request did not arrive in time"), stream, keepsAlive: false)
                    }
                    return
                }
                if isFirst { end = .now + limits.exchange }
            case .expectsContinue:
                guard stream.send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8), until: end) else { return }
            case .refused(let status, let reason):
                _ = send(.refused(status, reason), stream, keepsAlive: false)
                return
            case .request(let request):
                guard send(answer(request), stream, keepsAlive: request.keepsAlive), request.keepsAlive else { return }
                end = .now + limits.idle
            }
        }
    }

    private func receive(
        _ stream: borrowing TLSStream, into reader: inout HTTPRequestReader, until end: ContinuousClock.Instant
    ) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 16_384, alignment: 16) { bytes in
            let count = stream.receive(into: bytes, until: end)
            reader.feed(bytes.prefix(count))
            return count > 0
        }
    }

    private func send(_ answer: WebhookAnswer, _ stream: borrowing TLSStream, keepsAlive: Bool) -> Bool {
        stream.send(answer.bytes(keepsAlive: keepsAlive), until: .now + limits.exchange)
    }

    /// Waits for the answer, which the handler promises within its own time.
    private func answer(_ request: WebhookRequest) -> WebhookAnswer {
        let pending = PendingAnswer()
        Task { pending.set(await handler.answer(request)) }
        return pending.wait(atMost: limits.answer)
    }
}

/// Carries an answer from a task to the thread that waits for it.
private final class PendingAnswer: Sendable {
    private let answer = Mutex<WebhookAnswer?>(nil)
    private let isThere = DispatchSemaphore(value: 0)

    func set(_ answer: WebhookAnswer) {
        self.answer.withLock { $0 = answer }
        isThere.signal()
    }

    func wait(atMost limit: Duration) -> WebhookAnswer {
        _ = isThere.wait(timeout: .now() + limit / .seconds(1))
        return answer.withLock { $0 } ?? .refused(503, "Portico cannot tell now: it is too busy")
    }
}
