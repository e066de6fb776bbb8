import EventLoop
import HTTPCore
import Policies
import PorticoModel
import Routing
import Upstreams

/// Requests that the proxy makes on its own account: the same forwarding as any other's, from the choice of an endpoint on.
extension Exchange {
    /// Begins a request whose head is written already, up to the body's framing.
    func beginSubrequest(
        _ downstream: Downstream, method: HTTPMethod, head text: UnsafeRawBufferPointer,
        body content: UnsafeRawBufferPointer, to upstream: Upstream, policy: PolicyRecord
    ) {
        let extras = core.policies.takeExtras()
        self.extras = extras
        extras.upstream = upstream
        extras.isSubrequest = true
        extras.phase = .forwarding
        self.downstream = downstream
        downstream.exchange = self
        policyRecord = policy
        startedAt = now
        self.method = method
        isHTTP10 = false
        framing = content.isEmpty ? .none : .length(UInt64(content.count))
        client = downstream.peer
        facts = RequestFacts()
        core.counters.activeRequests += 1
        buffers.reserve(text.count + 128, in: &head)
        buffers.append(text, to: &head)
        headCount = head.count
        if !content.isEmpty { buffers.append(content, to: &body.memory) }
        startAttempt()
    }

    /// The upstream of a target: its own, or that of the route of this gateway which the target leads to.
    func upstream(of target: CompiledTarget, _ extras: ExchangeExtras) -> Upstream? {
        if !target.upstream.isEmpty { return core.upstreams.upstream(named: target.upstream) }
        var host = ByteWriter(core.policies.valueScratch)
        target.host.write(from: self, to: &host)
        let written = host.written
        let end = written.lastIndex(of: UInt8(ascii: ":")) ?? written.count
        guard
            let count = HostName.normalise(
                UnsafeRawBufferPointer(rebasing: written[..<end]), into: core.hostScratch)
        else { return nil }
        let path = value(of: target.requestTarget)
        let pathEnd = path.firstIndex(of: UInt8(ascii: "?")) ?? path.count
        let outcome = tables.routing.match(
            host: UnsafeRawBufferPointer(rebasing: core.hostScratch[..<count]),
            path: UnsafeRawBufferPointer(rebasing: path[..<pathEnd]), into: core.policies.captures)
        guard case .route(let entry) = outcome, !entry.route.upstream.isEmpty else { return nil }
        return core.upstream(of: entry)
    }
}
