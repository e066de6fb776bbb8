import ExternalNames
import Logging
import PorticoModel
import Testing

@Suite struct ExternalNameResolverTests {
    @Test(arguments: [("127.0.0.1", [127, 0, 0, 1]), ("::1", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])])
    func `An address written out is its own answer`(hostname: String, bytes: [UInt8]) async {
        let (changes, report) = AsyncStream.makeStream(of: EndpointSet.self)
        let resolver = ExternalNameResolver(log: Logger(label: "test")) { report.yield($0) }
        defer { resolver.stop() }
        resolver.update(changed: [ExternalName(upstream: "a-b-80", hostname: hostname, port: 8080)], removed: [])
        #expect(
            await changes.first { _ in true }?.endpoints == [Endpoint(address: IPAddress(bytes: bytes)!, port: 8080)])
    }

    @Test func `Both families of a name are asked for, and its changes are followed`() async throws {
        let server = try NameServer()
        let (changes, report) = AsyncStream.makeStream(of: EndpointSet.self)
        let resolver = ExternalNameResolver(servers: "127.0.0.1:\(server.port)", log: Logger(label: "test")) {
            report.yield($0)
        }
        defer { resolver.stop() }
        var iterator = changes.makeAsyncIterator()
        server.answer(with: [192, 0, 2, 7])
        resolver.update(changed: [ExternalName(upstream: "a-b-80", hostname: "db.test.", port: 80)], removed: [])
        let first = await iterator.next()
        #expect(first?.endpoints.map(\.address.bytes) == [[192, 0, 2, 7], NameServer.address6])
        server.answer(with: [192, 0, 2, 8])
        let second = await iterator.next()
        #expect(second?.endpoints.map(\.address.bytes) == [[192, 0, 2, 8], NameServer.address6])
    }
}
