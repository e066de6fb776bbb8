import EventLoop
import HTTP2Core
import HTTPCore

/// A client's connection once it speaks HTTP/2: the session between the connection's bytes and its streams.
final class DownstreamHTTP2: HTTP2Events {
    /// Reads of one connection per turn.
    private static let readBudget = 4
    /// How long requests that were on their way when the end was announced may take to arrive.
    private static let drainGraceMilliseconds: UInt32 = 1_000

    private enum Phase: UInt8 {
        case serving, announced, ending
    }

    unowned(unsafe) let connection: DownstreamConnection
    private let core: WorkerCore
    private let loop: EventLoop
    @exclusivity(unchecked) private(set) var session: HTTP2Session
    @exclusivity(unchecked) private unowned(unsafe) var first: DownstreamStream?
    @exclusivity(unchecked) private var phase = Phase.serving
    @exclusivity(unchecked) private var isIdle = true
    @exclusivity(unchecked) private var awaitsHead = false

    init(connection: DownstreamConnection) {
        self.connection = connection
        core = connection.core
        loop = connection.loop
        session = HTTP2Session(.server, core.tables.http2Limits, context: core.http2)
        super.init()
        session.events = self
        core.counters.http2Connections += 1
        awaitActivity()
    }

    /// The connection is closed: so are its streams.
    func connectionWasLost() {
        while let stream = first {
            unlink(stream)
            stream.end()
        }
    }

    // MARK: Bytes

    /// Takes bytes that were read.
    func receive(_ bytes: UnsafeRawBufferPointer) {
        let goesOn = session.receive(bytes, at: loop.now)
        if let flood = session.flood, phase != .ending {
            core.counters.http2Floods[Int(flood.rawValue)] += 1
            end()
        }
        if !goesOn { end() }
        wantsFlush()
    }

    /// Reads what the connection has.
    func read() {
        var budget = Self.readBudget
        while connection.flags.contains(.mayRead), connection.state == .http2 {
            if budget == 0 { return loop.runAgain(connection) }
            budget -= 1
            switch connection.receive(into: core.downstreamRead) {
            case .bytes(let count): receive(UnsafeRawBufferPointer(rebasing: core.downstreamRead[..<count]))
            case .wouldBlock: return
            case .ended, .failed: return connection.close()
            }
        }
    }

    /// The connection's next turn is to send.
    func wantsFlush() { loop.runAgain(connection) }

    /// Sends what the session has, as long as the client takes it.
    func flush() {
        while !connection.hasBacklog {
            session.collect()
            if session.output.isEmpty { return sentAll() }
            guard connection.write(session.output.bytes, headCount: 0, isLast: false) else { return }
            session.output.removeAll()
        }
    }

    private func sentAll() {
        core.buffers.give(&session.output)
        if session.isOver { return connection.endHTTP2() }
        if session.streamCount == 0 && !isIdle || session.isReadingHead != awaitsHead { awaitActivity() }
    }

    /// Sets how long the client may be silent. While a stream is open, its own deadlines count.
    private func awaitActivity() {
        isIdle = session.streamCount == 0
        awaitsHead = session.isReadingHead
        guard phase == .serving else { return }
        if awaitsHead || isIdle && session.streamsBegun == 0 {
            loop.setDeadline(connection, after: core.tables.globals.clientHeaderTimeoutMilliseconds)
        } else if isIdle {
            loop.setDeadline(connection, after: core.tables.globals.keepAliveTimeoutMilliseconds)
        } else {
            loop.setDeadline(connection, at: .max)
        }
    }

    // MARK: The end

    func deadlinePassed() {
        if connection.hasBacklog {
            core.counters.timeouts += 1
            return connection.close()
        }
        if phase == .announced {
            phase = .ending
            session.takeNoMoreStreams()
        } else {
            end()
        }
        wantsFlush()
    }

    private func end() {
        guard phase != .ending else { return }
        phase = .ending
        session.end(HTTP2ErrorCode.noError)
    }

    /// The worker stops: what has begun is finished, and the client told to go elsewhere.
    func drain() {
        guard phase == .serving else { return }
        phase = .announced
        session.announceEnd()
        loop.setDeadline(connection, after: Self.drainGraceMilliseconds)
        wantsFlush()
    }

    // MARK: Streams

    private func begin(_ stream: HTTP2Stream) -> DownstreamStream {
        isIdle = false
        if phase == .serving, !awaitsHead { loop.setDeadline(connection, at: .max) }
        let handler = core.takeDownstreamStream()
        stream.owner = handler
        handler.begin(stream, of: self)
        handler.next = first
        first?.previous = handler
        first = handler
        if session.streamsBegun >= core.tables.globals.keepAliveRequests, phase == .serving {
            phase = .ending
            session.takeNoMoreStreams()
        }
        return handler
    }

    private func unlink(_ stream: DownstreamStream) {
        stream.next?.previous = stream.previous
        if let previous = stream.previous { previous.next = stream.next } else { first = stream.next }
        stream.next = nil
        stream.previous = nil
    }

    private func handler(_ stream: HTTP2Stream) -> DownstreamStream? {
        stream.owner.map { unsafeDowncast($0, to: DownstreamStream.self) }
    }

    // MARK: Events

    override func requestBegan(_ stream: HTTP2Stream, head: UnsafeRawBufferPointer) {
        let handler = begin(stream)
        var progress = HeadProgress()
        let request = core.requestHead
        switch RequestHeadParser.parse(head, &progress, limits: Self.textLimits, into: request) {
        case .complete:
            let exchange = core.takeExchange()
            handler.exchange = exchange
            if stream.remoteHasEnded { handler.flags.insert(.willEnd) }
            _ = exchange.begin(handler, head, request)
        case .failed(let error): refuse(handler, status: error.status)
        case .incomplete: refuse(handler, status: 400)
        }
    }

    /// The session has held the fields to their limits; as text they are a little longer.
    private static let textLimits = HeadLimits(lineBytes: 1 << 20, blockBytes: 2 << 20)

    override func requestRefused(_ stream: HTTP2Stream, status: Int) { refuse(begin(stream), status: status) }

    private func refuse(_ handler: DownstreamStream, status: Int) {
        core.counters.requests += 1
        core.counters.malformedRequests += 1
        if status == 431 { core.counters.headersTooLarge += 1 }
        core.log.refused(status: status, peer: handler.peer, core: core)
        var writer = ByteWriter(core.scratch)
        ErrorAnswer.write(status: status, date: core.time.date, closes: false, omitsBody: false, to: &writer)
        let headCount = writer.count - ErrorAnswer.bodyByteCount(status)
        if handler.write(writer.written, headCount: headCount, isLast: true) { handler.finishResponse() }
    }

    override func data(_ stream: HTTP2Stream, _ bytes: UnsafeRawBufferPointer) {
        guard let handler = handler(stream), handler.exchange != nil else {
            return session.discard(stream, bytes.count)
        }
        handler.received(bytes)
    }

    override func trailers(_ stream: HTTP2Stream, lines: UnsafeRawBufferPointer) {
        handler(stream)?.exchange?.keepTrailers(lines)
    }

    override func remoteEnded(_ stream: HTTP2Stream) { handler(stream)?.remoteEnded() }

    override func drained(_ stream: HTTP2Stream) { handler(stream)?.drained() }

    override func streamClosed(_ stream: HTTP2Stream, code: UInt32) {
        guard let handler = handler(stream) else { return }
        unlink(handler)
        handler.end()
        // The connection's idle time begins, once what there is has been sent.
        if session.streamCount == 0 { wantsFlush() }
    }
}
