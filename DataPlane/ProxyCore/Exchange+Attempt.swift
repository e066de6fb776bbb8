import EventLoop
import HTTPCore
import TLSEngine
import Upstreams

/// The choice of an endpoint, sending the request to it, and what follows when that fails.
extension Exchange {
    /// Pieces of a file sent per turn.
    private static let fileBudget = 8

    /// Chooses an endpoint and begins to send.
    func startAttempt() {
        if let extras { return startAttempt(extras) }
        guard let route else { return answer(status: 404) }
        completeHead()
        let upstream = core.upstream(of: route)
        guard let endpoint = upstream.choose(at: now, tried: tried) else { return answer(status: 503) }
        attempts += 1
        attempt(at: endpoint, fresh: false)
    }

    func attempt(at endpoint: UpstreamEndpoint, fresh: Bool) {
        Upstream.mark(endpoint, in: &tried)
        sent = 0
        requestIsSent = false
        responsePhase = .awaitingHead
        responseProgress = HeadProgress()
        attemptStartedAt = now
        respondedAt = 0
        var peer: TLSPeer?
        if policy.backendProtocol != .http {
            if speaksTLSToEndpoints {
                guard let found = tlsPeer() else { return answer(status: 502) }
                peer = found
            }
            if policy.backendProtocol.isGRPC { return attemptStream(to: endpoint, over: peer, isFresh: fresh) }
        }
        if !fresh, policy.backendProtocol != .fastCGI, let pooled = takePooled(endpoint, peer?.pool ?? 0) {
            connection = pooled
            isReused = true
            connectedAt = attemptStartedAt
            pooled.reuse(for: self)
            sendRequest(over: pooled)
            return
        }
        isReused = false
        connectedAt = 0
        connection = UpstreamConnection.connect(
            to: endpoint, over: peer, for: self, core: core, timeout: policy.connectTimeoutMilliseconds)
        if connection == nil { failed(.connectFailed, at: endpoint) }
    }

    /// A stream of a connection that other requests share.
    private func attemptStream(to endpoint: UpstreamEndpoint, over peer: TLSPeer?, isFresh: Bool) {
        guard
            let stream = UpstreamHTTP2.stream(
                to: endpoint, over: peer, for: self, isFresh: isFresh, timeout: policy.connectTimeoutMilliseconds)
        else {
            isReused = false
            return failed(.connectFailed, at: endpoint)
        }
        connection = stream
        isReused = stream.state == .active
        connectedAt = isReused ? attemptStartedAt : 0
        if isReused { sendRequest(over: stream) }
    }

    /// A pooled connection. Before a request that may not be repeated it is looked at once more, because a stale one
    /// would cost the request.
    private func takePooled(_ endpoint: UpstreamEndpoint, _ pool: UInt32) -> UpstreamConnection? {
        while let idle = endpoint.takeIdle(pool: pool) {
            let pooled = unsafeDowncast(idle, to: UpstreamConnection.self)
            if method.isIdempotent || Socket.isQuiet(pooled.descriptor) { return pooled }
            pooled.close()
        }
        return nil
    }

    /// The connection is open.
    func connected() {
        connectedAt = now
        sendRequest()
    }

    /// Sends as much as the upstream takes.
    func sendRequest() {
        if let connection, connection.state == .active { sendRequest(over: connection) }
    }

    func sendRequest(over connection: UpstreamCarrier) {
        if responsePhase == .tunnel { return pumpToUpstream() }
        var files = Self.fileBudget
        while !requestIsSent {
            let bytes: UnsafeRawBufferPointer
            if sent < head.count {
                bytes = UnsafeRawBufferPointer(rebasing: head.bytes[sent...])
            } else if streamsBody {
                if body.memory.isEmpty {
                    if hasWholeBody { requestWasSent(over: connection) } else { resumeClient() }
                    return
                }
                bytes = body.memory.bytes
            } else if bodyIsInHead || sent == head.count + body.count {
                return requestWasSent(over: connection)
            } else if sent < head.count + body.memory.count {
                bytes = UnsafeRawBufferPointer(rebasing: body.memory.bytes[(sent - head.count)...])
            } else {
                if files == 0 {
                    // The socket may still be writable, so no event will come: the loop has to come back by itself.
                    loop.setDeadline(connection, after: policy.sendTimeoutMilliseconds)
                    return loop.runAgain(connection)
                }
                files -= 1
                // Not the downstream buffer: bytes of the client's next request may still lie there.
                let memory = core.upstreamRead
                guard let count = body.read(at: sent - head.count - body.memory.count, into: memory) else {
                    return answer(status: 500)
                }
                bytes = UnsafeRawBufferPointer(rebasing: memory[..<count])
            }
            switch connection.send(bytes) {
            case .bytes(let count): sentBytes(count, over: connection)
            case .wouldBlock: return loop.setDeadline(connection, after: policy.sendTimeoutMilliseconds)
            case .ended, .failed:
                // The upstream may have answered and closed: its answer is then still to be read.
                if connection.mayRead { return readResponse(from: connection) }
                return attemptFailed(.connectionLost)
            }
        }
    }

