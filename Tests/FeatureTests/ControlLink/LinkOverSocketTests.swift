import ControlClient
import ControlLink
import ControlServer
import Glibc
import PorticoModel
import PorticoSnapshot
import Testing

@Suite struct LinkOverSocketTests {
    @Test func `Two thousand hosts arrive, and a change of one sends little`() throws {
        let server = try LinkServer()
        let worker = LinkWorker()
        server.listener.publish(
            LinkServer.snapshot(1, 1, hosts: 2000), changed: (0..<2000).map { LinkServer.set("u-\($0)", port: 80) })
        try worker.connect(server.path)
        worker.run { $0.isComplete }
        #expect(worker.updates.map(\.changed.count) == [2000])
        #expect(worker.endpoints.count == 2000)

        let before = worker.receivedBytes
        server.listener.publish(LinkServer.snapshot(1, 2, hosts: 2000, changedHost: 1234))
        worker.run { $0.version == Version(epoch: 1, sequence: 2) }
        #expect(worker.updates.last?.changed.map(\.name.name) == ["host-1234.example.com"])
        // The section, its group and the root.
        #expect(worker.receivedBytes - before < 12_000)
        let acknowledged = try server.event {
            if case .acknowledged(_, let version) = $0, version.sequence == 2 { version } else { nil }
        }
        #expect(acknowledged == Version(epoch: 1, sequence: 2))
    }

    @Test func `A worker that sleeps wakes to the newest version and live state, and delays nobody`() throws {
        let server = try LinkServer()
        let (slow, quick) = (LinkWorker("slow"), LinkWorker("quick"))
        server.listener.publish(LinkServer.snapshot(1, 1, hosts: 1000))
        for worker in [slow, quick] {
            try worker.connect(server.path)
            worker.run { $0.isComplete }
        }
        for sequence in 2...20 as ClosedRange<UInt64> {
            server.listener.publish(
                LinkServer.snapshot(1, sequence, hosts: 1000, changedHost: Int(sequence)),
                changed: [LinkServer.set("u", port: UInt16(sequence))])
            quick.run { $0.version.sequence == sequence }
        }
        #expect(slow.version.sequence == 1)
        slow.run { $0.version.sequence == 20 }
        // The one that was on its way when it fell asleep, and the newest.
        #expect(slow.updates.count <= 3)
        slow.run { $0.endpoints["u"] == LinkServer.set("u", port: 20) }
        #expect(slow.client.runningTree == quick.client.runningTree)
    }

    @Test func `A refused version is reported and shown, and the next one repairs it`() throws {
        let server = try LinkServer()
        let worker = LinkWorker()
        server.listener.publish(LinkServer.snapshot(1, 1, hosts: 3))
        try worker.connect(server.path)
        worker.run { $0.isComplete }
        worker.outcome = .refused("no room")
        server.listener.publish(LinkServer.snapshot(1, 2, hosts: 4))
        worker.run { $0.updates.count == 2 }
        let refused = try server.event {
            if case .refused(_, let version, let error) = $0 { (version, error) } else { nil }
        }
        #expect(refused == (Version(epoch: 1, sequence: 2), "no room"))
        let status = try #require(server.listener.clients.first)
        #expect(status.lastError == "no room")
        #expect(status.version == Version(epoch: 1, sequence: 1))
        #expect(!status.isCurrent)
        worker.outcome = .applied
        server.listener.publish(LinkServer.snapshot(1, 3, hosts: 5))
        worker.run { $0.version.sequence == 3 }
        #expect(worker.client.runningTree.count == 5)
    }

    @Test(
        arguments: [
            [0, 0, 0, 1, 0xff], [0xff, 0xff, 0xff, 0xff], Array("GET / HTTP/1.1\r\n\r\n".utf8),
            LinkFrame.ack(.none).encode(),
        ] as [[UInt8]])
    func `A peer with garbage is turned away and counted, and others go on`(bytes: [UInt8]) throws {
        let server = try LinkServer()
        let worker = LinkWorker()
        server.listener.publish(LinkServer.snapshot(1, 1, hosts: 3))
        try worker.connect(server.path)
        worker.run { $0.isComplete }
        let stranger = try UnixSocket.connect(path: server.path)
        defer { close(stranger) }
        #expect(bytes.withUnsafeBytes { write(stranger, $0.baseAddress, $0.count) } == bytes.count)
        _ = try server.event { if case .rejected(let reason) = $0 { reason } else { nil } }
        #expect(server.listener.counters.malformedFrames == 1)
        var waiting = pollfd(fd: stranger, events: Int16(POLLIN), revents: 0)
        #expect(poll(&waiting, 1, 5000) == 1)
        server.listener.publish(LinkServer.snapshot(1, 2, hosts: 4))
        worker.run { $0.version.sequence == 2 }
        #expect(worker.isConnected)
    }

