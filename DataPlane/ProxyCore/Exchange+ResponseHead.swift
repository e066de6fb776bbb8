import EventLoop
import HTTPCore
import PorticoModel
import Upstreams

/// Reading the response and passing on its head.
extension Exchange {
    /// Reads of one connection per turn.
    private static let readBudget = 4
    private static let headLimits = HeadLimits(lineBytes: 32 << 10, blockBytes: 32 << 10)
    /// What stands for the limits above.
    private static let standardBufferBytes = RoutePolicy().responseBufferBytes
    private static let maximumHeadBytes = 64 << 10

    /// Reads the response until nothing comes or the client has to catch up.
    func readResponse(from connection: UpstreamCarrier) {
        guard let downstream else { return }
        var budget = Self.readBudget
        while connection.mayRead {
            // The client's backlog comes first.
            if downstream.hasBacklog || held != nil, !mayReadAhead() { return loop.setDeadline(connection, at: .max) }
            if budget == 0 { return loop.runAgain(connection) }
            budget -= 1
            var room = WorkerCore.upstreamReadCount
            if let extras, let paced = pacedRoom(extras, connection) {
                if paced == 0 { return }
                room = min(room, paced)
            }
            let memory = UnsafeMutableRawBufferPointer(
                rebasing: core.upstreamRead[WorkerCore.headroom..<(WorkerCore.headroom + room)])
            switch connection.receive(into: memory) {
            case .bytes(let count):
                received(WorkerCore.headroom, WorkerCore.headroom + count, from: connection, for: downstream)
            case .wouldBlock: return
            case .ended: return upstreamEnded()
            case .failed: return upstreamFailed()
            }
            guard connection.mayRead, self.connection === connection, connection.exchange === self else { return }
        }
    }

    private func upstreamFailed() {
        if hasResponded { return endResponse(isComplete: false) }
        attemptFailed(.connectionLost)
    }

    private func upstreamEnded() {
        switch responsePhase {
        case .awaitingHead: attemptFailed(.connectionLost)
        case .body: endResponse(isComplete: responseFraming == .untilClose)
        case .tunnel: upstreamClosedTunnel()
        }
    }

    /// Takes what was read into `core.upstreamRead[start..<end]`.
    private func received(
        _ start: Int, _ end: Int, from connection: UpstreamCarrier, for downstream: Downstream
    ) {
        if requestIsSent { loop.setDeadline(connection, after: policy.readTimeoutMilliseconds) }
        switch responsePhase {
        case .body: relayBody(from: start, to: end, headCount: 0, for: downstream)
        case .tunnel: relayToClient(start, end)
        case .awaitingHead: receivedHead(start, end, from: connection, for: downstream)
        }
    }

    private func receivedHead(
        _ start: Int, _ end: Int, from connection: UpstreamCarrier, for downstream: Downstream
    ) {
        var (start, end) = (start, end)
        if !connection.input.isEmpty {
            // The head comes in pieces: put it together in the loop's buffer, in front of what was just read.
            let earlier = connection.input.count
            guard earlier <= start - WorkerCore.maximumWrittenHead / 8 else { return attemptFailed(.invalidResponse) }
            start -= earlier
            UnsafeMutableRawBufferPointer(rebasing: core.upstreamRead[start...]).copyMemory(
                from: connection.input.bytes)
            buffers.give(&connection.input)
        }
        let bufferBytes = policy.responseBufferBytes
        let limits = bufferBytes == Self.standardBufferBytes ? Self.headLimits : Self.limits(bufferBytes)
        while true {
            let bytes = UnsafeRawBufferPointer(rebasing: core.upstreamRead[start..<end])
            switch ResponseHeadParser.parse(
                bytes, answering: method, &responseProgress, limits: limits, into: core.responseHead)
            {
            case .incomplete:
                buffers.append(bytes, to: &connection.input)
                return
            case .failed: return attemptFailed(.invalidResponse)
            case .complete(let count):
                responseProgress = HeadProgress()
                guard core.responseHead.isInterim else {
                    return respond(bytes, bodyStart: start + count, end: end, from: connection, for: downstream)
                }
                if !passInterim(bytes) { return }
                start += count
                if start == end { return }
            }
        }
    }

    /// `proxy-buffer-size` bounds the head where it is other than nginx's default, which is less than what is taken here.
    private static func limits(_ bufferBytes: UInt32) -> HeadLimits {
        let count = min(Int(bufferBytes), maximumHeadBytes)
        return HeadLimits(lineBytes: count, blockBytes: count)
    }

    /// Passes an interim response on, save 100: the proxy has answered that one itself.
    /// - Returns: false where the client is gone.
    private func passInterim(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let response = core.responseHead
        guard response.status != 100, !isHTTP10, let downstream else { return true }
        var writer = ByteWriter(core.scratch)
        writeStatusLine(bytes, response, to: &writer)
        copyFields(bytes, response, to: &writer)
        writer.appendLineEnd()
        return writer.overflowed || downstream.write(writer.written, headCount: writer.count)
    }

