import EventLoop
import HTTPCore

/// Reading requests one after the other.
extension DownstreamConnection {
    /// Requests begun in one turn before others have theirs.
    private static let requestBudget = 32

    /// Reads and begins requests until one is under way or nothing is left.
    func readRequests() {
        // An answer made at once comes back here through `continueAfterResponse`; the outer call goes on.
        if flags.contains(.isProcessing) { return }
        flags.insert(.isProcessing)
        beginRequests()
        flags.remove(.isProcessing)
        // More of the body, or the end of the stream, may have come together with the head: no event tells of it again.
        if state == .readingBody, flags.contains(.mayRead) { loop.runAgain(self) }
        closeIfAbandoned()
    }

    private func beginRequests() {
        var budget = Self.requestBudget
        while state == .idle || state == .readingHead {
            if !output.isEmpty { return }
            if budget == 0 { return loop.runAgain(self) }
            budget -= 1
            guard input.isEmpty ? readFresh() : readMore() else { return }
        }
    }

    /// Reads into the loop's buffer, where most requests are parsed and used up.
    /// - Returns: whether to look for another request.
    private func readFresh() -> Bool {
        guard flags.contains(.mayRead) else { return false }
        let memory = core.downstreamRead
        switch receive(into: memory) {
        case .bytes(let count):
            let bytes = UnsafeRawBufferPointer(rebasing: memory[..<count])
            let used = begin(bytes)
            guard state != .closed else { return false }
            if used < count { core.buffers.append(UnsafeRawBufferPointer(rebasing: bytes[used...]), to: &input) }
            return used > 0 || flags.contains(.mayRead)
        case .wouldBlock: return false
        case .ended, .failed:
            close()
            return false
        }
    }

    /// Goes on with the bytes that wait in `input`, and reads more where they are no whole head.
    private func readMore() -> Bool {
        // Held here meanwhile: an answer made at once may end the connection and free its buffers.
        var taken = input
        input = PooledBuffer()
        let used = begin(taken.bytes)
        taken.consumed(used)
        if taken.isEmpty || state == .closed || state == .lingering {
            core.buffers.give(&taken)
        } else {
            input = taken
        }
        if used > 0 { return state != .closed }
        guard state == .idle || state == .readingHead, flags.contains(.mayRead) else { return false }
        return fillInput()
    }

    /// Parses a head at the start of `bytes` and begins its exchange.
    /// - Returns: the bytes used up, body bytes included; 0 where the head is not whole.
    private func begin(_ bytes: UnsafeRawBufferPointer) -> Int {
        let head = core.requestHead
        switch RequestHeadParser.parse(bytes, &progress, limits: core.tables.headLimits, into: head) {
        case .complete(let count):
            progress = HeadProgress()
            let exchange = core.takeExchange()
            self.exchange = exchange
            state = .waiting
            requests += 1
            if !head.isKeepAlive || core.isDraining || core.tables.globals.keepAliveTimeoutMilliseconds == 0
                || requests >= core.tables.globals.keepAliveRequests
            {
                flags.insert(.closesAfterResponse)
            }
            // From here on the exchange's timeouts count.
            loop.setDeadline(self, at: .max)
            return count + exchange.begin(self, bytes, head)
        case .incomplete:
            if state == .idle {
                state = .readingHead
                loop.setDeadline(self, after: core.tables.globals.clientHeaderTimeoutMilliseconds)
            }
            return 0
        case .failed where requests == 0 && HTTP2Preface.begins(bytes) && core.tables.globals.usesHTTP2:
            beginHTTP2(received: bytes)
            return bytes.count
        case .failed(let error):
            core.counters.malformedRequests += 1
            if error.status == 431 || error.status == 414 { core.counters.headersTooLarge += 1 }
            progress = HeadProgress()
            refuse(status: error.status)
            return bytes.count
        }
    }

    /// Answers something that is no request, and closes.
    func refuse(status: Int) {
        core.counters.requests += 1
        core.log.refused(status: status, peer: peer, core: core)
        flags.insert([.closesAfterResponse, .lingers])
        var writer = ByteWriter(core.scratch)
        ErrorAnswer.write(status: status, date: core.time.date, closes: true, omitsBody: false, to: &writer)
        state = .waiting
        guard write(writer.written, headCount: 0, isLast: true) else { return }
        finishResponse()
    }
}