    @Test func `Planes without a common protocol part with a clear word`() throws {
        let server = try LinkServer()
        server.listener.publish(LinkServer.snapshot(1, 1, hosts: 3))
        let worker = LinkWorker(protocols: ProtocolRange(minimum: 7, maximum: 9))
        try worker.connect(server.path)
        worker.run { $0.error != nil }
        #expect(worker.error == .noCommonProtocol("this side speaks 7 to 9, the server chose 0"))
        let end = ContinuousClock.now + .seconds(10)
        while server.listener.counters.incompatiblePeers == 0, ContinuousClock.now < end { usleep(1000) }
        #expect(server.listener.counters.incompatiblePeers == 1)
    }

    @Test func `A version that a worker refused is not offered to it again after a reconnect, and the next one is`()
        throws
    {
        let server = try LinkServer()
        let worker = LinkWorker()
        worker.outcome = .refused("no room")
        server.listener.publish(LinkServer.snapshot(1, 1, hosts: 3))
        try worker.connect(server.path)
        worker.run { !$0.updates.isEmpty }
        try worker.connect(server.path)
        worker.run { $0.client.isWelcomed }
        worker.outcome = .applied
        server.listener.publish(LinkServer.snapshot(1, 2, hosts: 3))
        worker.run { $0.version == Version(epoch: 1, sequence: 2) }
        #expect(worker.updates.map(\.version.sequence) == [1, 2])
    }

    @Test func `Each class group is offered its own versions, and the first serves who names none`() throws {
        let server = try LinkServer(classGroups: ["nginx", "internal"])
        server.listener.publish(LinkServer.snapshot(1, 1, hosts: 2), changed: [LinkServer.set("a", port: 1)])
        server.listener.publish(
            LinkServer.snapshot(1, 2, hosts: 5), to: "internal", changed: [LinkServer.set("a", port: 2)])
        let workers = ["", "nginx", "internal"].map { LinkWorker("worker-\($0)", classGroup: $0) }
        for worker in workers {
            try worker.connect(server.path)
            worker.run { $0.isComplete }
        }
        #expect(workers.map(\.version.sequence) == [1, 1, 2])
        #expect(workers.map { $0.endpoints["a"]?.endpoints.first?.port } == [1, 1, 2])
        #expect(server.listener.clients.map(\.client.hello.classGroup).sorted() == ["internal", "nginx", "nginx"])
        server.listener.updateLiveState(of: "internal", changed: [LinkServer.set("a", port: 3)])
        workers[2].run { $0.endpoints["a"] == LinkServer.set("a", port: 3) }
        server.listener.publish(LinkServer.snapshot(1, 3, hosts: 2, changedHost: 1))
        for worker in workers.dropLast() { worker.run { $0.version.sequence == 3 } }
        #expect(workers[2].version.sequence == 2)
        #expect(workers[1].endpoints["a"] == LinkServer.set("a", port: 1))
    }

    @Test func `A client of an unknown class group is told which there are`() throws {
        let server = try LinkServer(classGroups: ["nginx", "internal"])
        server.listener.publish(LinkServer.snapshot(1, 1, hosts: 2))
        let worker = LinkWorker(classGroup: "external")
        try worker.connect(server.path)
        worker.run { $0.error != nil }
        #expect(worker.error == .refused("there is no class group 'external' here, only 'nginx', 'internal'"))
        let reason = try server.event { if case .rejected(let reason) = $0 { reason } else { nil } }
        #expect(reason == "worker-0 of test asks for the unknown class group 'external'")
    }

