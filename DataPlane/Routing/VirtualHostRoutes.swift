import Patterns
import PorticoModel

/// The routes of one host, ready to be matched. Shared by every table in which the host is the same.
package final class VirtualHostRoutes {
    /// As in the section: `shop.example.com`, `*.example.com`, or empty.
    package let host: String
    package let entries: [RouteEntry]
    /// What the host says about TLS; nil where it says nothing.
    package let tls: HostTLS?
    private let paths: PathIndex
    /// The routes that are regular expressions; nil for nearly all hosts.
    private let expressions: ExpressionList?
    /// What the host is looked up by: the name, without the asterisk of a wildcard.
    let key: FrozenBuffer<UInt8>
    let hash: UInt64
    /// `entries` once more, to be read without counting references.
    private let candidates: FrozenBuffer<Unmanaged<RouteEntry>>

    init(_ virtualHost: VirtualHost, registries: RoutingRegistries) {
        host = virtualHost.host
        let key = VirtualHostRoutes.key(of: virtualHost.host)
        self.key = FrozenBuffer(key)
        hash = key.span.bytes.fastHash(from: 0)
        let tls = virtualHost.tls.map { HostTLS(host: virtualHost.host, values: $0) }
        self.tls = tls
        let policies = virtualHost.policies.map { PolicyRecord($0) }
        let entries = virtualHost.routes.map { route in
            return RouteEntry(
                host: virtualHost.host, route: route,
                ownPolicy: route.policy.flatMap { policies.indices.contains($0) ? policies[$0] : nil },
                tls: tls, registries: registries)
        }
        self.entries = entries
        candidates = FrozenBuffer(entries.map { Unmanaged.passUnretained($0) })
        paths = PathIndex(virtualHost.routes)
        expressions = ExpressionList(entries)
    }

    deinit {
        key.deallocate()
        candidates.deallocate()
        paths.deallocate()
    }

    static func isWildcard(_ host: String) -> Bool { host.utf8.starts(with: "*.".utf8) }

    static func key(of host: String) -> [UInt8] { Array(isWildcard(host) ? host.utf8.dropFirst() : host.utf8[...]) }

    /// The route for a normalised path.
    func match(_ path: UnsafeRawBufferPointer, _ captures: Captures?) -> RouteOutcome {
        let plain = paths.match(path.bytes).map { candidates[$0].takeUnretainedValue() }
        if let expressions, plain?.isFirm != true {
            let outcome = expressions.match(path, captures ?? Captures())
            if outcome != .none { return outcome }
        }
        return plain.map { .route($0) } ?? .none
    }
}
