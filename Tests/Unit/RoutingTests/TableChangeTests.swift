import PorticoModel
import Testing

@testable import Routing

@Suite struct TableChangeTests {
    private let registries = RoutingRegistries()

    private func policy(readTimeout: UInt32) -> RoutePolicy {
        var policy = RoutePolicy()
        policy.readTimeoutMilliseconds = readTimeout
        return policy
    }

    @Test func `Unchanged hosts are shared between tables`() throws {
        let first = RoutingTable(registries: registries).changed { builder in
            builder.set(VirtualHost(host: "a.example", routes: [route(.prefix, "/")]))
            builder.set(VirtualHost(host: "b.example", routes: [route(.prefix, "/")]))
        }
        let second = first.changed { $0.set(VirtualHost(host: "b.example", routes: [route(.prefix, "/x")])) }
        #expect(first.match("a.example", "/") === second.match("a.example", "/"))
        #expect(first.upstream("b.example", "/y") == "prefix /")
        #expect(second.match("b.example", "/y") == nil)
    }

    @Test func `A changed default policy reaches routes without their own, and no others`() throws {
        let own = VirtualHost(
            host: "own.example", routes: [route(.prefix, "/", policy: 0)], policies: [policy(readTimeout: 7)])
        let first = RoutingTable(registries: registries).changed { builder in
            builder.set(own)
            builder.set(VirtualHost(host: "plain.example", routes: [route(.prefix, "/")]))
        }
        var globals = GlobalSettings()
        globals.defaultPolicy = policy(readTimeout: 9)
        let second = first.changed { $0.set(.globalSettings(globals)) }
        for (table, expected) in [(first, UInt32(60_000)), (second, 9)] {
            let plain = try #require(table.match("plain.example", "/"))
            #expect(table.policy(of: plain).readTimeoutMilliseconds == expected)
            let own = try #require(table.match("own.example", "/"))
            #expect(table.policy(of: own).readTimeoutMilliseconds == 7)
        }
        #expect(first.match("plain.example", "/") === second.match("plain.example", "/"))
    }

    @Test func `Counters and upstreams keep their numbers across a change`() throws {
        let host = VirtualHost(host: "a.example", routes: [route(.prefix, "/"), route(.prefix, "/x")])
        let first = RoutingTable(registries: registries).changed { $0.set(host) }
        let before = try #require(first.match("a.example", "/"))
        let changed = VirtualHost(host: "a.example", routes: [route(.prefix, "/")])
        let second = first.changed { $0.set(changed) }
        let after = try #require(second.match("a.example", "/"))
        #expect(before !== after)
        #expect(before.statistics == after.statistics)
        #expect(before.upstream == after.upstream)
        #expect(registries.upstreams.key(of: after.upstream) == "prefix /")
    }

    @Test func `Numbers of routes that are gone are handed back once nobody holds them`() throws {
        var table = RoutingTable(registries: registries).changed {
            $0.set(VirtualHost(host: "a.example", routes: [route(.prefix, "/", to: "u")]))
        }
        var held = table.match("a.example", "/")
        table = table.changed { $0.remove(SectionName(kind: .virtualHost, name: "a.example")) }
        #expect(registries.upstreams.takeReleased().isEmpty)
        let index = try #require(held?.upstream)
        held = nil
        let released = registries.upstreams.takeReleased()
        #expect(released.map(\.key) == ["u"])
        #expect(released.map(\.index) == [index])
        #expect(registries.routes.takeReleased().count == 1)
        #expect(registries.routes.count == 0)
    }

    @Test func `A key that comes back before it was handed out finds its old number`() {
        let registry = SlotRegistry<String>()
        let first = registry.acquire("a")
        registry.release(first)
        #expect(registry.acquire("a") == first)
        #expect(registry.takeReleased().isEmpty)
        registry.release(first)
        let other = registry.acquire("b")
        #expect(other != first)
        #expect(registry.takeReleased().map(\.key) == ["a"])
        #expect(registry.acquire("c") == first)
    }

    @Test func `Upstream settings and globals come and go`() {
        let settings = UpstreamSettings(name: "u", service: ObjectName(namespace: "n", name: "s"), port: "80")
        let first = RoutingTable(registries: registries).changed { builder in
            builder.set(.upstream(settings))
            var globals = GlobalSettings()
            globals.defaultUpstream = "u"
            builder.set(.globalSettings(globals))
        }
        #expect(first.settings(ofUpstream: "u") == settings)
        #expect(first.upstream("x.example", "/") == "u")
        let second = first.changed { builder in
            builder.remove(SectionName(kind: .upstream, name: "u"))
            builder.remove(.globalSettings)
        }
        #expect(second.settings(ofUpstream: "u") == nil)
        #expect(second.upstream("x.example", "/") == nil)
        #expect(first.upstreams == [settings])
    }
}
