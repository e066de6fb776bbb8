import EventLoop
import HTTPCore
import PorticoModel
import Testing

@testable import StreamProxy

/// Connections of TCP services.
@Suite struct TunnelTests {
    private struct Ends {
        var port: StreamService.Port
        var client: StreamPeer
        var server: StreamPeer
    }

    private func connect(
        _ world: StreamWorld, _ change: (inout StreamService) -> Void = { _ in }, first text: String = "hello"
    ) throws -> Ends {
        let listener = try StreamPeer.listener()
        let port = try world.serve(.tcp, at: [listener.port], change)
        let client = try StreamPeer.connect(port)
        client.send(text)
        var server: StreamPeer?
        world.turn {
            server = server ?? listener.accept()
            return server != nil
        }
        return Ends(port: port, client: client, server: try #require(server))
    }

    @Test func `bytes and ends go both ways, and the log says how it was`() throws {
        let world = try StreamWorld()
        let ends = try connect(world)
        #expect(world.receive(ends.server, count: 5) == "hello")
        ends.server.send("welcome")
        #expect(world.receive(ends.client, count: 7) == "welcome")
        // One half ends, and the other goes on.
        ends.client.shutdown()
        world.turn {
            ends.server.read()
            return ends.server.hasEnded
        }
        ends.server.send("bye")
        #expect(world.receive(ends.client, count: 3) == "bye")
        ends.server.shutdown()
        #expect(world.turn { world.records.count == 1 })
        let record = try #require(world.records.first)
        #expect(record.outcome == .served && record.receivedBytes == 5 && record.sentBytes == 10)
        #expect(record.endpoints.count == 1 && record.port == ends.port)
        let counters = try #require(world.counters(ends.port))
        #expect(counters.sessions == 1 && counters.openSessions == 0)
        #expect(counters.receivedBytes == 5 && counters.sentBytes == 10)
    }

    @Test func `a slow reader holds its writer back, and loses nothing`() throws {
        let world = try StreamWorld()
        let ends = try connect(world)
        let chunk = [UInt8](repeating: UInt8(ascii: "x"), count: 64 << 10)
        var offered = 0
        while offered < 16 << 20 {
            let count = chunk.withUnsafeBytes { Socket.send(ends.client.descriptor, $0) }
            guard case .bytes(let sent) = count else {
                _ = try world.loop.turn(waitingAtMost: 1)
                if world.records.isEmpty, offered > 4 << 20 { break }
                continue
            }
            offered += sent
            _ = try world.loop.turn(waitingAtMost: 0)
        }
        ends.client.shutdown()
        var taken = 0
        world.turn {
            ends.server.read()
            taken += ends.server.received.count
            ends.server.received = []
            return ends.server.hasEnded
        }
        #expect(taken == offered + 5)
    }

    @Test func `an endpoint that refuses is left for the next one`() throws {
        let world = try StreamWorld()
        let listener = try StreamPeer.listener()
        let dead = try StreamPeer.deadPort()
        let port = try world.serve(.tcp, at: [dead, listener.port])
        for _ in 0..<2 {
            let client = try StreamPeer.connect(port)
            client.send("x")
            var server: StreamPeer?
            #expect(
                world.turn {
                    server = server ?? listener.accept()
                    return server != nil
                })
        }
        #expect(try #require(world.counters(port)).failedAttempts >= 1)
    }

    @Test(arguments: [
        (true, 2 as UInt32, 0 as UInt32, 2 as UInt64), (true, 0, 0, 3), (false, 3, 0, 1), (true, 1, 0, 1),
    ])
    func `so many endpoints are tried as the settings say`(
        _ tries: Bool, _ limit: UInt32, _ time: UInt32, _ attempts: UInt64
    ) throws {
        let world = try StreamWorld()
        let dead = try (0..<3).map { _ in try StreamPeer.deadPort() }
        let port = try world.serve(.tcp, at: dead) {
            $0.settings.triesNextEndpoint = tries
            $0.settings.tries = limit
            $0.settings.retryMilliseconds = time
        }
        let client = try StreamPeer.connect(port)
        #expect(world.receive(client).isEmpty && client.hasEnded)
        let counters = try #require(world.counters(port))
        #expect(counters.failedAttempts == attempts && counters.unservedSessions == 1)
        #expect(world.records.map(\.outcome) == [.unserved])
        #expect(world.records.first?.endpoints.count == Int(attempts))
    }

