import ControlLink
import LinkSamples
import PorticoModel
import PorticoSnapshot
import Testing

@Suite struct LinkServerSessionTests {
    @Test func `A client without anything gets the live state, every blob and the manifest`() throws {
        var link = try TestLink(hosts: 20)
        let frames = link.connect()
        #expect(frames.first == .welcome(LinkFrame.Welcome(protocolVersion: 1, controller: "test")))
        let liveState = try #require(frames.firstIndex { $0.liveState?.beginsListing == true })
        let firstBlob = try #require(frames.firstIndex { $0.blob != nil })
        #expect(liveState < firstBlob)
        #expect(frames.compactMap(\.blob).filter { !$0.isGroup }.count == 20)
        #expect(frames.last?.manifest?.version == Version(epoch: 1, sequence: 1))
        #expect(frames.allSatisfy { $0.liveState?.endsListing != true })
        let afterwards = link.send(.ack(Version(epoch: 1, sequence: 1)))
        #expect(afterwards == [.liveState(LinkFrame.LiveState(endsListing: true))])
    }

    @Test func `A change of one host sends its section, its group and the manifest`() throws {
        var link = try TestLink(hosts: 200)
        link.connectAndAcknowledge()
        link.publish(sequence: 2, hosts: 200, changedHost: 7)
        let frames = link.takeFrames()
        #expect(frames.compactMap(\.blob).map(\.isGroup) == [false, true])
        #expect(frames.last?.manifest?.version == Version(epoch: 1, sequence: 2))
        #expect(frames.count == 3)
    }

    @Test func `While a manifest waits for its answer, only the newest of later versions is kept`() throws {
        var link = try TestLink(hosts: 10)
        _ = link.connect()
        for sequence in 2...9 { link.publish(sequence: sequence, hosts: 10, changedHost: sequence) }
        #expect(link.takeFrames().isEmpty)
        let frames = link.send(.ack(Version(epoch: 1, sequence: 1)))
        #expect(frames.compactMap(\.manifest).map(\.version) == [Version(epoch: 1, sequence: 9)])
    }

