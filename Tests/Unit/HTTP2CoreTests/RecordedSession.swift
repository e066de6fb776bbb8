import EventLoop

@testable import HTTP2Core

/// A session whose events are written down, driven by bytes.
final class RecordedSession: HTTP2Events {
    private(set) var session: HTTP2Session!
    private(set) var log: [String] = []
    private(set) var heads: [Int32: String] = [:]
    private(set) var bodies: [Int32: [UInt8]] = [:]
    private(set) var streams: [Int32: HTTP2Stream] = [:]
    private(set) var isAlive = true
    var milliseconds: UInt64 = 1_000
    /// Credit is given back at once.
    var consumes = true
    /// Nobody wants the bodies.
    var discards = false

    init(_ role: HTTP2Session.Role, _ limits: HTTP2Limits = HTTP2Limits()) {
        super.init()
        session = HTTP2Session(role, limits, events: self, context: HTTP2Context(buffers: BufferPool()))
    }

    /// A server that has seen a client's preface and settings.
    static func server(_ limits: HTTP2Limits = HTTP2Limits()) -> RecordedSession {
        let server = RecordedSession(.server, limits)
        _ = server.take(RawFrame.preface + RawFrame.settings().bytes)
        return server
    }

    /// Takes bytes.
    /// - Returns: the frames of the answer.
    func take(_ bytes: [UInt8]) -> [RawFrame] {
        if isAlive { isAlive = bytes.withUnsafeBytes { session.receive($0, at: milliseconds) } }
        return output()
    }

    func take(_ frames: [RawFrame]) -> [RawFrame] { take(frames.flatMap(\.bytes)) }

    /// What the session has to send.
    func output() -> [RawFrame] { RawFrame.parse(outputBytes()) }

    func outputBytes() -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            session.collect()
            if session.output.isEmpty { return bytes }
            bytes += Array(session.output.bytes)
            session.output.consumed(session.output.count)
        }
    }

    func respond(_ identifier: Int32, _ head: String, isLast: Bool = true) {
        guard let stream = streams[identifier] else { return }
        let text = Array(head.utf8)
        text.withUnsafeBytes { _ = session.respond(stream, head: $0, isLast: isLast) }
    }

    func write(_ identifier: Int32, _ bytes: [UInt8], isLast: Bool) {
        guard let stream = streams[identifier] else { return }
        bytes.withUnsafeBytes { session.write(stream, $0, isLast: isLast) }
    }

    func request(_ head: String, hasBody: Bool = false, takesTrailers: Bool = false) -> Int32? {
        let text = Array(head.utf8)
        let stream = text.withUnsafeBytes {
            session.request($0, scheme: "http", takesTrailers: takesTrailers, hasBody: hasBody, owner: self)
        }
        guard let stream else { return nil }
        streams[stream.identifier] = stream
        return stream.identifier
    }

    // MARK: Events

    override func requestBegan(_ stream: HTTP2Stream, head: UnsafeRawBufferPointer) {
        streams[stream.identifier] = stream
        heads[stream.identifier] = String(decoding: head, as: UTF8.self)
        log.append("request \(stream.identifier)")
    }

    override func requestRefused(_ stream: HTTP2Stream, status: Int) {
        streams[stream.identifier] = stream
        log.append("refused \(stream.identifier) \(status)")
    }

    override func responseHead(_ stream: HTTP2Stream, head: UnsafeRawBufferPointer) {
        heads[stream.identifier] = String(decoding: head, as: UTF8.self)
        log.append("response \(stream.identifier) \(HeadText.status(of: head))")
    }

    override func data(_ stream: HTTP2Stream, _ bytes: UnsafeRawBufferPointer) {
        if discards { return session.discard(stream, bytes.count) }
        bodies[stream.identifier, default: []] += Array(bytes)
        if consumes { session.consumed(stream, bytes.count) }
    }

    override func trailers(_ stream: HTTP2Stream, lines: UnsafeRawBufferPointer) {
        log.append("trailers \(stream.identifier) \(String(decoding: lines, as: UTF8.self))")
    }

    override func remoteEnded(_ stream: HTTP2Stream) { log.append("end \(stream.identifier)") }

    override func drained(_ stream: HTTP2Stream) { log.append("drained \(stream.identifier)") }

    override func streamClosed(_ stream: HTTP2Stream, code: UInt32) {
        streams[stream.identifier] = nil
        log.append("closed \(stream.identifier) \(code)")
    }

    override func goAwayCame(code: UInt32) { log.append("goaway \(code)") }
}

/// A client and a server that hear each other.
struct SessionPair {
    let client: RecordedSession
    let server: RecordedSession

    init(client clientLimits: HTTP2Limits = HTTP2Limits(), server serverLimits: HTTP2Limits = HTTP2Limits()) {
        client = RecordedSession(.client, clientLimits)
        server = RecordedSession(.server, serverLimits)
        exchange()
    }

    /// Carries bytes both ways until neither has anything to say.
    func exchange() {
        while true {
            let requests = client.outputBytes()
            if !requests.isEmpty { _ = feed(server, requests) }
            let responses = server.outputBytes()
            if !responses.isEmpty { _ = feed(client, responses) }
            if requests.isEmpty, responses.isEmpty { return }
        }
    }

    private func feed(_ side: RecordedSession, _ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { side.session.receive($0, at: side.milliseconds) }
    }
}
