import Patterns
import PorticoModel

/// Everything a worker needs to choose a route: immutable, built beside the running one and swapped in whole.
///
/// Matching allocates nothing. Hosts that did not change are shared with the table before.
package final class RoutingTable {
    package let globals: GlobalSettings
    package let registries: RoutingRegistries
    /// For routes that have no policy of their own.
    package let defaultPolicy: PolicyRecord
    /// The route of requests that no other one claims (`GlobalSettings.defaultUpstream`); nil answers 404.
    package let defaultEntry: RouteEntry?
    private let exactHosts: HostDictionary
    private let wildcardHosts: HostDictionary
    private let catchAll: VirtualHostRoutes?
    private let upstreamSettings: UpstreamDictionary

    /// A table without routes, which answers 404.
    package convenience init(registries: RoutingRegistries) {
        self.init(
            globals: GlobalSettings(), registries: registries, defaultEntry: nil, exactHosts: HostDictionary(),
            wildcardHosts: HostDictionary(), catchAll: nil, upstreamSettings: UpstreamDictionary())
    }

    init(
        globals: GlobalSettings, registries: RoutingRegistries, defaultEntry: RouteEntry?, exactHosts: HostDictionary,
        wildcardHosts: HostDictionary, catchAll: VirtualHostRoutes?, upstreamSettings: UpstreamDictionary
    ) {
        self.globals = globals
        self.registries = registries
        defaultPolicy = PolicyRecord(globals.defaultPolicy)
        self.defaultEntry = defaultEntry
        self.exactHosts = exactHosts
        self.wildcardHosts = wildcardHosts
        self.catchAll = catchAll
        self.upstreamSettings = upstreamSettings
    }

    /// The route of a request, or nil for the default answer.
    ///
    /// A host that has no route for the path falls to the default upstream, not to the routes of other hosts.
    ///
    /// - Parameters:
    ///   - host: in lower case, without port and trailing dot; empty where the request names none.
    ///   - path: normalised.
    ///   - captures: takes what the groups of a regular expression matched in `path`; where nil, nobody asks for it.
    package func match(
        host: UnsafeRawBufferPointer, path: UnsafeRawBufferPointer, into captures: Captures?
    ) -> RouteOutcome {
        guard let virtualHost = find(host.bytes) else { return defaultOutcome }
        let outcome = virtualHost._withUnsafeGuaranteedRef { $0.match(path, captures) }
        return outcome == .none ? defaultOutcome : outcome
    }

    private var defaultOutcome: RouteOutcome { defaultEntry.map { .route($0) } ?? .none }

    /// The route of a request for whom captures do not matter.
    package func match(host: UnsafeRawBufferPointer, path: UnsafeRawBufferPointer) -> RouteEntry? {
        if case .route(let entry) = match(host: host, path: path, into: nil) { entry } else { nil }
    }

    /// The host's own routes, else those of the wildcard one label up, else the ones for any host.
    package func virtualHost(_ host: UnsafeRawBufferPointer) -> VirtualHostRoutes? {
        find(host.bytes)?.takeUnretainedValue()
    }

    private func find(_ name: RawSpan) -> Unmanaged<VirtualHostRoutes>? {
        if name.byteCount > 0 {
            if let exact = exactHosts.find(name, from: 0) { return exact }
            if !wildcardHosts.isEmpty, let dot = Self.firstDot(name), dot > 0,
                let wildcard = wildcardHosts.find(name, from: dot)
            {
                return wildcard
            }
        }
        return catchAll.map { Unmanaged.passUnretained($0) }
    }

    private static func firstDot(_ name: RawSpan) -> Int? {
        for offset in 0..<name.byteCount where name.byte(offset) == UInt8(ascii: ".") { return offset }
        return nil
    }

    /// The route's own policy or the default one.
    package func policy(of entry: RouteEntry) -> RoutePolicy { (entry.ownPolicy ?? defaultPolicy).values }

    package func settings(ofUpstream name: String) -> UpstreamSettings? { upstreamSettings[name] }

    package var upstreams: [UpstreamSettings] { upstreamSettings.all }

    /// All hosts, in no useful order.
    package var virtualHosts: [VirtualHostRoutes] {
        exactHosts.all + wildcardHosts.all + (catchAll.map { [$0] } ?? [])
    }

    package var virtualHostCount: Int { exactHosts.count + wildcardHosts.count + (catchAll == nil ? 0 : 1) }
}

