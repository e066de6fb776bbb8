import HTTPCore

/// The first phases: the route, its policy, and what becomes of the body.
extension Exchange {
    /// Takes up a request whose head was just parsed from the start of `bytes`.
    /// - Returns: how many of the bytes behind the head belong to it and were used up.
    func begin(_ downstream: Downstream, _ bytes: UnsafeRawBufferPointer, _ request: RequestHead) -> Int {
        self.downstream = downstream
        startedAt = now
        method = request.method
        isHTTP10 = request.minorVersion == 0
        framing = request.framing
        wantsUpgrade = request.requestsUpgrade
        isGRPC = downstream.isStream && Self.isGRPC(bytes, request)
        takesTrailers = request.fields.present.contains(.te) && Self.takesTrailers(bytes, request)
        client = downstream.peer
        facts = RequestFacts()
        facts.receivedHeadCount = request.byteCount
        core.counters.requests += 1
        core.counters.activeRequests += 1
        if isGRPC { beginCallDeadline(bytes, request) }
        if tables.resolvesClient { resolveClient(bytes, request) }
        let choice = chooseRoute(bytes, request)
        if hasFeatures { return beginFeatures(downstream, bytes, request, choice) }
        guard writeRequestHead(bytes, request, from: downstream) else {
            core.counters.headersTooLarge += 1
            answer(status: 431)
            return 0
        }
        if case .refused(let status) = choice {
            answer(status: status)
            return 0
        }
        if let route, concernsTLS(route), !passTLS(route, bytes, request, from: downstream) { return 0 }
        guard let route, !route.route.upstream.isEmpty else {
            // As for any answer made here, a body that still comes is not read.
            answer(status: 404)
            return 0
        }
        return beginBody(UnsafeRawBufferPointer(rebasing: bytes[request.byteCount...]), request)
    }

    private func chooseRoute(_ bytes: UnsafeRawBufferPointer, _ request: RequestHead) -> RouteChoice {
        policyRecord = tables.routing.defaultPolicy
        // TRACE would show the client what the proxy adds (RFC 9110 §9.3.8).
        if method == .trace { return .refused(405) }
        guard let hostCount = HostName.normalise(bytes[request.host], into: core.hostScratch) else {
            return .refused(400)
        }
        let host = UnsafeRawBufferPointer(rebasing: core.hostScratch[..<hostCount])
        let target = bytes[request.originTarget]
        let path: UnsafeRawBufferPointer
        switch PathNormaliser.normalise(target, into: core.pathScratch) {
        case .unchanged(let count): path = UnsafeRawBufferPointer(rebasing: target[..<count])
        case .rewritten(let count): path = UnsafeRawBufferPointer(rebasing: core.pathScratch[..<count])
        case .malformed, .noRoom: return .refused(400)
        }
        core.policies.captures.forget()
        switch tables.routing.match(host: host, path: path, into: core.policies.captures) {
        case .route(let entry):
            route = entry
            if let own = entry.ownPolicy { policyRecord = own }
        case .none: break
        case .exhausted:
            core.counters.patternsExhausted += 1
            return .refused(500)
        }
        return .chosen(path)
    }
}
