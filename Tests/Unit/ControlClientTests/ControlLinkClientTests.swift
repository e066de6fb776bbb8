import ControlClient
import ControlLink
import LinkSamples
import PorticoModel
import PorticoSnapshot
import Testing

@Suite struct ControlLinkClientTests {
    @Test func `A worker takes all of a version, acknowledges it, and is complete`() throws {
        var pair = LinkPair(hosts: 30)
        pair.update(changed: [LinkPair.set("a", port: 1)])
        try pair.connect()
        #expect(pair.applied.map(\.version) == [Version(epoch: 1, sequence: 1)])
        #expect(pair.applied.first?.changed.count == 30)
        #expect(pair.applied.first?.removed.isEmpty == true)
        #expect(pair.client.runningVersion == Version(epoch: 1, sequence: 1))
        #expect(pair.session.runningVersion == Version(epoch: 1, sequence: 1))
        #expect(pair.log == ["connected", "set a", "apply 1.1", "complete"])
    }

    @Test func `A change of config comes as what changed and what is gone`() throws {
        var pair = LinkPair(hosts: 30)
        try pair.connect()
        pair.publish(sequence: 2, hosts: 29, changedHost: 3)
        try pair.exchange()
        let update = try #require(pair.applied.last)
        #expect(update.changed.map(\.name.name) == ["host-3"])
        #expect(update.removed.map(\.name) == ["host-29"])
        #expect(pair.client.runningTree == pair.publication.snapshot?.tree)
    }

    @Test func `A refused version leaves the running one, and the next one applies`() throws {
        var pair = LinkPair(hosts: 5)
        try pair.connect()
        pair.outcome = .refused("does not fit")
        pair.publish(sequence: 2, hosts: 6)
        try pair.exchange()
        #expect(pair.client.runningVersion == Version(epoch: 1, sequence: 1))
        #expect(pair.events.contains(.refused(Version(epoch: 1, sequence: 2), error: "does not fit")))
        pair.outcome = .applied
        pair.publish(sequence: 3, hosts: 7)
        try pair.exchange()
        #expect(pair.client.runningVersion == Version(epoch: 1, sequence: 3))
        #expect(pair.applied.last?.changed.count == 2)
    }