    @Test func `A refused version is not sent again, the next one is, as a difference from what runs`() throws {
        var link = try TestLink(hosts: 50)
        link.connectAndAcknowledge()
        link.publish(sequence: 2, hosts: 50, changedHost: 1)
        _ = link.takeFrames()
        #expect(link.send(.nack(Version(epoch: 1, sequence: 2), error: "no")).isEmpty)
        #expect(link.session.refusedVersion == Version(epoch: 1, sequence: 2))
        #expect(link.session.runningVersion == Version(epoch: 1, sequence: 1))
        link.publish(sequence: 3, hosts: 50, changedHost: 2)
        let frames = link.takeFrames()
        #expect(frames.last?.manifest?.version == Version(epoch: 1, sequence: 3))
        #expect(frames.compactMap(\.blob).filter { !$0.isGroup }.count == 1)
        #expect(
            link.events.contains(.refused(Version(epoch: 1, sequence: 2), error: "no")))
    }

    @Test func `An answer to anything but the manifest on its way changes nothing`() throws {
        var link = try TestLink(hosts: 1)
        _ = link.connect()
        #expect(link.send(.ack(Version(epoch: 1, sequence: 9))).isEmpty)
        #expect(link.session.runningVersion == .none)
        #expect(link.events == [.connected(link.hello)])
    }

    @Test func `A client that comes back with the running version gets no config`() throws {
        var link = try TestLink(hosts: 10)
        let root = try #require(link.publication.snapshot?.tree.rootDigest)
        let frames = link.connect(version: Version(epoch: 1, sequence: 1), root: root)
        #expect(frames.allSatisfy { $0.blob == nil && $0.manifest == nil })
        #expect(frames.last?.liveState?.endsListing == true)
    }

    @Test func `A client that comes back with an older version gets the difference`() throws {
        var link = try TestLink(hosts: 10)
        let root = try #require(link.publication.snapshot?.tree.rootDigest)
        link.publish(sequence: 2, hosts: 10, changedHost: 3)
        let frames = link.connect(version: Version(epoch: 1, sequence: 1), root: root)
        #expect(frames.compactMap(\.blob).count == 2)
    }

    @Test func `A client with a root that nobody knows gets everything`() throws {
        var link = try TestLink(hosts: 10)
        let frames = link.connect(version: Version(epoch: 0, sequence: 9), root: .sha256(of: [1]))
        #expect(frames.compactMap(\.blob).filter { !$0.isGroup }.count == 10)
    }

    @Test(arguments: [Version(epoch: 2, sequence: 1), Version(epoch: 1, sequence: 1)])
    func `A client ahead of the server is reported and sent no lower version`(version: Version) throws {
        var link = try TestLink(hosts: 10)
        let frames = link.connect(version: version, root: .sha256(of: [1]))
        #expect(frames.allSatisfy { $0.manifest == nil && $0.liveState?.endsListing != true })
        #expect(link.events == [.connected(link.hello), .clientIsAhead(version)])
        link.publish(epoch: 3, sequence: 1, hosts: 10)
        #expect(link.takeFrames().last?.manifest?.version == Version(epoch: 3, sequence: 1))
    }

    @Test func `A version with the same content as the running one is a manifest alone`() throws {
        var link = try TestLink(hosts: 10)
        link.connectAndAcknowledge()
        link.publish(sequence: 2, hosts: 10, isPinned: true)
        let frames = link.takeFrames()
        #expect(frames.count == 1)
        #expect(frames.first?.manifest?.isPinned == true)
    }

    @Test func `Nothing but a welcome is sent before the first version`() throws {
        var link = try TestLink(hosts: nil)
        #expect(link.connect().count == 1)
        link.publish(sequence: 1, hosts: 1)
        #expect(link.takeFrames().last?.manifest != nil)
    }

    @Test func `A cache without state says so at once`() throws {
        var link = try TestLink(hosts: nil, role: .stateCache)
        #expect(link.connect().last == .liveState(LinkFrame.LiveState(endsListing: true)))
        #expect(link.takeFrames().isEmpty)
    }

    @Test func `Without a common protocol the client is told and the session ends`() throws {
        var link = try TestLink(hosts: 3)
        let frames = link.connect(protocols: ProtocolRange(minimum: 7, maximum: 9))
        #expect(frames == [.welcome(LinkFrame.Welcome(protocolVersion: 0, controller: "test"))])
        #expect(link.session.isFinished)
        #expect(link.events == [.incompatible(link.hello)])
    }

    @Test(
        arguments: [
            [.ack(.none)], [.ping(token: 1)], [TestLink.anyHello, TestLink.anyHello],
            [TestLink.anyHello, .welcome(LinkFrame.Welcome(protocolVersion: 1, controller: ""))],
            [TestLink.anyHello, .drain(deadlineMilliseconds: 1)],
        ] as [[LinkFrame]])
    func `A frame that a client may not send ends the connection`(frames: [LinkFrame]) {
        var session = LinkServerSession()
        #expect(throws: LinkError.self) {
            for frame in frames {
                try frame.encode().withUnsafeBytes { try session.receive($0, publication: LinkPublication()) }
            }
        }
    }

    @Test func `A missing section stops that version, and the next one is sent`() throws {
        var link = try TestLink(hosts: 3)
        link.connectAndAcknowledge()
        let tree = SampleConfiguration(hosts: 4, domain: ".example.com").tree
        link.publication.publish(
            PublishedSnapshot(version: Version(epoch: 1, sequence: 2), tree: tree) { _ in nil })
        #expect(link.takeFrames().isEmpty)
        guard case .sectionMissing(Version(epoch: 1, sequence: 2), _) = link.events.last else {
            Issue.record("no event")
            return
        }
        link.publish(sequence: 3, hosts: 4)
        #expect(link.takeFrames().last?.manifest?.version == Version(epoch: 1, sequence: 3))
    }

    @Test func `Output stops near its limit and goes on where it stopped`() throws {
        var link = try TestLink(hosts: 500)
        link.receive(link.hello)
        var output = OutputBuffer()
        var rounds = 0
        var reader = FrameReader()
        var manifests = 0
        repeat {
            link.session.produce(into: &output, limit: 1000, publication: link.publication)
            #expect(output.count < 20_000)
            output.withUnsentBytes { reader.append($0) }
            output.removeAll()
            while let frame = try reader.next() { manifests += frame.manifest == nil ? 0 : 1 }
            rounds += 1
        } while manifests == 0 && rounds < 10_000
        #expect(manifests == 1)
        #expect(rounds > 10)
    }
}
