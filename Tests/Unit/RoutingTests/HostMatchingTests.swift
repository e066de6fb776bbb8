import PorticoModel
import Testing

@testable import Routing

@Suite struct HostMatchingTests {
    private static let hosts = ["foo.com", "*.foo.com", "bar.foo.com", "", "*.com"].map { host in
        VirtualHost(host: host, routes: [route(.prefix, "/", to: host.isEmpty ? "any" : host)])
    }

    @Test(arguments: [
        ("foo.com", "foo.com"), ("bar.foo.com", "bar.foo.com"), ("baz.foo.com", "*.foo.com"),
        ("baz.bar.foo.com", "any"), ("other.com", "*.com"), (".foo.com", "any"), ("com", "any"), ("", "any"),
        ("foo.com.", "any"), ("127.0.0.1", "any"), ("[::1]", "any"),
    ])
    func `The exact host wins, then the wildcard of one label, then any host`(host: String, winner: String) {
        #expect(RoutingTable.of(Self.hosts).upstream(host, "/") == winner)
    }

    @Test(arguments: [("bar.foo.com", true), ("baz.bar.foo.com", false), ("foo.com", false)])
    func `A wildcard covers one label, as the documentation's table says`(host: String, matches: Bool) {
        let table = RoutingTable.of([VirtualHost(host: "*.foo.com", routes: [route(.prefix, "/")])])
        #expect((table.match(host, "/") != nil) == matches)
    }

    @Test func `A host without a route for the path falls to the default upstream, not to other hosts`() {
        var globals = GlobalSettings()
        globals.defaultUpstream = "default"
        let hosts = [
            VirtualHost(host: "a.example", routes: [route(.prefix, "/a")]),
            VirtualHost(host: "", routes: [route(.prefix, "/")]),
        ]
        let table = RoutingTable.of(hosts, globals: globals)
        #expect(table.upstream("a.example", "/b") == "default")
        #expect(table.upstream("b.example", "/b") == "prefix /")
        #expect(RoutingTable.of(hosts).upstream("a.example", "/b") == nil)
    }

    @Test func `Ten thousand hosts are all found, and after changes too`() {
        let names = (0..<10_000).map { "host-\($0).example.com" }
        let table = RoutingTable.of(names.map { VirtualHost(host: $0, routes: [route(.prefix, "/", to: $0)]) })
        #expect(names.allSatisfy { table.upstream($0, "/x") == $0 })
        #expect(table.virtualHostCount == 10_000)
        let changed = table.changed { builder in
            for name in names.prefix(5_000) { builder.remove(SectionName(kind: .virtualHost, name: name)) }
            builder.set(VirtualHost(host: names[5_000], routes: [route(.prefix, "/", to: "new")]))
        }
        #expect(changed.virtualHostCount == 5_000)
        #expect(names.prefix(5_000).allSatisfy { changed.match($0, "/") == nil })
        #expect(names.dropFirst(5_001).allSatisfy { changed.upstream($0, "/") == $0 })
        #expect(changed.upstream(names[5_000], "/") == "new")
        #expect(table.upstream(names[0], "/") == names[0])
    }
}
