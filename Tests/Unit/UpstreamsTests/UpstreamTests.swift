import EventLoop
import PorticoModel
import Testing
import Upstreams

private func endpoints(_ ports: [UInt16]) -> [Endpoint] {
    ports.map { Endpoint(address: IPAddress(bytes: [10, 0, 0, 1])!, port: $0) }
}

@Suite struct RoundRobinTests {
    @Test func `requests go round, and workers start at different endpoints`() throws {
        var first: [UInt16] = []
        for offset in 0..<3 {
            let upstream = Upstream(name: "u", offset: offset)
            _ = upstream.apply(endpoints([1, 2, 3]))
            let ports = (0..<6).compactMap { _ in upstream.choose(at: 0, tried: 0)?.address.port }
            #expect(Set(ports.prefix(3)) == [1, 2, 3])
            #expect(Array(ports.prefix(3)) == Array(ports.suffix(3)))
            first.append(try #require(ports.first))
        }
        #expect(Set(first) == [1, 2, 3])
    }

    @Test func `an endpoint that was tried is passed over while another is left`() throws {
        let upstream = Upstream(name: "u", offset: 0)
        _ = upstream.apply(endpoints([1, 2, 3]))
        var tried: UInt64 = 0
        var ports: Set<UInt16> = []
        for _ in 0..<3 {
            let endpoint = try #require(upstream.choose(at: 0, tried: tried))
            Upstream.mark(endpoint, in: &tried)
            ports.insert(endpoint.address.port)
        }
        #expect(ports == [1, 2, 3])
        #expect(upstream.choose(at: 0, tried: tried) != nil)
    }

    @Test func `an ejected endpoint rests, and the last one never does`() throws {
        let upstream = Upstream(name: "u", offset: 0)
        _ = upstream.apply(endpoints([1, 2]))
        let bad = upstream.endpoints[0]
        for _ in 0..<EndpointHealth.failuresToEject { _ = bad.failed(at: 0) }
        for _ in 0..<4 { #expect(upstream.choose(at: 10, tried: 0)?.address.port == 2) }
        let other = upstream.endpoints[1]
        for _ in 0..<EndpointHealth.failuresToEject { _ = other.failed(at: 10) }
        #expect(upstream.choose(at: 20, tried: 0) != nil)
        let later = EndpointHealth.firstEjectionMilliseconds + 10
        #expect(Set((0..<2).compactMap { _ in upstream.choose(at: later, tried: 0)?.address.port }) == [1, 2])
    }

    @Test func `connections above the limit have a place for a moment, within bounds`() {
        let upstream = Upstream(name: "u", offset: 0)
        _ = upstream.apply(endpoints([1, 2]))
        let places = (0..<9).map { upstream.endpoints[$0 % 2].putIdle(EventHandler(), limit: 2) }
        #expect(places == [.regular, .regular] + Array(repeating: .surplus, count: 6) + [.none])
        #expect(upstream.endpoints[0].takeIdle() != nil)
        #expect(upstream.endpoints[0].putIdle(EventHandler(), limit: 2) == .surplus)
        #expect(upstream.endpoints[0].putIdle(EventHandler(), limit: 0) == .none)
    }

    @Test func `endpoints that stay keep their health`() {
        let upstream = Upstream(name: "u", offset: 0)
        _ = upstream.apply(endpoints([1, 2]))
        let kept = upstream.endpoints[1]
        let gone = upstream.endpoints[0]
        _ = upstream.apply(endpoints([2, 3]))
        #expect(upstream.endpoints[0] === kept)
        #expect(gone.isRemoved)
        #expect(upstream.choose(at: 0, tried: 0) != nil)
        _ = upstream.apply([])
        #expect(upstream.choose(at: 0, tried: 0) == nil)
    }

    @Test func `ejections grow longer and one success forgives`() {
        var health = EndpointHealth()
        var ejects: [Bool] = []
        for _ in 0..<3 { ejects.append(health.failed(at: 0)) }
        #expect(ejects == [false, false, true])
        #expect(health.isEjected(at: 4_999))
        #expect(!health.isEjected(at: 5_000))
        let again = health.failed(at: 5_000)
        #expect(again)
        #expect(health.isEjected(at: 14_999))
        health.succeeded()
        #expect(!health.isEjected(at: 5_001))
        let afterSuccess = health.failed(at: 5_001)
        #expect(!afterSuccess)
    }

    @Test func `what a listing does not name loses its endpoints`() {
        let directory = UpstreamDirectory(offset: 0)
        _ = directory.apply(EndpointSet(upstream: "a", endpoints: endpoints([1])))
        _ = directory.apply(EndpointSet(upstream: "b", endpoints: endpoints([2])))
        directory.beginListing()
        _ = directory.apply(EndpointSet(upstream: "b", endpoints: endpoints([2, 3])))
        _ = directory.endListing()
        #expect(directory.upstream(named: "a").endpoints.isEmpty)
        #expect(directory.endpointCount == 2)
    }
}

@Suite struct RetryDecisionTests {
    private func state(
        attempts: UInt32 = 1, idempotent: Bool = true, replayable: Bool = true, sent: Bool = true, reused: Bool = false,
        elapsed: UInt64 = 0
    ) -> AttemptState {
        AttemptState(
            attempts: attempts, endpointCount: 2, elapsedMilliseconds: elapsed, isIdempotent: idempotent,
            isReplayable: replayable, hasSentBytes: sent, isReused: reused)
    }

    private func policy(_ change: (inout RoutePolicy) -> Void = { _ in }) -> RoutePolicy {
        var policy = RoutePolicy()
        change(&policy)
        return policy
    }

    @Test func `errors and timeouts are tried again up to the number of tries`() {
        for failure in [AttemptFailure.connectFailed, .connectTimedOut, .connectionLost, .timedOut] {
            #expect(RetryOrder.decide(after: failure, state(), by: policy()) == .retryOnNextEndpoint)
            let last = RetryOrder.decide(after: failure, state(attempts: 3), by: policy())
            #expect(last == .giveUp(status: failure.status))
        }
    }

    @Test func `a request that is not idempotent is repeated only if no byte went out, or by policy`() {
        let sent = state(idempotent: false)
        #expect(RetryOrder.decide(after: .connectionLost, sent, by: policy()) == .giveUp(status: 502))
        let unsent = state(idempotent: false, sent: false)
        #expect(RetryOrder.decide(after: .connectFailed, unsent, by: policy()) == .retryOnNextEndpoint)
        let bold = policy { $0.retryConditions.insert(.nonIdempotent) }
        #expect(RetryOrder.decide(after: .connectionLost, sent, by: bold) == .retryOnNextEndpoint)
    }

    @Test func `a stale pooled connection costs no try`() {
        let stale = state(attempts: 3, reused: true)
        #expect(RetryOrder.decide(after: .connectionLost, stale, by: policy()) == .replayOnFreshConnection)
        let unsafe = state(attempts: 3, idempotent: false, reused: true)
        #expect(RetryOrder.decide(after: .connectionLost, unsafe, by: policy()) == .giveUp(status: 502))
    }

    @Test func `nothing is repeated that cannot be, or too late, or for no listed reason`() {
        let gone = state(replayable: false)
        #expect(RetryOrder.decide(after: .connectFailed, gone, by: policy()) == .giveUp(status: 502))
        let limited = policy { $0.retryTimeoutMilliseconds = 100 }
        #expect(RetryOrder.decide(after: .timedOut, state(elapsed: 100), by: limited) == .giveUp(status: 504))
        #expect(RetryOrder.decide(after: .status(503), state(), by: policy()) == .giveUp(status: 503))
        let statuses = policy { $0.retryConditions.insert(.http503) }
        #expect(RetryOrder.decide(after: .status(503), state(), by: statuses) == .retryOnNextEndpoint)
        #expect(RetryOrder.decide(after: .invalidResponse, state(), by: statuses) == .giveUp(status: 502))
    }

    @Test func `no limit of tries means each endpoint once`() {
        let all = policy { $0.retryTries = 0 }
        #expect(RetryOrder.decide(after: .connectFailed, state(), by: all) == .retryOnNextEndpoint)
        #expect(RetryOrder.decide(after: .connectFailed, state(attempts: 2), by: all) == .giveUp(status: 502))
    }
}
