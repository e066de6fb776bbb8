import EventLoop

/// After an upgrade: bytes both ways, each side held back by the other, each direction ended on its own.
extension Exchange {
    private static let pumpBudget = 8

    /// The upstream has agreed to the upgrade.
    func beginTunnel(headCount: Int, from start: Int, to end: Int) {
        guard let downstream, let connection else { return }
        responsePhase = .tunnel
        downstream.state = .tunnel
        loop.setDeadline(downstream, at: .max)
        headSentCount += UInt64(headCount)
        let head = UnsafeRawBufferPointer(rebasing: core.scratch[..<headCount])
        guard downstream.write(head, headCount: headCount) else { return }
        // What the client sent behind its request is the tunnel's.
        if !downstream.input.isEmpty {
            buffers.append(downstream.input.bytes, to: &body.memory)
            buffers.give(&downstream.input)
        }
        touch(connection)
        if start < end { relayToClient(start, end) }
        guard self.downstream === downstream else { return }
        pumpToUpstream()
        guard self.downstream === downstream, downstream.flags.contains(.mayRead) else { return }
        pumpDownstream()
    }

    private func touch(_ connection: UpstreamCarrier) {
        loop.setDeadline(connection, after: policy.readTimeoutMilliseconds)
    }

    func relayToClient(_ start: Int, _ end: Int) {
        guard let downstream else { return }
        responseCount += UInt64(end - start)
        upstreamBodyCount += UInt64(end - start)
        _ = downstream.write(UnsafeRawBufferPointer(rebasing: core.upstreamRead[start..<end]))
    }

    /// Reads from the client and sends to the upstream, as long as both are willing.
    func pumpDownstream() {
        guard let downstream, let connection, !downstreamHasEnded else { return }
        var budget = Self.pumpBudget
        while downstream.flags.contains(.mayRead), body.memory.isEmpty {
            if budget == 0 { return loop.runAgain(downstream) }
            budget -= 1
            let memory = core.downstreamRead
            switch downstream.receive(into: memory) {
            case .bytes(let count):
                receivedBody += UInt64(count)
                touch(connection)
                buffers.append(UnsafeRawBufferPointer(rebasing: memory[..<count]), to: &body.memory)
                pumpToUpstream()
                guard self.downstream === downstream else { return }
            case .wouldBlock: return
            case .ended:
                downstreamHasEnded = true
                pumpToUpstream()
                return
            case .failed: return downstream.close()
            }
        }
    }

    /// Sends what waits for the upstream, and the end of the stream behind it.
    func pumpToUpstream() {
        guard let connection, let downstream else { return }
        while !body.memory.isEmpty {
            switch connection.send(body.memory.bytes) {
            case .bytes(let count): body.memory.consumed(count)
            case .wouldBlock: return
            case .ended, .failed: return endTunnel()
            }
        }
        buffers.give(&body.memory)
        if downstreamHasEnded {
            if upstreamHasEnded { return endTunnel() }
            connection.shutdownWriting()
        } else if downstream.flags.contains(.mayRead) {
            loop.runAgain(downstream)
        }
    }

    /// The upstream sends no more; what it sent is with the client or waits for it.
    func upstreamClosedTunnel() {
        guard let downstream, let connection else { return }
        connection.mayRead = false
        upstreamHasEnded = true
        if downstreamHasEnded || downstream.hasBacklog { return endTunnel() }
        downstream.shutdownWriting()
    }

    /// Ends both sides, the client's after what still waits for it.
    private func endTunnel() {
        guard let downstream else { return }
        if let connection {
            note(connection.endpoint, status: status)
            self.connection = nil
            connection.close()
        }
        downstream.flags.insert(.closesAfterResponse)
        finish()
        downstream.finishResponse()
    }
}
