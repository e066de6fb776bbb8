import EventLoop
import PorticoModel
import Testing

@testable import StreamProxy

/// Datagrams of UDP services.
@Suite struct DatagramTests {
    @Test func `a question reaches the endpoint, and its answer the client`() throws {
        let world = try StreamWorld()
        let server = StreamPeer.datagrams()
        let port = try world.serve(.udp, at: [server.port])
        let clients = try (0..<3).map { _ in try StreamPeer.connect(port) }
        for (number, client) in clients.enumerated() {
            client.send("question \(number)")
            #expect(world.receive(server) == "question \(number)")
            server.reply("answer \(number)")
        }
        for (number, client) in clients.enumerated() { #expect(world.receive(client) == "answer \(number)") }
        // Each session ended with the one answer that is expected.
        #expect(world.turn { world.records.count == 3 })
        #expect(world.records.allSatisfy { $0.outcome == .served && $0.receivedBytes == 10 && $0.sentBytes == 8 })
        let counters = try #require(world.counters(port))
        #expect(counters.sessions == 3 && counters.openSessions == 0)
        #expect(counters.receivedBytes == 30 && counters.sentBytes == 24)
    }

    @Test func `a client keeps its endpoint while its session lasts`() throws {
        let world = try StreamWorld()
        let servers = [StreamPeer.datagrams(), StreamPeer.datagrams()]
        let port = try world.serve(.udp, at: servers.map(\.port)) { $0.settings.responses = 0 }
        let client = try StreamPeer.connect(port)
        for _ in 0..<4 { client.send("x") }
        world.turn {
            for server in servers { server.read() }
            return servers.map(\.received.count).reduce(0, +) == 4
        }
        #expect(servers.map(\.received.count).sorted() == [0, 4])
        let other = try StreamPeer.connect(port)
        other.send("y")
        #expect(
            world.turn {
                for server in servers { server.read() }
                return servers.allSatisfy { !$0.received.isEmpty }
            })
    }

    @Test func `a session ends after so many answers to each question`() throws {
        let world = try StreamWorld()
        let server = StreamPeer.datagrams()
        let port = try world.serve(.udp, at: [server.port]) { $0.settings.responses = 2 }
        let client = try StreamPeer.connect(port)
        client.send("x")
        #expect(world.receive(server) == "x")
        server.reply("1")
        #expect(world.receive(client) == "1")
        #expect(world.proxy.openSessions == 1)
        server.reply("2")
        #expect(world.receive(client) == "2")
        #expect(world.turn { world.proxy.openSessions == 0 })
    }

    @Test func `silence ends a session, and no answer at all is a timeout`() throws {
        let world = try StreamWorld()
        let server = StreamPeer.datagrams()
        let port = try world.serve(.udp, at: [server.port]) { $0.settings.idleMilliseconds = 20 }
        let client = try StreamPeer.connect(port)
        client.send("x")
        #expect(world.receive(server) == "x")
        #expect(world.turn { world.proxy.openSessions == 0 })
        #expect(world.counters(port)?.timeouts == 1)
    }

    @Test func `an endpoint where nobody listens is left for the next one`() throws {
        let world = try StreamWorld()
        let server = StreamPeer.datagrams()
        let dead = StreamPeer.datagrams().port
        let port = try world.serve(.udp, at: [dead, server.port])
        let client = try StreamPeer.connect(port)
        var sent = 0
        // What was sent to nobody is lost, as datagrams are; a client that asks again finds the other.
        #expect(
            world.turn {
                if world.proxy.openSessions == 0 {
                    client.send("x")
                    sent += 1
                }
                server.read()
                return !server.received.isEmpty
            })
        #expect(sent <= 3)
    }

    @Test func `an empty datagram is one`() throws {
        let world = try StreamWorld()
        let server = StreamPeer.datagrams()
        let port = try world.serve(.udp, at: [server.port])
        let client = try StreamPeer.connect(port)
        client.send("")
        client.send("x")
        #expect(world.receive(server) == "x")
        #expect(world.counters(port)?.sessions == 1)
    }

    @Test func `a port's sessions end with it`() throws {
        let world = try StreamWorld()
        let server = StreamPeer.datagrams()
        let port = try world.serve(.udp, at: [server.port])
        let client = try StreamPeer.connect(port)
        client.send("x")
        #expect(world.receive(server) == "x")
        world.proxy.release(port)
        #expect(world.proxy.openSessions == 0)
        #expect(world.records.count == 1)
    }

    @Test func `more sessions than may be are turned away`() throws {
        let world = try StreamWorld()
        world.proxy.maximumSessions = 1
        let server = StreamPeer.datagrams()
        let port = try world.serve(.udp, at: [server.port])
        let clients = try (0..<2).map { _ in try StreamPeer.connect(port) }
        for client in clients { client.send("x") }
        #expect(world.turn { world.counters(port)?.refusedSessions == 1 })
        #expect(world.records.map(\.outcome) == [.refused])
    }
}
