import EventLoop
import HTTPCore
import Policies
import PorticoModel
import Routing

/// The way of a request whose route has features: the same phases as any other's, and between them those that the features ask
/// for, in the order of ingress-nginx.
extension Exchange {
    /// Whether the phases of this file have something to do: the one branch that other requests pay.
    @inline(__always)
    var hasFeatures: Bool { route?.features != nil || tables.concernsRequests }

    /// Takes up a request after its route was looked for.
    /// - Returns: how many of the bytes behind the head belong to it and were used up.
    func beginFeatures(
        _ downstream: Downstream, _ bytes: UnsafeRawBufferPointer, _ request: RequestHead,
        _ outcome: RouteChoice
    ) -> Int {
        let extras = core.policies.takeExtras()
        self.extras = extras
        extras.features = (route?.features ?? tables.defaultFeatures).map {
            unsafeDowncast($0, to: CompiledPolicy.self)
        }
        buffers.append(UnsafeRawBufferPointer(rebasing: bytes[..<request.byteCount]), to: &extras.savedHead)
        extras.savedTarget = request.originTarget
        extras.savedMethod = request.methodName
        if let features = extras.features, features.customVariableCount > 0 {
            extras.customs.append(contentsOf: repeatElement(.empty, count: features.customVariableCount))
        }
        keepRequestID(bytes, request, extras)
        if let tracing = extras.features?.tracing { beginTrace(tracing, extras) }
        if method == .trace {
            answer(status: 405)
            return 0
        }
        switch outcome {
        case .refused(let status):
            answer(status: status)
            return 0
        case .chosen(let path):
            extras.path = extras.keep(path, buffers)
            extras.keep(core.policies.captures, of: path, buffers)
        }
        // A client without the certificate that is asked for gets nothing; the redirect to TLS comes after those of the
        // route itself.
        let isSecure = downstream.flags.contains(.isSecure)
        if isSecure, !passTLS(bytes, request, from: downstream) { return 0 }
        guard advance(extras, to: .limits) else { return 0 }
        if !isSecure, !passTLS(bytes, request, from: downstream) { return 0 }
        guard advance(extras, to: .forwarding) else { return 0 }
        return forward(request, rest: UnsafeRawBufferPointer(rebasing: bytes[request.byteCount...]), extras)
    }

    private func passTLS(
        _ bytes: UnsafeRawBufferPointer, _ request: RequestHead, from downstream: Downstream
    ) -> Bool {
        guard let route, concernsTLS(route) else { return true }
        return passTLS(route, bytes, request, from: downstream)
    }

    private func keepRequestID(
        _ bytes: UnsafeRawBufferPointer, _ request: RequestHead, _ extras: ExchangeExtras
    ) {
        var writer = ByteWriter(core.policies.valueScratch)
        if let incoming = incomingRequestID(request) {
            writer.append(bytes, range: incoming)
        } else {
            core.requestIDs.write(to: &writer)
        }
        extras.requestID = extras.keep(writer.written, buffers)
    }

    /// Goes through the phases in front of `end`.
    /// - Returns: false where the request was answered, or waits.
    private func advance(_ extras: ExchangeExtras, to end: ExchangeExtras.Phase) -> Bool {
        while extras.phase != end {
            let goesOn: Bool =
                switch extras.phase {
                case .blocklists: passesBlocklists(extras)
                case .firewall: passesFirewall(extras)
                case .directives: runDirectives(extras)
                case .redirects: passesRedirects(extras)
                case .limits: passesLimits(extras)
                case .addresses: passesAddresses(extras)
                case .password: passesPassword(extras)
                case .external: passesExternal(extras)
                case .forwarding: true
                }
            guard goesOn, self.extras === extras else { return false }
            extras.phase = ExchangeExtras.Phase(rawValue: extras.phase.rawValue + 1) ?? .forwarding
        }
        return true
    }

    /// What the present phase waited for is there.
    func resumeFeatures() {
        guard let extras, let downstream else { return }
        downstream.resumeExchange { rest in
            guard self.advance(extras, to: .forwarding) else { return 0 }
            let request = self.core.policies.savedHead
            var progress = HeadProgress()
            guard
                case .complete = RequestHeadParser.parse(
                    extras.savedHead.bytes, &progress, limits: self.tables.headLimits, into: request)
            else {
                self.answer(status: 400)
                return 0
            }
            return self.forward(request, rest: rest, extras)
        }
    }

    /// Writes the head for the upstream and begins with the body.
    private func forward(_ request: RequestHead, rest: UnsafeRawBufferPointer, _ extras: ExchangeExtras) -> Int {
        guard let downstream else { return 0 }
        guard let route, !route.route.upstream.isEmpty || !(extras.features?.canaries.isEmpty ?? true) else {
            answer(status: 404)
            return 0
        }
        guard writeRequestHead(extras.savedHead.bytes, request, from: downstream), editRequestHead(extras) else {
            core.counters.headersTooLarge += 1
            answer(status: 431)
            return 0
        }
        return beginBody(rest, request)
    }

    /// A template's value, valid until the next one is asked for.
    func value(of template: CompiledTemplate) -> UnsafeRawBufferPointer {
        var writer = ByteWriter(core.policies.valueScratch)
        template.write(from: self, to: &writer)
        return writer.overflowed ? UnsafeRawBufferPointer(start: nil, count: 0) : writer.written
    }

    /// At the end of the exchange.
    func endFeatures(_ extras: ExchangeExtras) {
        if let trace = extras.trace { endTrace(trace, extras) }
        if let place = extras.limitPlace { core.policies.limits.leave(place) }
        extras.question?.forget()
        self.extras = nil
        core.policies.giveBack(extras, buffers)
    }
}

/// What looking for a route came to.
enum RouteChoice {
    /// The status of the answer.
    case refused(Int)
    /// There may be a route; the normalised path is valid for the moment.
    case chosen(UnsafeRawBufferPointer)
}
