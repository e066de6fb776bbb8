import ControlLink
import PorticoModel
import PorticoSnapshot
import Testing

@Suite struct LiveStateTests {
    private func set(_ upstream: String, _ ports: ClosedRange<UInt16>) -> EndpointSet {
        EndpointSet(
            upstream: upstream,
            endpoints: ports.compactMap { port in
                IPAddress(bytes: [10, 0, 0, 1]).map { Endpoint(address: $0, port: port) }
            })
    }

    @Test func `However often an upstream changes, a slow client gets its newest state once`() throws {
        var link = try TestLink(hosts: 1)
        link.connectAndAcknowledge()
        for last in 1...50 as ClosedRange<UInt16> { link.update(changed: [set("a", 1...last), set("b", 1...1)]) }
        #expect(
            link.takeFrames() == [.liveState(LinkFrame.LiveState(endpointSets: [set("a", 1...50), set("b", 1...1)]))])
    }

    @Test func `State that is the same as before is not sent`() throws {
        var link = try TestLink(hosts: 1)
        link.update(changed: [set("a", 1...1)])
        link.connectAndAcknowledge()
        link.update(changed: [set("a", 1...1)])
        #expect(link.takeFrames().isEmpty)
    }

    @Test func `A long listing comes in frames of bounded size`() throws {
        var link = try TestLink(hosts: 1)
        link.update(changed: (0..<3000).map { set("upstream-\($0)", 1...20) })
        let frames = link.connect().compactMap(\.liveState)
        #expect(frames.count > 3)
        #expect(frames.map(\.beginsListing) == [true] + Array(repeating: false, count: frames.count - 1))
        #expect(Set(frames.flatMap(\.endpointSets).map(\.upstream)).count == 3000)
        #expect(frames.allSatisfy { LinkFrame.liveState($0).encode().count < 300 << 10 })
    }

    @Test func `New endpoints come before the version that needs them, removals after its answer`() throws {
        var link = try TestLink(hosts: 2)
        link.update(changed: [set("old", 1...1)])
        link.connectAndAcknowledge()
        link.update(changed: [set("new", 1...1)], removed: ["old"])
        link.publish(sequence: 2, hosts: 3)
        let frames = link.takeFrames()
        #expect(frames.first == .liveState(LinkFrame.LiveState(endpointSets: [set("new", 1...1)])))
        #expect(frames.last?.manifest != nil)
        let afterwards = link.send(.ack(Version(epoch: 1, sequence: 2)))
        #expect(afterwards == [.liveState(LinkFrame.LiveState(removedUpstreams: ["old"]))])
    }

    @Test func `A client that refuses a version keeps what the old one uses`() throws {
        var link = try TestLink(hosts: 2)
        link.update(changed: [set("old", 1...1)])
        link.connectAndAcknowledge()
        link.update(changed: [], removed: ["old"])
        link.publish(sequence: 2, hosts: 3)
        _ = link.takeFrames()
        #expect(link.send(.nack(Version(epoch: 1, sequence: 2), error: "no")).isEmpty)
        link.publish(sequence: 3, hosts: 4)
        _ = link.takeFrames()
        let afterwards = link.send(.ack(Version(epoch: 1, sequence: 3)))
        #expect(afterwards == [.liveState(LinkFrame.LiveState(removedUpstreams: ["old"]))])
    }

    @Test func `Removals do not wait for a client that newer versions always overtake`() throws {
        var link = try TestLink(hosts: 2)
        link.update(changed: [set("old", 1...1)])
        link.connectAndAcknowledge()
        link.update(changed: [], removed: ["old"])
        link.publish(sequence: 2, hosts: 3)
        _ = link.takeFrames()
        link.publish(sequence: 3, hosts: 4)
        let frames = link.send(.ack(Version(epoch: 1, sequence: 2)))
        #expect(frames.first == .liveState(LinkFrame.LiveState(removedUpstreams: ["old"])))
        #expect(frames.last?.manifest?.version == Version(epoch: 1, sequence: 3))
    }

    @Test func `What was removed and came back is sent as it is now`() throws {
        var link = try TestLink(hosts: 2)
        link.update(changed: [set("a", 1...1)])
        link.connectAndAcknowledge()
        link.publish(sequence: 2, hosts: 3)
        link.update(changed: [], removed: ["a"])
        _ = link.takeFrames()
        link.update(changed: [set("a", 2...2)])
        #expect(link.takeFrames() == [.liveState(LinkFrame.LiveState(endpointSets: [set("a", 2...2)]))])
        #expect(link.send(.ack(Version(epoch: 1, sequence: 2))).isEmpty)
    }
}
