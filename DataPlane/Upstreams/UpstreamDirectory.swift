import EventLoop
import PorticoModel

/// All upstreams of a worker by name. Live state comes and goes by name; routes reach them by slot.
package final class UpstreamDirectory {
    private var upstreams: [String: Upstream] = [:]
    private let offset: Int
    private var listing: Set<String>?

    /// - Parameter offset: where round robin starts: the worker's index.
    package init(offset: Int) {
        self.offset = offset
    }

    /// The upstream of that name, made without endpoints where it is unknown.
    package func upstream(named name: String) -> Upstream {
        if let known = upstreams[name] { return known }
        let upstream = Upstream(name: name, offset: offset)
        upstreams[name] = upstream
        return upstream
    }

    /// Endpoints of one upstream, whole.
    /// - Returns: idle connections to close.
    package func apply(_ set: EndpointSet) -> [EventHandler] {
        listing?.insert(set.upstream)
        return upstream(named: set.upstream).apply(set.endpoints)
    }

    /// The upstream's endpoints are gone; routes may still name it.
    package func remove(_ name: String) -> [EventHandler] {
        upstreams[name]?.apply([]) ?? []
    }

    /// A complete listing begins: what it does not name is removed at its end.
    package func beginListing() { listing = [] }

    package func endListing() -> [EventHandler] {
        guard let listing else { return [] }
        self.listing = nil
        return upstreams.keys.filter { !listing.contains($0) }.flatMap { remove($0) }
    }

    /// Forgets an upstream that no route names any more and that has no endpoints.
    package func forgetIfEmpty(_ name: String) {
        if let upstream = upstreams[name], upstream.endpoints.isEmpty { upstreams[name] = nil }
    }

    /// The number of endpoints known.
    package var endpointCount: Int { upstreams.values.reduce(0) { $0 + $1.endpoints.count } }
}
