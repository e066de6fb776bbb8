import EventLoop
import HTTP2Core

/// One side of an HTTP/2 connection over a blocking socket: the client of the proxy, or the endpoint behind it.
final class TestHTTP2: HTTP2Events {
    let socket: TestSocket
    let session: HTTP2Session
    private(set) var heads: [Int32: [String]] = [:]
    private(set) var bodies: [Int32: String] = [:]
    private(set) var trailers: [Int32: String] = [:]
    private(set) var ended: Set<Int32> = []
    private(set) var closed: [Int32: UInt32] = [:]
    private(set) var streams: [Int32: HTTP2Stream] = [:]
    private(set) var newest: Int32 = 0
    private(set) var goAwayCode: UInt32?
    var consumes = true

    init(_ role: HTTP2Session.Role, _ socket: TestSocket, _ limits: HTTP2Limits = HTTP2Limits()) {
        self.socket = socket
        session = HTTP2Session(role, limits, context: HTTP2Context(buffers: BufferPool()))
        super.init()
        session.events = self
        flush()
    }

    func flush() {
        while true {
            session.collect()
            if session.output.isEmpty { return }
            socket.send(Array(session.output.bytes))
            session.output.removeAll()
        }
    }

    /// Reads until `condition` holds; false where the connection ends or stays silent before.
    @discardableResult
    func wait(until condition: () -> Bool) -> Bool {
        while !condition() {
            flush()
            guard let bytes = socket.readBytes() else { return condition() }
            _ = bytes.withUnsafeBytes { session.receive($0, at: 1) }
            flush()
        }
        return true
    }

    /// Takes what comes within a moment.
    func turn() {
        flush()
        guard let bytes = socket.readBytes(milliseconds: 20) else { return }
        _ = bytes.withUnsafeBytes { session.receive($0, at: 1) }
        flush()
    }

    // MARK: As a client

    /// - Parameter body: nil sends none; the empty text begins one.
    func request(_ lines: [String], body: String? = nil, isLast: Bool = true) -> Int32 {
        let head = Array((lines + ["", ""]).joined(separator: "\r\n").utf8)
        let stream = head.withUnsafeBytes {
            session.request($0, scheme: "http", takesTrailers: false, hasBody: body != nil, owner: self)
        }
        guard let stream else { return 0 }
        streams[stream.identifier] = stream
        let identifier = stream.identifier
        if let body { write(identifier, body, isLast: isLast) }
        flush()
        return identifier
    }

    func get(_ path: String, _ extra: String...) -> Int32 {
        request(["GET \(path) HTTP/1.1", "Host: shop.example"] + extra)
    }

    func write(_ identifier: Int32, _ text: String, isLast: Bool) {
        guard let stream = streams[identifier] else { return }
        Array(text.utf8).withUnsafeBytes { session.write(stream, $0, isLast: isLast) }
        flush()
    }

    func finish(_ identifier: Int32, trailers: String) {
        guard let stream = streams[identifier] else { return }
        Array(trailers.utf8).withUnsafeBytes { session.finish(stream, trailers: $0) }
        flush()
    }

    func reset(_ identifier: Int32, _ code: UInt32) {
        if let stream = streams[identifier] { session.reset(stream, code) }
        flush()
    }

    /// The final response, once it is whole.
    func response(_ identifier: Int32) -> TestMessage? {
        wait { ended.contains(identifier) || closed[identifier] != nil }
        return heads[identifier]?.last.map { TestMessage(head: $0, body: bodies[identifier] ?? "") }
    }

    // MARK: As an endpoint

    /// The next request's number, once its head is there.
    func nextRequest() -> Int32? {
        let last = newest
        return wait { newest > last } ? newest : nil
    }

    func respond(
        _ identifier: Int32, _ lines: [String], body: String? = nil, trailers: [String] = [], isLast: Bool = true
    ) {
        guard let stream = streams[identifier] else { return }
        let head = Array((lines + ["", ""]).joined(separator: "\r\n").utf8)
        _ = head.withUnsafeBytes {
            session.respond(stream, head: $0, isLast: body == nil && trailers.isEmpty && isLast)
        }
        if let body { write(identifier, body, isLast: trailers.isEmpty && isLast) }
        if !trailers.isEmpty {
            let text = Array(trailers.map { $0 + "\r\n" }.joined().utf8)
            text.withUnsafeBytes { session.finish(stream, trailers: $0) }
        }
        flush()
    }

    func head(_ identifier: Int32) -> TestMessage {
        TestMessage(head: heads[identifier]?.last ?? "", body: bodies[identifier] ?? "")
    }

    // MARK: Events

    override func requestBegan(_ stream: HTTP2Stream, head: UnsafeRawBufferPointer) {
        streams[stream.identifier] = stream
        newest = stream.identifier
        heads[stream.identifier] = [String(decoding: head, as: UTF8.self)]
    }

    override func responseHead(_ stream: HTTP2Stream, head: UnsafeRawBufferPointer) {
        heads[stream.identifier, default: []].append(String(decoding: head, as: UTF8.self))
    }

    override func data(_ stream: HTTP2Stream, _ bytes: UnsafeRawBufferPointer) {
        bodies[stream.identifier, default: ""] += String(decoding: bytes, as: UTF8.self)
        if consumes { session.consumed(stream, bytes.count) }
    }

    override func trailers(_ stream: HTTP2Stream, lines: UnsafeRawBufferPointer) {
        trailers[stream.identifier] = String(decoding: lines, as: UTF8.self)
    }

    override func remoteEnded(_ stream: HTTP2Stream) { ended.insert(stream.identifier) }

    override func streamClosed(_ stream: HTTP2Stream, code: UInt32) {
        streams[stream.identifier] = nil
        closed[stream.identifier] = code
    }

    override func goAwayCame(code: UInt32) { goAwayCode = code }
}