/// Settings of upstreams by name, in groups, so that a copy with one change copies one group.
struct UpstreamDictionary {
    private static let groupCount = 256
    private var groups: [[String: UpstreamSettings]] = Array(repeating: [:], count: groupCount)

    private static func group(of name: String) -> Int {
        let bytes = Array(name.utf8)
        return Int(truncatingIfNeeded: bytes.span.bytes.fastHash(from: 0) &>> 56)
    }

    var all: [UpstreamSettings] { groups.flatMap(\.values) }

    subscript(name: String) -> UpstreamSettings? {
        get { groups[Self.group(of: name)][name] }
        set { groups[Self.group(of: name)][name] = newValue }
    }
}

extension RoutingTable {
    /// Collects the changes between one table and the next.
    package struct Builder {
        private let previous: RoutingTable
        private var globals: GlobalSettings
        private var upstreamSettings: UpstreamDictionary
        private var exactChanges: [[UInt8]: VirtualHostRoutes?] = [:]
        private var wildcardChanges: [[UInt8]: VirtualHostRoutes?] = [:]
        private var catchAll: VirtualHostRoutes?

        package init(previous: RoutingTable) {
            self.previous = previous
            globals = previous.globals
            upstreamSettings = previous.upstreamSettings
            catchAll = previous.catchAll
        }

        package mutating func set(_ section: Section) {
            switch section {
            case .virtualHost(let host): set(host)
            case .upstream(let upstream): upstreamSettings[upstream.name] = upstream
            case .stream: break
            case .globalSettings(let settings): globals = settings
            }
        }

        /// Takes a section away; global settings go back to their defaults.
        package mutating func remove(_ name: SectionName) {
            switch name.kind {
            case .virtualHost: change(name.name, to: nil)
            case .upstream: upstreamSettings[name.name] = nil
            case .streamService: break
            case .globalSettings: globals = GlobalSettings()
            }
        }

        package mutating func set(_ host: VirtualHost) {
            change(host.host, to: VirtualHostRoutes(host, registries: previous.registries))
        }

        private mutating func change(_ host: String, to routes: VirtualHostRoutes?) {
            if host.isEmpty {
                catchAll = routes
            } else if VirtualHostRoutes.isWildcard(host) {
                wildcardChanges[VirtualHostRoutes.key(of: host)] = .some(routes)
            } else {
                exactChanges[VirtualHostRoutes.key(of: host)] = .some(routes)
            }
        }

        package func build() -> RoutingTable {
            var exactHosts = previous.exactHosts
            exactHosts.apply(exactChanges)
            var wildcardHosts = previous.wildcardHosts
            wildcardHosts.apply(wildcardChanges)
            return RoutingTable(
                globals: globals, registries: previous.registries, defaultEntry: defaultEntry(),
                exactHosts: exactHosts, wildcardHosts: wildcardHosts, catchAll: catchAll,
                upstreamSettings: upstreamSettings)
        }

        private func defaultEntry() -> RouteEntry? {
            guard let upstream = globals.defaultUpstream else { return nil }
            if let old = previous.defaultEntry, old.route.upstream == upstream { return old }
            let nobody = ObjectName(namespace: "", name: "")
            let route = Route(match: .prefix, path: "/", ingress: nobody, upstream: upstream)
            return RouteEntry(host: "", route: route, ownPolicy: nil, registries: previous.registries)
        }
    }
}
