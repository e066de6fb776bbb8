import EventLoop

/// Reading the response ahead of a slow client, so that it does not hold the endpoint (`proxy-buffering`).
///
/// A client that keeps up never sees any of this: the first bytes are held when its connection takes no more. With
/// `limit-rate` all of the body goes this way, because then the pace is the client's and not the endpoint's.
extension Exchange {
    /// Pieces handed to the client per turn.
    private static let pieceBudget = 8

    /// Whether the response may be read on, although its client has not taken what is there.
    func mayReadAhead() -> Bool {
        if let held { return held.isEmpty && downstream?.hasBacklog == false || held.hasRoom }
        guard readsAhead, responsePhase == .body else { return false }
        hold()
        return true
    }

    /// Calls are never read ahead, as with nginx: their messages are for the moment.
    private var readsAhead: Bool { policy.buffersResponses && !policy.backendProtocol.isGRPC }

    private func hold() {
        let held = HeldResponse(self)
        loop.register(held)
        self.held = held
    }

    /// The response's head is about to go out: where the body has a pace, it is held from the beginning.
    func holdPaced(_ extras: ExchangeExtras) {
        if readsAhead, status != 101, isPaced(extras) { hold() }
    }

    /// Writes bytes of the response, or holds them where others wait already.
    /// - Returns: false where the exchange ended over it.
    @inline(__always)
    func pass(
        _ bytes: UnsafeRawBufferPointer, headCount: Int = 0, isLast: Bool = false, to downstream: Downstream
    ) -> Bool {
        guard let held else { return downstream.write(bytes, headCount: headCount, isLast: isLast) }
        return pass(bytes, headCount: headCount, isLast: isLast, to: downstream, behind: held)
    }

    private func pass(
        _ bytes: UnsafeRawBufferPointer, headCount: Int, isLast: Bool, to downstream: Downstream,
        behind held: HeldResponse
    ) -> Bool {
        let hasPace = extras.map(isPaced) ?? false
        if held.isEmpty, !hasPace, !downstream.hasBacklog {
            return downstream.write(bytes, headCount: headCount, isLast: isLast)
        }
        if headCount > 0 {
            let head = UnsafeRawBufferPointer(rebasing: bytes[..<headCount])
            guard downstream.write(head, headCount: headCount, isLast: isLast && headCount == bytes.count) else {
                return false
            }
        }
        let rest = UnsafeRawBufferPointer(rebasing: bytes[headCount...])
        guard held.append(rest, core: core) else {
            abandon(held, downstream)
            return false
        }
        // Not at once: what is read of the file goes where these bytes may lie.
        if !downstream.hasBacklog { loop.runAgain(held) }
        return true
    }

    /// What is held cannot be had any more: the client sees the message cut off.
    private func abandon(_ held: HeldResponse, _ downstream: Downstream) {
        if let connection {
            note(connection.endpoint, status: status)
            self.connection = nil
            connection.close()
        }
        handOver(isComplete: false, to: downstream)
    }

    func holdTrailers(of connection: UpstreamCarrier) {
        guard let held else { return }
        buffers.append(connection.trailers.bytes, to: &held.trailers)
        if held.isEmpty { downstream?.finish(trailers: held.trailers.bytes) }
    }

    /// The endpoint has done its part; the client has not.
    func end(_ held: HeldResponse, isComplete: Bool) {
        if !held.hasEnded { held.end(isComplete: isComplete) }
        loop.runAgain(held)
    }

    /// Hands over what is held, as much as the client takes and its pace allows.
    func releaseHeld() {
        guard let held, let downstream else { return }
        var budget = Self.pieceBudget
        while !held.isEmpty {
            // Its end is told to us.
            if downstream.hasBacklog { return }
            if budget == 0 { return loop.runAgain(held) }
            budget -= 1
            var count = held.pieceBytes
            if let extras, isPaced(extras) {
                let room = pacedRoom(extras, delivered: held.deliveredCount)
                guard room.bytes > 0 else { return loop.setDeadline(held, after: room.milliseconds) }
                count = min(count, room.bytes)
            }
            guard let bytes = held.next(count, core.upstreamRead) else { return abandon(held, downstream) }
            guard downstream.write(bytes), self.held === held else { return }
            held.consumed(bytes.count, buffers)
        }
        guard held.hasEnded else { return resumeReading() }
        if !held.trailers.isEmpty, held.isComplete { downstream.finish(trailers: held.trailers.bytes) }
        handOver(isComplete: held.isComplete, to: downstream)
    }

    func forgetHeld() {
        guard let held else { return }
        held.free(to: buffers)
        loop.unregister(held)
        self.held = nil
    }
}