    private func sentBytes(_ count: Int, over connection: UpstreamCarrier) {
        if streamsBody, sent >= head.count {
            body.memory.consumed(count)
            hasStreamedBytes = true
        } else {
            sent += count
        }
        let isWhole = streamsBody ? hasWholeBody && body.memory.isEmpty : bodyIsInHead || body.count == 0
        if isWhole, sent == head.count { requestWasSent(over: connection) }
    }

    /// Whether the next `count` bytes are the last of the request.
    func endsRequest(_ count: Int) -> Bool {
        if !requestTrailers.isEmpty { return false }
        if streamsBody { return hasWholeBody && count == body.memory.count }
        return sent + count == head.count + (bodyIsInHead ? 0 : body.count)
    }

    private func requestWasSent(over connection: UpstreamCarrier) {
        requestIsSent = true
        if connection.isStream { connection.requestEnded() }
        loop.setDeadline(connection, after: policy.readTimeoutMilliseconds)
    }

    /// The upstream has taken what waited: the client may go on.
    private func resumeClient() {
        guard let downstream, let connection else { return }
        loop.setDeadline(connection, after: policy.readTimeoutMilliseconds)
        if downstream.flags.contains(.mayRead), downstream.state == .readingBody { loop.runAgain(downstream) }
    }

    // MARK: Failure

    func upstreamTimedOut() {
        if let extras, extras.isPaced, let connection { return resumePace(extras, connection) }
        core.counters.timeouts += 1
        if responsePhase == .tunnel || hasResponded { return endResponse(isComplete: false) }
        // While the request is still coming, the client's own timeouts count.
        if requestIsSent || !streamsBody || !body.memory.isEmpty { return attemptFailed(.timedOut) }
        if let connection { loop.setDeadline(connection, after: policy.readTimeoutMilliseconds) }
    }

    /// The attempt came to nothing before any of its response went on.
    func attemptFailed(_ failure: AttemptFailure) {
        guard let connection else { return }
        let endpoint = connection.endpoint
        self.connection = nil
        // What an endpoint has not looked at was as good as not sent.
        if connection.wasRefused { sent = 0 }
        connection.close()
        failed(failure, at: endpoint)
    }

    private func failed(_ failure: AttemptFailure, at endpoint: UpstreamEndpoint) {
        core.countFailure(failure, of: endpoint.upstream)
        let state = AttemptState(
            attempts: attempts, endpointCount: endpoint.upstream.endpoints.count,
            elapsedMilliseconds: now - startedAt, isIdempotent: method.isIdempotent,
            isReplayable: !hasStreamedBytes, hasSentBytes: sent > 0, isReused: isReused)
        let order = RetryOrder.decide(after: failure, state, by: policy)
        if order != .replayOnFreshConnection { blame(endpoint, for: failure) }
        switch order {
        case .replayOnFreshConnection:
            core.counters.staleReplays += 1
            attempt(at: endpoint, fresh: true)
        case .retryOnNextEndpoint:
            core.counters.upstreamRetries += 1
            note(endpoint, status: failure.status)
            startAttempt()
        case .giveUp(let status):
            note(endpoint, status: failure.status)
            answer(status: status)
        }
    }

    private func blame(_ endpoint: UpstreamEndpoint, for failure: AttemptFailure) {
        // An answer, whatever its status, is no failure of the endpoint; nor is a stale pooled connection.
        if case .status = failure { return }
        if failure == .connectionLost, isReused { return }
        if endpoint.failed(at: now) { core.counters.ejections += 1 }
    }

    /// Keeps the attempt for the log.
    func note(_ endpoint: UpstreamEndpoint, status: Int) {
        attemptLog.append(
            AttemptRecord(
                endpoint: endpoint, startedAt: attemptStartedAt, status: status, responseCount: upstreamBodyCount,
                milliseconds: now - attemptStartedAt,
                connectMilliseconds: connectedAt == 0
                    ? nil : UInt32(truncatingIfNeeded: connectedAt - attemptStartedAt),
                headMilliseconds: status == 0 || respondedAt == 0
                    ? nil : UInt32(truncatingIfNeeded: respondedAt - attemptStartedAt)))
    }
}
