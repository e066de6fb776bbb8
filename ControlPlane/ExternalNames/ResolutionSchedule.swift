import PorticoModel

/// Decides which host name is asked for when, and what an answer changes. Pure: the caller brings the clock.
///
/// A name that failed is asked again after 1 s, 2 s, 4 s and so on up to a minute; the addresses it had stay.
struct ResolutionSchedule {
    /// What a resolver answered: addresses with the shortest of their times to live, or a reason.
    enum Answer {
        case addresses([IPAddress], timeToLiveSeconds: Int)
        case failure(String)
    }

    private struct Host {
        var upstreams: Set<String> = []
        var addresses: [IPAddress]?
        var failures = 0
        var isInFlight = false
        /// Milliseconds of the caller's clock.
        var due: UInt64
    }

    private static let shortestSeconds = 1
    private static let longestSeconds = 300
    private static let longestRetrySeconds = 60

    private var names: [String: ExternalName] = [:]
    private var hosts: [String: Host] = [:]

    /// - Returns: the endpoints that are known at once because the host was resolved for another upstream.
    mutating func update(changed: [ExternalName], removed: [String], now: UInt64) -> [EndpointSet] {
        for upstream in removed { forget(upstream) }
        var known: [EndpointSet] = []
        for name in changed {
            forget(name.upstream)
            names[name.upstream] = name
            hosts[name.hostname, default: Host(due: now)].upstreams.insert(name.upstream)
            if let addresses = hosts[name.hostname]?.addresses { known.append(endpoints(of: name, at: addresses)) }
        }
        return known
    }

    private mutating func forget(_ upstream: String) {
        guard let name = names.removeValue(forKey: upstream) else { return }
        hosts[name.hostname]?.upstreams.remove(upstream)
        if hosts[name.hostname]?.upstreams.isEmpty == true { hosts[name.hostname] = nil }
    }

    /// The host names to ask for now; each is then in flight until `take`.
    mutating func startDue(now: UInt64) -> [String] {
        let due = hosts.filter { !$0.value.isInFlight && $0.value.due <= now }.keys.sorted()
        for hostname in due { hosts[hostname]?.isInFlight = true }
        return due
    }

    /// When `startDue` has something next; nil while nothing waits.
    var nextDue: UInt64? {
        hosts.values.filter { !$0.isInFlight }.map(\.due).min()
    }

    /// - Returns: the endpoint sets that changed. A name that was dropped in the meantime changes none.
    mutating func take(_ answer: Answer, for hostname: String, now: UInt64) -> [EndpointSet] {
        guard var host = hosts[hostname] else { return [] }
        defer { hosts[hostname] = host }
        host.isInFlight = false
        switch answer {
        case .failure:
            host.failures += 1
            let wait = min(1 << min(host.failures - 1, 6), ResolutionSchedule.longestRetrySeconds)
            host.due = now + UInt64(wait) * 1_000
            return []
        case .addresses(let found, let seconds):
            host.failures = 0
            let wait = min(max(seconds, ResolutionSchedule.shortestSeconds), ResolutionSchedule.longestSeconds)
            host.due = now + UInt64(wait) * 1_000
            let addresses = Set(found).sorted()
            guard addresses != host.addresses else { return [] }
            host.addresses = addresses
            return host.upstreams.sorted().compactMap { names[$0] }.map { endpoints(of: $0, at: addresses) }
        }
    }

    private func endpoints(of name: ExternalName, at addresses: [IPAddress]) -> EndpointSet {
        EndpointSet(upstream: name.upstream, endpoints: addresses.map { Endpoint(address: $0, port: name.port) })
    }
}
