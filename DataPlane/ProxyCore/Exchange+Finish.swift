import HTTPCore

/// Answers of the proxy itself, and the last phases: log and metrics.
extension Exchange {
    /// Ends the exchange with an answer of the proxy's own.
    func answer(status: Int) { answer(status: status, fields: []) }

    /// - Parameter fields: further fields of its head, whole lines; with them, policies add none.
    func answer(status: Int, fields: [UInt8]) {
        guard let downstream, prepareAnswer(status, downstream) else { return }
        if fields.isEmpty, let extras { return answer(status, nil, extras, for: downstream) { _ in } }
        var writer = ByteWriter(core.scratch)
        let closes = downstream.flags.contains(.closesAfterResponse)
        var bodyCount = 0
        if isGRPC {
            writeGRPCAnswer(status: status, to: &writer)
        } else {
            ErrorAnswer.write(
                status: status, date: core.time.date, closes: closes, omitsBody: method == .head,
                fields: addsStrictTransportSecurity(downstream) ? fields + tables.strictTransportSecurity : fields,
                to: &writer)
            bodyCount = method == .head ? 0 : ErrorAnswer.bodyByteCount(status)
        }
        responseCount = UInt64(bodyCount)
        headSentCount = UInt64(writer.count - bodyCount)
        downstream.state = .waiting
        loop.setDeadline(downstream, at: .max)
        guard downstream.write(writer.written, headCount: writer.count - bodyCount, isLast: true) else { return }
        finish()
        downstream.finishResponse()
    }

    /// Ends what is under way, and notes whether the client's connection can go on.
    /// - Returns: false where an answer comes too late.
    func prepareAnswer(_ status: Int, _ downstream: Downstream) -> Bool {
        if hasResponded {
            endResponse(isComplete: false)
            return false
        }
        if let connection {
            note(connection.endpoint, status: 0)
            self.connection = nil
            connection.close()
        }
        self.status = status
        if !hasWholeBody || framing != .none && receivedBody == 0 || status == 400 || status == 408 {
            // Bytes of the body may still come, and would be taken for the next request.
            downstream.flags.insert([.closesAfterResponse, .lingers])
        }
        if core.isDraining { downstream.flags.insert(.closesAfterResponse) }
        return true
    }

    /// No route claimed the request: such are logged on demand alone, as with ingress-nginx.
    private var isUnclaimed: Bool { route == nil || route === tables.routing.defaultEntry }

    /// The client is gone; called by its connection as it closes.
    func downstreamWasLost() {
        if let connection {
            note(connection.endpoint, status: hasResponded ? status : 0)
            self.connection = nil
            connection.close()
        }
        if !hasResponded { status = 499 }
        finish()
    }

    /// Counts and logs the request, and makes the exchange spare.
    func finish() {
        let elapsed = now - startedAt
        let received = UInt64(facts.receivedHeadCount) + receivedBody
        if let route {
            let measures = RequestMeasures(
                method: method, status: UInt16(truncatingIfNeeded: status), milliseconds: elapsed,
                requestBytes: received, responseBytes: headSentCount + responseCount,
                connectMilliseconds: connectedAt == 0 ? nil : connectedAt - attemptStartedAt,
                headMilliseconds: respondedAt == 0 ? nil : respondedAt - attemptStartedAt,
                responseMilliseconds: attemptLog.last.map(\.milliseconds))
            core.statistics(of: route).record(measures, bounds: core.bounds)
        }
        if core.log.isOn, policy.logsAccess, tables.globals.logsDefaultBackend || !isUnclaimed {
            if let extras {
                core.log.write(self, extras)
            } else {
                core.log.write(self, elapsed: elapsed, requestCount: received)
            }
        }
        core.counters.activeRequests -= 1
        if let extras { endFeatures(extras) }
        reset()
        core.giveBack(self)
    }
}
