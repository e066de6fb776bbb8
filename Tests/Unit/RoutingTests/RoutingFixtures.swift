import PorticoModel

@testable import Routing

let nobody = ObjectName(namespace: "default", name: "test")

func route(_ match: PathMatch, _ path: String, to upstream: String = "", policy: Int? = nil) -> Route {
    Route(
        match: match, path: path, ingress: nobody, upstream: upstream.isEmpty ? "\(match) \(path)" : upstream,
        policy: policy)
}

extension RoutingTable {
    static func of(_ hosts: [VirtualHost], globals: GlobalSettings = GlobalSettings()) -> RoutingTable {
        RoutingTable(registries: RoutingRegistries()).changed { builder in
            builder.set(.globalSettings(globals))
            for host in hosts { builder.set(host) }
        }
    }

    func changed(_ changes: (inout Builder) -> Void) -> RoutingTable {
        var builder = Builder(previous: self)
        changes(&builder)
        return builder.build()
    }

    func match(_ host: String, _ path: String) -> RouteEntry? {
        Array(host.utf8).withUnsafeBytes { host in
            Array(path.utf8).withUnsafeBytes { match(host: host, path: $0) }
        }
    }

    /// The upstream that a request goes to.
    func upstream(_ host: String, _ path: String) -> String? { match(host, path)?.route.upstream }
}