    /// The final response's head is there.
    private func respond(
        _ bytes: UnsafeRawBufferPointer, bodyStart: Int, end: Int, from connection: UpstreamCarrier,
        for downstream: Downstream
    ) {
        let response = core.responseHead
        status = response.status
        respondedAt = now
        if status >= 400, policy.retryConditions.rawValue > RetryConditions.timeout.rawValue << 1,
            shouldRetry(status, connection)
        {
            return attemptFailed(.status(status))
        }
        connection.endpoint.succeeded()
        if let extras {
            noteResponseTime(connection.endpoint, extras)
            if let firewall = extras.firewall, !passesFirewall(bytes, response, firewall, extras) { return }
            if hasErrorPage(for: status, isResponse: true, extras) { return startErrorPage(for: status, extras) }
        }
        if status == 101 {
            guard wantsUpgrade else { return attemptFailed(.invalidResponse) }
        }
        upstreamIsReusable = response.isKeepAlive
        responseFraming = response.framing
        stripsChunks = isHTTP10 || downstream.isStream
        encodesChunks = false
        switch response.framing {
        case .none: break
        // The session has held the body to its length, and trailers may follow it.
        case .length where connection.isStream: responseFraming = .untilClose
        case .length(let count): remainingResponse = count
        case .chunked: responseChunks = ChunkedDecoder()
        case .untilClose: encodesChunks = !stripsChunks && status != 101
        }
        // A head that is all of its stream stays that: it may carry what else trailers do.
        if connection.isStream, downstream.isStream, bodyStart == end, connection.isAtEnd { responseFraming = .none }
        if isHTTP10, response.framing == .chunked || response.framing == .untilClose {
            downstream.flags.insert(.closesAfterResponse)
        }
        if core.isDraining { downstream.flags.insert(.closesAfterResponse) }
        if !hasWholeBody { downstream.flags.insert([.closesAfterResponse, .lingers]) }
        let varies = extras.map { beginCompression(bytes, response, $0, for: downstream) } ?? false
        var writer = ByteWriter(core.scratch)
        writeResponseHead(bytes, response, for: downstream, to: &writer)
        guard !writer.overflowed, extras.map({ edit(&writer, varies: varies, $0) }) ?? true else {
            return attemptFailed(.invalidResponse)
        }
        hasResponded = true
        if let extras { holdPaced(extras) }
        if status == 101 { return beginTunnel(headCount: writer.count, from: bodyStart, to: end) }
        responsePhase = .body
        relayBody(from: bodyStart, to: end, headCount: writer.count, for: downstream)
    }

    private func shouldRetry(_ status: Int, _ connection: UpstreamCarrier) -> Bool {
        let state = AttemptState(
            attempts: attempts, endpointCount: connection.endpoint.upstream.endpoints.count,
            elapsedMilliseconds: now - startedAt, isIdempotent: method.isIdempotent,
            isReplayable: !hasStreamedBytes, hasSentBytes: true, isReused: isReused)
        return RetryOrder.decide(after: .status(status), state, by: policy) == .retryOnNextEndpoint
    }

    // MARK: Writing the head

    private func writeResponseHead(
        _ bytes: UnsafeRawBufferPointer, _ response: ResponseHead, for downstream: Downstream,
        to writer: inout ByteWriter
    ) {
        writeStatusLine(bytes, response, to: &writer)
        let isForTLSOnly = addsStrictTransportSecurity(downstream)
        copyFields(bytes, response, dropsTransportSecurity: isForTLSOnly, to: &writer)
        if isForTLSOnly { writer.append(strictTransportSecurity) }
        if !response.fields.present.contains(.date) {
            writer.append("Date: ")
            writer.append(core.time.date)
            writer.appendLineEnd()
        }
        if status == 101 {
            writer.append("Connection: upgrade\r\n")
            if let upgrade = response.fields.value(of: .upgrade) {
                writer.append("Upgrade: ")
                writer.append(bytes, range: upgrade)
                writer.appendLineEnd()
            }
        } else if !downstream.isStream {
            if !isHTTP10, response.framing == .chunked || encodesChunks {
                writer.append("Transfer-Encoding: chunked\r\n")
            }
            let closes = downstream.flags.contains(.closesAfterResponse)
            writer.append(closes ? "Connection: close\r\n" : "Connection: keep-alive\r\n")
        }
        writer.appendLineEnd()
    }

    private func writeStatusLine(
        _ bytes: UnsafeRawBufferPointer, _ response: ResponseHead, to writer: inout ByteWriter
    ) {
        writer.append("HTTP/1.1 ")
        writer.append(decimal: UInt64(response.status), digits: 3)
        writer.append(UInt8(ascii: " "))
        writer.append(bytes, range: response.reason)
        writer.appendLineEnd()
    }

    private func copyFields(
        _ bytes: UnsafeRawBufferPointer, _ response: ResponseHead, dropsTransportSecurity: Bool = false,
        to writer: inout ByteWriter
    ) {
        let fields = response.fields
        let passesServer = tables.globals.passesServerHeader
        var runStart = -1
        for index in 0..<fields.count {
            let field = fields[index]
            let isDropped =
                field.flags.contains(.hopByHop)
                || (core.hiddenResponseFields.contains(field.id) && !(passesServer && field.id == .server))
                || dropsTransportSecurity && isStrictTransportSecurity(bytes[field.name])
            if isDropped {
                if runStart >= 0 { writer.append(bytes, range: ByteRange(runStart, Int(field.nameStart))) }
                runStart = -1
            } else if runStart < 0 {
                runStart = Int(field.nameStart)
            }
        }
        if runStart >= 0 { writer.append(bytes, range: ByteRange(runStart, response.byteCount - 2)) }
    }
}
