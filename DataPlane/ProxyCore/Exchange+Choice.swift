import EventLoop
import Policies
import PorticoModel
import Routing
import Upstreams

/// The upstream and endpoint of a request whose route has something to say about them: canaries, sessions, hashes.
extension Exchange {
    /// Chooses an endpoint as the features say, and begins to send.
    func startAttempt(_ extras: ExchangeExtras) {
        if let firewall = extras.firewall, !extras.firewallSawBody, !passesFirewall(body: firewall, extras) { return }
        guard var upstream = chooseUpstream(extras) else { return answer(status: 404) }
        if upstream.endpoints.isEmpty, let fallback = fallback(extras) {
            hand(extras, to: fallback)
            upstream = fallback
        }
        completeHead()
        if extras.features?.mirror != nil { mirrorRequest(extras) }
        guard let endpoint = chooseEndpoint(extras, of: upstream) else { return answer(status: 503) }
        attempts += 1
        attempt(at: endpoint, fresh: false)
    }

    /// The upstream that the attempts go to; chosen once.
    private func chooseUpstream(_ extras: ExchangeExtras) -> Upstream? {
        if let chosen = extras.upstream { return chosen }
        guard let route else { return nil }
        let own = core.upstream(of: route)
        let chosen = canaryUpstream(extras, own) ?? own
        extras.upstream = chosen
        return chosen
    }

    /// The upstream that speaks for a route without endpoints, where there is one that has some itself.
    private func fallback(_ extras: ExchangeExtras) -> Upstream? {
        guard let pages = extras.features?.errorPages, !pages.fallbackUpstream.isEmpty, !extras.isErrorPage else {
            return nil
        }
        let upstream = core.upstreams.upstream(named: pages.fallbackUpstream)
        return upstream.endpoints.isEmpty ? nil : upstream
    }

    private func canaryUpstream(_ extras: ExchangeExtras, _ own: Upstream) -> Upstream? {
        guard let features = extras.features, !features.canaries.isEmpty else { return nil }
        let session = sessionOfRequest(extras, features)
        let isBoundToOwn = session?.upstream == UInt32(truncatingIfNeeded: own.key)
        for canary in features.canaries {
            let upstream = core.upstreams.upstream(named: canary.upstream)
            // A canary without endpoints takes nothing.
            if upstream.endpoints.isEmpty { continue }
            let binds = !canary.ignoresAffinity && features.affinity?.settings.ignoresCanaries == false
            if binds, isBoundToOwn { continue }
            let isBound = binds && session?.upstream == UInt32(truncatingIfNeeded: upstream.key)
            guard isBound || takes(canary, extras) else { continue }
            extras.canary = canary
            return upstream
        }
        return nil
    }

    private func takes(_ canary: CanaryRule, _ extras: ExchangeExtras) -> Bool {
        let header = canary.header.withUnsafeBytes { FieldSearch.value(of: $0, in: extras.savedHead.bytes) }
        let value = canary.cookie.isEmpty ? nil : canary.cookie.withUnsafeBytes { cookie($0, extras) }
        return switch canary.judge(header: header, cookie: value, core.policies.captures) {
        case .takes: true
        case .leaves: false
        case .byWeight: canary.takesByWeight(core.policies.random.next())
        }
    }

    // MARK: Endpoints

    /// The endpoint of the next attempt.
    func chooseEndpoint(_ extras: ExchangeExtras, of upstream: Upstream) -> UpstreamEndpoint? {
        guard let features = extras.features, !extras.isErrorPage else { return upstream.choose(at: now, tried: tried) }
        if let affinity = features.affinity { return endpointOfSession(affinity, extras, features, upstream) }
        guard let balancing = features.balancing else { return upstream.choose(at: now, tried: tried) }
        let random = core.policies.random.next()
        switch balancing.algorithm {
        case .roundRobin: return upstream.choose(at: now, tried: tried)
        case .ewma: return upstream.chooseFaster(random: random, at: now, tried: tried)
        case .hash:
            guard let template = balancing.hashKey else { return upstream.choose(at: now, tried: tried) }
            let key = StableHash.hash(value(of: template))
            if balancing.subsetSize > 0 {
                return upstream.choose(
                    forKey: key, subsetOf: balancing.subsetSize, random: random, at: now, tried: tried)
            }
            return upstream.choose(forKey: key, at: now, tried: tried)
        }
    }

    private func sessionOfRequest(_ extras: ExchangeExtras, _ features: CompiledPolicy) -> AffinityKey? {
        guard let affinity = features.affinity else { return nil }
        return affinity.name.withUnsafeBytes { cookie($0, extras) }.flatMap { AffinityKey($0) }
    }

    private func endpointOfSession(
        _ affinity: AffinityRule, _ extras: ExchangeExtras, _ features: CompiledPolicy, _ upstream: Upstream
    ) -> UpstreamEndpoint? {
        let mark = UInt32(truncatingIfNeeded: upstream.key)
        let known = extras.session ?? sessionOfRequest(extras, features)
        let isPersistent = affinity.settings.mode == .persistent
        if let known, known.upstream == mark, tried == 0 || !affinity.settings.changesOnFailure {
            let bound = isPersistent ? upstream.endpoint(named: known.key) : upstream.endpoint(forKey: known.key)
            if let bound {
                extras.session = known
                return bound
            }
        }
        let begun: (endpoint: UpstreamEndpoint, key: UInt64)? =
            isPersistent
            ? upstream.choose(at: now, tried: tried).map { ($0, $0.key) }
            : upstream.beginSession(random: core.policies.random.next(), at: now, tried: tried)
        guard let begun else { return nil }
        extras.session = AffinityKey(key: begun.key, upstream: mark)
        extras.setsSession = true
        return begun.endpoint
    }

    /// After an answer: what balancing by response time has to know.
    func noteResponseTime(_ endpoint: UpstreamEndpoint, _ extras: ExchangeExtras) {
        guard extras.features?.balancing?.algorithm == .ewma else { return }
        endpoint.upstream.note(now - attemptStartedAt, of: endpoint, at: now)
    }
}