    @Test func `silence of both sides ends a connection`() throws {
        let world = try StreamWorld()
        let ends = try connect(world, { $0.settings.idleMilliseconds = 30 })
        #expect(world.receive(ends.server, count: 5) == "hello")
        #expect(world.receive(ends.client).isEmpty && ends.client.hasEnded)
        #expect(world.counters(ends.port)?.timeouts == 1)
    }

    @Test func `no endpoint ends the connection`() throws {
        let world = try StreamWorld()
        let port = try world.serve(.tcp, at: [])
        let client = try StreamPeer.connect(port)
        #expect(world.receive(client).isEmpty && client.hasEnded)
        #expect(world.records.map(\.outcome) == [.unserved])
    }

    @Test func `more sessions than may be are turned away`() throws {
        let world = try StreamWorld()
        world.proxy.maximumSessions = 1
        let ends = try connect(world)
        let second = try StreamPeer.connect(ends.port)
        #expect(world.receive(second).isEmpty && second.hasEnded)
        #expect(world.counters(ends.port)?.refusedSessions == 1)
        #expect(world.records.map(\.outcome) == [.refused])
    }

    // MARK: PROXY protocol

    private static let binary: [UInt8] =
        [0x0D, 0x0A, 0x0D, 0x0A, 0, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A, 0x21, 0x11, 0, 12]
        + [192, 0, 2, 1, 198, 51, 100, 1, 0x0F, 0xA0, 0x23, 0x28]

    @Test(arguments: [Array("PROXY TCP4 192.0.2.1 198.51.100.1 4000 9000\r\n".utf8), binary])
    func `a client's header is read, in pieces too, and passed on`(_ header: [UInt8]) throws {
        let world = try StreamWorld()
        let listener = try StreamPeer.listener()
        let port = try world.serve(.tcp, at: [listener.port]) {
            $0.decodesProxyProtocol = true
            $0.encodesProxyProtocol = true
        }
        let client = try StreamPeer.connect(port)
        client.send(Array(header[..<10]))
        for _ in 0..<5 { _ = try world.loop.turn(waitingAtMost: 1) }
        client.send(Array(header[10...]) + Array("hello".utf8))
        var server: StreamPeer?
        world.turn {
            server = server ?? listener.accept()
            return server != nil
        }
        let expected = "PROXY TCP4 192.0.2.1 198.51.100.1 4000 9000\r\nhello"
        #expect(world.receive(try #require(server), count: expected.utf8.count) == expected)
    }

    @Test func `an endpoint is told of the client's own address where the client announces none`() throws {
        let world = try StreamWorld()
        let ends = try connect(world, { $0.encodesProxyProtocol = true })
        let own = Socket.localAddress(ends.client.descriptor).port
        let expected = "PROXY TCP4 127.0.0.1 127.0.0.1 \(own) \(ends.port.number)\r\nhello"
        #expect(world.receive(ends.server, count: expected.utf8.count) == expected)
    }

    @Test func `a header that is none ends the connection before any endpoint is asked`() throws {
        let world = try StreamWorld()
        let listener = try StreamPeer.listener()
        let port = try world.serve(.tcp, at: [listener.port]) { $0.decodesProxyProtocol = true }
        let client = try StreamPeer.connect(port)
        client.send("GET / HTTP/1.1\r\n")
        #expect(world.receive(client).isEmpty && client.hasEnded)
        #expect(listener.accept() == nil)
        #expect(world.counters(port)?.malformedHeaders == 1)
        #expect(world.records.map(\.outcome) == [.malformed])
    }

    // MARK: Changes

    @Test func `a connection goes on when its service goes, and when the worker stops`() throws {
        let world = try StreamWorld()
        let ends = try connect(world)
        #expect(world.receive(ends.server, count: 5) == "hello")
        world.proxy.apply(changed: [], removed: [SectionName(kind: .streamService, name: ends.port.description)])
        world.proxy.release(ends.port)
        ends.client.send("still")
        #expect(world.receive(ends.server, count: 5) == "still")
        world.proxy.drain()
        ends.server.send("here")
        #expect(world.receive(ends.client, count: 4) == "here")
        #expect(world.proxy.openSessions == 1)
        ends.client.shutdown()
        ends.server.shutdown()
        #expect(world.turn { world.proxy.openSessions == 0 })
    }
}
