import PorticoModel
import Routing

// Tables changed again and again find what a naive search finds, and hand back every number in the end.
//
// Each line is an order: its first byte chooses between routes of a host, removal of a host, and a request.

private let hosts = ["a.example", "b.example", "*.example", "*.b.example", ""]

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    let registries = RoutingRegistries()
    var table = RoutingTable(registries: registries)
    var routes: [String: [Route]] = [:]
    for line in bytes.split(separator: 10).prefix(64) where line.count >= 2 {
        let host = hosts[Int(line[line.startIndex + 1]) % hosts.count]
        let rest = line.dropFirst(2)
        switch line[line.startIndex] % 3 {
        case 0:
            routes[host] = rest.split(separator: 32).map(route)
            table = changed(table) { $0.set(VirtualHost(host: host, routes: routes[host] ?? [])) }
        case 1:
            routes[host] = nil
            table = changed(table) { $0.remove(SectionName(kind: .virtualHost, name: host)) }
        default:
            for name in hosts + ["c.example", "c.b.example", ".example"] {
                checkMatch(table, routes, name, [UInt8(ascii: "/")] + rest)
            }
        }
    }
    for host in routes.keys { table = changed(table) { $0.remove(SectionName(kind: .virtualHost, name: host)) } }
    _ = registries.routes.takeReleased()
    _ = registries.upstreams.takeReleased()
    precondition(registries.routes.count == 0 && registries.upstreams.count == 0)
    return 0
}

private func changed(_ table: RoutingTable, _ change: (inout RoutingTable.Builder) -> Void) -> RoutingTable {
    var builder = RoutingTable.Builder(previous: table)
    change(&builder)
    return builder.build()
}

private func route(_ text: UnsafeRawBufferPointer.SubSequence) -> Route {
    let match = PathMatch.allCases[Int(text[text.startIndex]) % 3]
    let path = "/" + String(decoding: text.dropFirst(), as: UTF8.self)
    return Route(
        match: match, path: path, ingress: ObjectName(namespace: "n", name: "i"), upstream: "\(match) \(path)")
}

private func checkMatch(_ table: RoutingTable, _ routes: [String: [Route]], _ host: String, _ path: [UInt8]) {
    let found = Array(host.utf8).withUnsafeBytes { host in path.withUnsafeBytes { table.match(host: host, path: $0) } }
    precondition(found?.route.upstream == naiveMatch(naiveHost(routes, host), path)?.upstream)
}

private func naiveHost(_ routes: [String: [Route]], _ host: String) -> [Route] {
    if !host.isEmpty {
        if !host.hasPrefix("*"), let exact = routes[host] { return exact }
        if let dot = host.firstIndex(of: "."), dot != host.startIndex, let wildcard = routes["*" + host[dot...]] {
            return wildcard
        }
    }
    return routes[""] ?? []
}

private func naiveMatch(_ routes: [Route], _ path: [UInt8]) -> Route? {
    if let exact = routes.first(where: { $0.match == .exact && Array($0.path.utf8) == path }) { return exact }
    var best: (route: Route, count: Int)?
    for route in routes where route.match != .exact {
        var own = Array(route.path.utf8)
        while route.match == .prefix && own.count > 1 && own.last == UInt8(ascii: "/") { own.removeLast() }
        guard path.starts(with: own) else { continue }
        let isWhole = own.count == path.count || own.count == 1 || path[own.count] == UInt8(ascii: "/")
        if route.match == .prefix && !isWhole { continue }
        if let best, best.count > own.count { continue }
        if let best, best.count == own.count && best.route.match <= route.match { continue }
        best = (route, own.count)
    }
    return best?.route
}