    @Test func `A client that answers no ping is shown, and its connection is closed in the end`() throws {
        var timing = LinkTiming()
        timing.pingIntervalMilliseconds = 10
        timing.silenceMilliseconds = 50
        timing.closeMilliseconds = 60_000
        let server = try LinkServer(timing: timing)
        server.listener.publish(LinkServer.snapshot(1, 1, hosts: 2))
        let worker = LinkWorker()
        try worker.connect(server.path)
        worker.run { $0.isComplete }
        #expect(server.listener.clients.map(\.isResponding) == [true])
        let end = ContinuousClock.now + .seconds(10)
        while server.listener.clients.first?.isResponding != false, ContinuousClock.now < end { usleep(1000) }
        #expect(server.listener.clients.map(\.isResponding) == [false])
        worker.run { _ in server.listener.clients.first?.isResponding == true }

        timing.closeMilliseconds = 100
        let strict = try LinkServer(timing: timing)
        strict.listener.publish(LinkServer.snapshot(1, 1, hosts: 2))
        try worker.connect(strict.path)
        worker.run { $0.isComplete }
        let reason = try strict.event { if case .disconnected(_, let reason?) = $0 { reason } else { nil } }
        #expect(reason == "it answers no ping")
        #expect(strict.listener.counters.silentClients == 1)
    }

    @Test func `After a restart of the server a worker re-attaches, and what it runs is not sent again`() throws {
        let path: String
        let worker = LinkWorker()
        do {
            let server = try LinkServer()
            path = server.path
            server.listener.publish(
                LinkServer.snapshot(1, 1, hosts: 500),
                changed: [LinkServer.set("a", port: 1), LinkServer.set("b", port: 1)])
            try worker.connect(path)
            worker.run { $0.isComplete }
            server.listener.stop()
        }
        worker.run { !$0.isConnected }
        #expect(worker.version == Version(epoch: 1, sequence: 1))
        #expect(worker.endpoints.count == 2)

        let server = try LinkServer(path: path)
        try worker.connect(path)
        // Connected before the new control plane knows anything: nothing is lost.
        worker.run { $0.client.isWelcomed }
        #expect(worker.endpoints.count == 2)
        let before = worker.receivedBytes
        server.listener.publish(
            LinkServer.snapshot(1, 1, hosts: 500),
            changed: [LinkServer.set("a", port: 1), LinkServer.set("c", port: 1)])
        worker.run { $0.isComplete }
        #expect(worker.updates.count == 1)
        #expect(worker.endpoints.keys.sorted() == ["a", "c"])
        #expect(worker.receivedBytes - before < 500)
    }

    @Test func `A server that lost its store is told what runs, and gets through with a higher version`() throws {
        let server = try LinkServer()
        let worker = LinkWorker()
        server.listener.publish(LinkServer.snapshot(5, 9, hosts: 3))
        try worker.connect(server.path)
        worker.run { $0.isComplete }
        worker.disconnect()

        let successor = try LinkServer()
        successor.listener.publish(LinkServer.snapshot(1, 1, hosts: 4))
        try worker.connect(successor.path)
        worker.run { $0.client.isWelcomed }
        let ahead = try successor.event { if case .clientIsAhead(_, let version) = $0 { version } else { nil } }
        #expect(ahead == Version(epoch: 5, sequence: 9))
        #expect(worker.version == Version(epoch: 5, sequence: 9))
        successor.listener.publish(LinkServer.snapshot(6, 1, hosts: 4))
        worker.run { $0.version == Version(epoch: 6, sequence: 1) }
        #expect(worker.client.runningTree.count == 4)
    }

    @Test func `Reports arrive in order, and a client that goes is reported`() throws {
        let server = try LinkServer()
        let worker = LinkWorker("worker-7")
        server.listener.publish(LinkServer.snapshot(1, 1, hosts: 1))
        try worker.connect(server.path)
        worker.run { $0.isComplete }
        for value in 1...3 {
            let report = MetricsReport(counters: [CounterSeries(name: "n", value: Double(value))])
            #expect(worker.client.report(report))
        }
        worker.run { $0.client.output.isEmpty }
        worker.disconnect()
        let client = try server.event {
            if case .disconnected(let client, reason: nil) = $0 { client } else { nil }
        }
        #expect(client.hello.process == "worker-7")
        let values = server.events.compactMap {
            if case .metrics(_, let report) = $0 { report.counters.first?.value } else { nil }
        }
        #expect(values == [1, 2, 3])
        #expect(server.listener.clients.isEmpty)
    }

    @Test func `A second server leaves the first one's socket alone, and a stopped one leaves no file`() throws {
        let server = try LinkServer()
        #expect(throws: SocketError.self) { try LinkServer(path: server.path) }
        server.listener.stop()
        #expect(access(server.path, F_OK) != 0)
    }
}