    @Test func `A lower version is refused`() throws {
        var pair = LinkPair(hosts: 5)
        pair.publish(epoch: 2, sequence: 5, hosts: 5)
        try pair.connect()
        let tree = SampleConfiguration(hosts: 1).tree
        try pair.deliver(
            .manifest(
                LinkFrame.Manifest(
                    version: Version(epoch: 1, sequence: 900), rootDigest: tree.rootDigest, root: tree.rootBytes,
                    isPinned: false)))
        #expect(pair.client.runningVersion == Version(epoch: 2, sequence: 5))
        #expect(
            try pair.takeAnswers() == [
                .nack(Version(epoch: 1, sequence: 900), error: "2.5 is running, which is newer")
            ])
    }

    @Test func `A version with a blob missing is refused and says which`() throws {
        var pair = LinkPair(hosts: 1)
        try pair.connect()
        let tree = SampleConfiguration(hosts: 2, changedHost: 0).tree
        let manifest = LinkFrame.manifest(
            LinkFrame.Manifest(
                version: Version(epoch: 1, sequence: 2), rootDigest: tree.rootDigest, root: tree.rootBytes,
                isPinned: false))
        try pair.deliver(manifest)
        guard case .nack(_, let error) = try pair.takeAnswers().first else {
            Issue.record("no nack")
            return
        }
        #expect(error.contains("missing group"))
        for index in 0..<ManifestTree.groupCount {
            guard let digest = tree.groupDigest(index) else { continue }
            try pair.deliver(
                .blob(LinkFrame.Blob(digest: digest, isGroup: true, content: tree.groupBytes(index))))
        }
        try pair.deliver(manifest)
        guard case .nack(_, let error) = try pair.takeAnswers().first else {
            Issue.record("no nack")
            return
        }
        #expect(error.contains("missing section"))
    }

    @Test(
        arguments: [
            (Digest.sha256(of: [1]), [2], "not what its digest"), (.sha256(of: [0xff]), [0xff], "malformed"),
        ] as [(Digest, [UInt8], String)])
    func `A version with a damaged blob is refused, the connection stays`(
        digest: Digest, content: [UInt8], reason: String
    ) throws {
        var pair = LinkPair(hosts: 1)
        try pair.connect()
        try pair.deliver(.blob(LinkFrame.Blob(digest: digest, isGroup: false, content: content)))
        let tree = pair.client.runningTree
        try pair.deliver(
            .manifest(
                LinkFrame.Manifest(
                    version: Version(epoch: 1, sequence: 2), rootDigest: tree.rootDigest, root: tree.rootBytes,
                    isPinned: false)))
        guard case .nack(Version(epoch: 1, sequence: 2), let error) = try pair.takeAnswers().first else {
            Issue.record("no nack")
            return
        }
        #expect(error.contains(reason))
        pair.publish(sequence: 3, hosts: 2)
        try pair.exchange()
        #expect(pair.client.runningVersion == Version(epoch: 1, sequence: 3))
    }

    @Test func `A new connection asks for what differs and forgets what its listing does not name`() throws {
        var pair = LinkPair(hosts: 40)
        pair.update(changed: [LinkPair.set("a", port: 1), LinkPair.set("b", port: 1)])
        try pair.connect()
        pair.publish(sequence: 2, hosts: 40, changedHost: 1)
        pair.update(changed: [LinkPair.set("a", port: 2)], removed: ["b"])
        pair.log = []
        try pair.connect()
        #expect(pair.applied.last?.changed.count == 1)
        #expect(pair.log == ["connected", "set a", "apply 1.2", "remove b", "complete"])
    }

    @Test func `Live objects come with the listing, change, and go`() throws {
        var pair = LinkPair(hosts: 1)
        pair.update(objects: [
            LiveObject(.certificate, name: "a/x", content: [1]), LiveObject(.certificate, name: "a/y", content: [1]),
        ])
        try pair.connect()
        pair.update(objects: [LiveObject(.certificate, name: "a/x", content: [2])])
        try pair.exchange()
        pair.update(removedObjects: [LiveObjectName(kind: .certificate, name: "a/x")])
        try pair.connect()
        #expect(
            pair.log == [
                "connected", "set a/x=[1] a/y=[1]", "apply 1.1", "complete", "set a/x=[2]", "connected", "set a/y=[1]",
                "remove a/x", "complete",
            ])
    }

    @Test func `Live state that changes while a version is on its way is kept`() throws {
        var pair = LinkPair(hosts: 2)
        try pair.connect()
        pair.log = []
        pair.update(changed: [LinkPair.set("x", port: 1)])
        pair.update(changed: [LinkPair.set("x", port: 2)])
        try pair.exchange()
        pair.update(changed: [], removed: ["x"])
        try pair.exchange()
        #expect(pair.log == ["set x", "remove x"])
        #expect(pair.endpoints["x"] == nil)
    }

    @Test func `An update that outlives its connection is known to the next hello`() throws {
        var pair = LinkPair(hosts: 3)
        pair.appliesAtOnce = false
        try pair.connect()
        #expect(pair.applied.count == 1)
        pair.client.connectionClosed()
        pair.client.connectionOpened()
        #expect(pair.client.output.isEmpty)
        pair.client.finishApplying(.applied)
        guard case .hello(let hello) = try pair.takeAnswers().first else {
            Issue.record("no hello")
            return
        }
        #expect(hello.version == Version(epoch: 1, sequence: 1))
        #expect(hello.rootDigest == pair.publication.snapshot?.tree.rootDigest)
    }

    @Test func `An update that nobody took goes with its connection, live state stays`() throws {
        let pair = LinkPair(hosts: 3)
        var session = pair.session
        var publication = pair.publication
        _ = publication.update(changed: [LinkPair.set("a", port: 1)], removed: [])
        let client = pair.client
        client.connectionOpened()
        try client.output.withUnsentBytes { bytes in
            Result { try session.receive(bytes, publication: publication) }
        }.get()
        var output = OutputBuffer()
        session.produce(into: &output, limit: .max, publication: publication)
        try output.withUnsentBytes { bytes in Result { try client.receive(bytes) } }.get()
        client.connectionClosed()
        client.connectionOpened()
        #expect(!client.output.isEmpty)
        guard case .setEndpoints = client.nextOrder() else {
            Issue.record("no live state")
            return
        }
        #expect({ if case nil = client.nextOrder() { true } else { false } }())
    }

    @Test func `Reports are taken only by a server that answered`() throws {
        var pair = LinkPair(hosts: 3)
        let report = MetricsReport(counters: [CounterSeries(name: "c", value: 1)])
        #expect(!pair.client.report(report))
        try pair.connect()
        #expect(pair.client.report(report))
        #expect(pair.client.log(level: "info", "hello"))
        try pair.exchange()
        #expect(pair.events.suffix(2) == [.metrics(report), .log(LinkFrame.LogEvent(level: "info", message: "hello"))])
        pair.client.connectionClosed()
        #expect(!pair.client.report(report))
    }

    @Test func `A long report comes in several frames`() throws {
        var pair = LinkPair(hosts: 1)
        try pair.connect()
        let routes = (0..<2500).map {
            RouteSeries(host: "h\($0)", path: "/", ingress: ObjectName(namespace: "n", name: "i"), service: "s")
        }
        #expect(pair.client.report(MetricsReport(routes: routes, counters: [CounterSeries(name: "c", value: 1)])))
        try pair.exchange()
        let reports = pair.events.compactMap { if case .metrics(let report) = $0 { report } else { nil } }
        #expect(reports.map(\.routes.count) == [1000, 1000, 500])
        #expect(reports.flatMap(\.routes) == routes)
        #expect(reports.flatMap(\.counters).count == 1)
    }

    @Test func `A server that does not read gets no more reports than the limit`() throws {
        var pair = LinkPair(hosts: 1)
        try pair.connect()
        let report = MetricsReport(
            counters: [CounterSeries(name: String(repeating: "x", count: 100_000), value: 1)])
        var taken = 0
        while pair.client.report(report) { taken += 1 }
        #expect(taken < 60)
    }

    @Test func `Pings are answered and a drain is passed on`() throws {
        var pair = LinkPair(hosts: 1)
        try pair.connect()
        pair.session.ping(token: 7)
        pair.session.drain(deadlineMilliseconds: 9)
        try pair.exchange()
        #expect(pair.events.last == .pong(token: 7))
        #expect(pair.log.last == "drain 9")
    }

    @Test(
        arguments: [
            [.ping(token: 1)], [.welcome(LinkFrame.Welcome(protocolVersion: 0, controller: ""))],
            [.welcome(LinkFrame.Welcome(protocolVersion: 2, controller: ""))],
            [LinkPair.welcome, LinkPair.welcome], [LinkPair.welcome, .ack(.none)],
        ] as [[LinkFrame]])
    func `A frame that a server may not send ends the connection`(frames: [LinkFrame]) {
        let client = ControlLinkClient(identity: LinkPair.identity)
        client.connectionOpened()
        #expect(throws: LinkError.self) {
            for frame in frames { try frame.encode().withUnsafeBytes { try client.receive($0) } }
        }
    }

    @Test func `Waits between attempts double, with a random half, up to two seconds`() {
        var backOff = ReconnectBackOff()
        #expect((0..<8).map { _ in backOff.next(random: 0) } == [25, 50, 100, 200, 400, 800, 1000, 1000])
        backOff.reset()
        #expect((25...50).contains(backOff.next(random: 25)))
    }
}
