import ClusterState
import IngressStatus
import PorticoModel
import Testing

@Suite struct StatusTableTests {
    private let address = LoadBalancerAddress(ip: "203.0.113.1")
    private let other = LoadBalancerAddress(hostname: "lb.example")

    private func ingress(_ name: String, uid: String = "u", _ addresses: [LoadBalancerAddress] = []) -> Ingress {
        var ingress = Ingress(metadata: ObjectMetadata(name: ObjectName(namespace: "default", name: name)))
        ingress.uid = uid
        ingress.addresses = addresses
        return ingress
    }

    private func take(_ table: inout StatusTable, _ limit: Int) -> [StatusPatch] { table.next(limit) }

    private func names(_ patches: [StatusPatch]) -> [String] { patches.map(\.name.name).sorted() }

    @Test func `nothing is written before the addresses are known`() {
        var table = StatusTable()
        table.set(ingress("a"))
        #expect(take(&table, 10).isEmpty)
        table.want([address])
        #expect(names(take(&table, 10)) == ["a"])
    }

    @Test func `only what differs is written, whatever its order`() {
        var table = StatusTable()
        table.want([other, address].sorted())
        table.set(ingress("same", [address, other]))
        table.set(ingress("less", [address]))
        table.set(ingress("none"))
        #expect(names(take(&table, 10)) == ["less", "none"])
    }

    @Test func `what was written is not written again before its echo, nor after it`() throws {
        var table = StatusTable()
        table.want([address])
        table.set(ingress("a"))
        let patch = try #require(take(&table, 1).first)
        table.take(patch, .written)
        #expect(take(&table, 1).isEmpty)
        table.set(ingress("a", [address]))
        #expect(take(&table, 1).isEmpty)
    }

    @Test func `what the API server tells during a write counts, for it may have come after it`() throws {
        var table = StatusTable()
        table.want([address])
        table.set(ingress("a"))
        let patch = try #require(take(&table, 1).first)
        table.set(ingress("a", [other]))
        #expect(take(&table, 1).isEmpty, "it is in flight")
        table.take(patch, .written)
        #expect(names(take(&table, 1)) == ["a"])
    }

    @Test func `a status that somebody else changes is corrected`() throws {
        var table = StatusTable()
        table.want([address])
        table.set(ingress("a", [address]))
        table.set(ingress("a", [other]))
        #expect(names(take(&table, 1)) == ["a"])
    }

    @Test func `addresses that change while a write is under way are written after it`() throws {
        var table = StatusTable()
        table.want([address])
        table.set(ingress("a"))
        let patch = try #require(take(&table, 1).first)
        table.want([other])
        table.take(patch, .written)
        #expect(take(&table, 1).map(\.addresses) == [[other]])
    }

    @Test func `a failed write is repeated when it is time for that`() throws {
        var table = StatusTable()
        table.want([address])
        table.set(ingress("a"))
        let patch = try #require(take(&table, 1).first)
        table.take(patch, .failed)
        #expect(table.hasFailed)
        #expect(take(&table, 1).isEmpty)
        table.retry()
        #expect(names(take(&table, 1)) == ["a"])
    }

    @Test func `an Ingress that was made anew gets its own write`() throws {
        var table = StatusTable()
        table.want([address])
        table.set(ingress("a"))
        let patch = try #require(take(&table, 1).first)
        table.set(ingress("a", uid: "another"))
        table.take(patch, .obsolete)
        #expect(take(&table, 1).map(\.uid) == ["another"])
    }

    @Test func `an Ingress that is gone is left alone`() throws {
        var table = StatusTable()
        table.want([address])
        table.set(ingress("a"))
        table.set(ingress("b"))
        let patch = try #require(take(&table, 1).first)
        table.remove(patch.name)
        table.take(patch, .written)
        #expect(table.count == 1)
        #expect(take(&table, 2).count == 1)
    }
}
