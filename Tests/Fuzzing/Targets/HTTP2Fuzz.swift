import EventLoop
import HTTP2Core
import HTTPCore

// Whatever a client sends behind the preface: what comes out as a head is text that the strict parser takes or refuses,
// and every stream begins once.

// libFuzzer calls on one thread.
nonisolated(unsafe) private let context = HTTP2Context(buffers: BufferPool())
nonisolated(unsafe) private let request = RequestHead()
private let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0]

private final class Recorder: HTTP2Events {
    var log: [String] = []
    var session: HTTP2Session!
    private var openStreams: Set<Int32> = []
    private var waiting: [HTTP2Stream] = []

    override func requestBegan(_ stream: HTTP2Stream, head: UnsafeRawBufferPointer) {
        precondition(openStreams.insert(stream.identifier).inserted)
        var progress = HeadProgress()
        let limits = HeadLimits(lineBytes: 1 << 20, blockBytes: 2 << 20)
        let outcome = RequestHeadParser.parse(head, &progress, limits: limits, into: request)
        precondition(outcome != .incomplete)
        if case .complete(let count) = outcome { precondition(count == head.count) }
        log.append("request \(stream.identifier) \(String(decoding: head.prefix(16), as: UTF8.self))")
        waiting.append(stream)
    }

    override func requestRefused(_ stream: HTTP2Stream, status: Int) {
        precondition(openStreams.insert(stream.identifier).inserted)
        log.append("refused \(stream.identifier) \(status)")
        waiting.append(stream)
    }

    override func data(_ stream: HTTP2Stream, _ bytes: UnsafeRawBufferPointer) {
        if stream.lingers {
            session.discard(stream, bytes.count)
            if bytes.first == 0 { session.endLingering(stream) }
        } else {
            session.consumed(stream, bytes.count)
        }
    }

    override func remoteEnded(_ stream: HTTP2Stream) { log.append("end \(stream.identifier)") }

    override func streamClosed(_ stream: HTTP2Stream, code: UInt32) {
        openStreams.remove(stream.identifier)
        waiting.removeAll { $0 === stream }
        log.append("closed \(stream.identifier)")
    }

    /// Answers what waits, and throws the output away.
    func answer() {
        let head = Array("HTTP/1.1 200 OK\r\nX-A: b\r\n\r\n".utf8)
        for stream in waiting {
            head.withUnsafeBytes { _ = session.respond(stream, head: $0, isLast: false) }
            [1, 2, 3].withUnsafeBytes { session.write(stream, $0, isLast: true) }
        }
        waiting = []
        for _ in 0..<64 {
            session.collect()
            if session.output.isEmpty { return }
            session.output.removeAll()
        }
    }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = preface + Array(UnsafeBufferPointer(start: start, count: count))
    // Not compared: nghttp2 counts a CONTINUATION anew with every read that it takes to come.
    for piece in [1, 13, bytes.count] { _ = run(bytes, piece: piece, answers: false) }
    _ = run(bytes, piece: 7, answers: true)
    return 0
}

private func run(_ bytes: [UInt8], piece: Int, answers: Bool) -> [String] {
    let recorder = Recorder()
    var limits = HTTP2Limits()
    limits.headBytes = 1_024
    limits.fieldBytes = 512
    recorder.session = HTTP2Session(.server, limits, events: recorder, context: context)
    for start in stride(from: 0, to: bytes.count, by: piece) {
        let goesOn = Array(bytes[start..<min(start + piece, bytes.count)]).withUnsafeBytes {
            recorder.session.receive($0, at: 1)
        }
        if answers { recorder.answer() }
        if !goesOn { break }
    }
    return recorder.log
}
