import PorticoModel
import Testing

@testable import Routing

/// One row of the table of path types in the Kubernetes documentation.
struct PathRow: CustomTestStringConvertible, Sendable {
    var routes: [Route]
    var request: String
    var winner: String?

    init(_ routes: [Route], _ request: String, _ winner: String?) {
        self.routes = routes
        self.request = request
        self.winner = winner
    }

    var testDescription: String { "\(routes.map(\.upstream)) \(request) → \(winner ?? "none")" }
}

@Suite struct PathMatchingTests {
    @Test(arguments: [
        PathRow([route(.prefix, "/")], "/", "prefix /"),
        PathRow([route(.prefix, "/")], "/any/path", "prefix /"),
        PathRow([route(.exact, "/foo")], "/foo", "exact /foo"),
        PathRow([route(.exact, "/foo")], "/bar", nil),
        PathRow([route(.exact, "/foo")], "/foo/", nil),
        PathRow([route(.exact, "/foo/")], "/foo", nil),
        PathRow([route(.prefix, "/foo")], "/foo", "prefix /foo"),
        PathRow([route(.prefix, "/foo")], "/foo/", "prefix /foo"),
        PathRow([route(.prefix, "/foo/")], "/foo", "prefix /foo/"),
        PathRow([route(.prefix, "/foo/")], "/foo/", "prefix /foo/"),
        PathRow([route(.prefix, "/aaa/bb")], "/aaa/bbb", nil),
        PathRow([route(.prefix, "/aaa/bbb")], "/aaa/bbb", "prefix /aaa/bbb"),
        PathRow([route(.prefix, "/aaa/bbb/")], "/aaa/bbb", "prefix /aaa/bbb/"),
        PathRow([route(.prefix, "/aaa/bbb")], "/aaa/bbb/", "prefix /aaa/bbb"),
        PathRow([route(.prefix, "/aaa/bbb")], "/aaa/bbb/ccc", "prefix /aaa/bbb"),
        PathRow([route(.prefix, "/aaa/bbb")], "/aaa/bbbxyz", nil),
        PathRow([route(.prefix, "/"), route(.prefix, "/aaa")], "/aaa/ccc", "prefix /aaa"),
        PathRow(
            [route(.prefix, "/"), route(.prefix, "/aaa"), route(.prefix, "/aaa/bbb")], "/aaa/bbb", "prefix /aaa/bbb"),
        PathRow([route(.prefix, "/"), route(.prefix, "/aaa"), route(.prefix, "/aaa/bbb")], "/ccc", "prefix /"),
        PathRow([route(.prefix, "/aaa")], "/ccc", nil),
        PathRow([route(.prefix, "/foo"), route(.exact, "/foo")], "/foo", "exact /foo"),
    ])
    func `Every row of the documentation's table holds`(row: PathRow) {
        let table = RoutingTable.of([VirtualHost(host: "a.example", routes: row.routes)])
        #expect(table.upstream("a.example", row.request) == row.winner)
    }

    @Test(arguments: [
        PathRow([route(.stringPrefix, "/foo")], "/foobar", "stringPrefix /foo"),
        PathRow([route(.stringPrefix, "/foo/")], "/foo", nil),
        PathRow([route(.stringPrefix, "/foo"), route(.prefix, "/foo")], "/foo/x", "prefix /foo"),
        PathRow([route(.stringPrefix, "/foo"), route(.prefix, "/foo")], "/foox", "stringPrefix /foo"),
        PathRow([route(.stringPrefix, "/foo/b"), route(.prefix, "/foo")], "/foo/bar", "stringPrefix /foo/b"),
        PathRow([route(.stringPrefix, "/foo/bar"), route(.exact, "/foo/bar")], "/foo/bar", "exact /foo/bar"),
        PathRow([route(.exact, "/foo"), route(.prefix, "/")], "/foo/", "prefix /"),
        PathRow([route(.prefix, "/aaa/bb"), route(.prefix, "/aaa")], "/aaa/bbb", "prefix /aaa"),
        PathRow([route(.prefix, "/aaa/bb"), route(.stringPrefix, "/")], "/aab", "stringPrefix /"),
        PathRow([route(.prefix, "/"), route(.exact, "/"), route(.stringPrefix, "/")], "/", "exact /"),
        PathRow([route(.prefix, "/"), route(.stringPrefix, "/")], "/x", "prefix /"),
        PathRow([route(.prefix, "/")], "*", nil),
        PathRow([route(.prefix, "/long/path/of/many/elements")], "/long/path/of/many/elementz", nil),
        PathRow([], "/", nil),
    ])
    func `Exact wins, then the longest path, then elements over bytes`(row: PathRow) {
        for routes in [row.routes, row.routes.reversed()] {
            let table = RoutingTable.of([VirtualHost(host: "a.example", routes: routes)])
            #expect(table.upstream("a.example", row.request) == row.winner)
        }
    }

    @Test func `Of equal routes the first one counts`() {
        let routes = [route(.prefix, "/a", to: "first"), route(.prefix, "/a", to: "second")]
        let table = RoutingTable.of([VirtualHost(host: "a.example", routes: routes)])
        #expect(table.upstream("a.example", "/a/b") == "first")
    }

    @Test(arguments: 0..<40)
    func `Random tables match as a naive search does`(seed: Int) {
        var random = RepeatableRandom(seed: UInt64(seed))
        let paths = (0..<Int.random(in: 1...40, using: &random)).map { _ in Self.path(&random) }
        let routes = paths.map { route([PathMatch.exact, .prefix, .stringPrefix].randomElement(using: &random)!, $0) }
        let table = RoutingTable.of([VirtualHost(host: "a.example", routes: routes)])
        for _ in 0..<500 {
            let request = Self.path(&random)
            let winner = Self.naiveMatch(routes, request)
            #expect(table.upstream("a.example", request) == winner?.upstream, "\(request) among \(paths)")
        }
    }

    private static func path(_ random: inout RepeatableRandom) -> String {
        let alphabet = ["/", "/", "a", "b", "ab", "/a", "abcdefgh", "é"]
        return "/"
            + (0..<Int.random(in: 0...6, using: &random)).map { _ in alphabet.randomElement(using: &random)! }
            .joined()
    }

    private static func naiveMatch(_ routes: [Route], _ request: String) -> Route? {
        if let exact = routes.first(where: { $0.match == .exact && $0.path == request }) { return exact }
        var best: (route: Route, path: [UInt8])?
        for route in routes where route.match != .exact {
            var path = Array(route.path.utf8)
            let bytes = Array(request.utf8)
            if route.match == .prefix {
                while path.count > 1 && path.last == UInt8(ascii: "/") { path.removeLast() }
            }
            guard bytes.starts(with: path) else { continue }
            let isWhole = path.count == bytes.count || path.count == 1 || bytes[path.count] == UInt8(ascii: "/")
            if route.match == .prefix && !isWhole { continue }
            if let best, (best.path.count, -Int(best.route.match.rawValue)) >= (path.count, -Int(route.match.rawValue))
            {
                continue
            }
            best = (route, path)
        }
        return best?.route
    }
}

/// A repeatable source of randomness (SplitMix64).
struct RepeatableRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
