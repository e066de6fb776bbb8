import PorticoModel
import PorticoSnapshot
import SnapshotStore
import Testing

@testable import SnapshotPublisher

@Suite struct SnapshotPublisherTests {
    private let bench: PublisherBench

    init() throws { bench = try PublisherBench() }

    @Test func `The first compilation is version 1 of epoch 1`() {
        let published = bench.compile(["a": "/1"])
        #expect(published?.number == "1.1")
        #expect(published?.hosts == ["a": "/1"])
        #expect(published?.isPinned == false)
    }

    @Test func `An unchanged configuration publishes nothing`() {
        bench.compile(["a": "/1"])
        #expect(bench.compile(["a": "/1"]) == nil)
        #expect(bench.publisher.running?.number == "1.1")
    }

    @Test func `A change names the version before it as its parent`() {
        bench.compile(["a": "/1"])
        let published = bench.compile(["a": "/2", "b": "/1"])
        #expect(published?.number == "1.2")
        #expect(published?.record.parent == Version(epoch: 1, sequence: 1))
        #expect(published?.hosts == ["a": "/2", "b": "/1"])
    }

    // MARK: Rollback and resume

    @Test func `A rollback is a new version with the old content, and holds newer ones back`() throws {
        bench.compile(["a": "/1", "b": "/1"])
        bench.compile(["a": "/2"])
        let pinned = try bench.publisher.rollback(to: Version(epoch: 1, sequence: 1), reason: "bad day")
        #expect(pinned.number == "1.3")
        #expect(pinned.hosts == ["a": "/1", "b": "/1"])
        #expect(pinned.isPinned)
        #expect(bench.publisher.pin?.reason == "bad day")
        #expect(bench.compile(["a": "/3"]) == nil)
        #expect(bench.publisher.running?.number == "1.3")
        #expect(bench.publisher.newestCompiled?.version == Version(epoch: 1, sequence: 4))
        #expect(try bench.store.list().first?.record.publishedAt == nil)
    }

    @Test func `Resume publishes the newest compiled version`() throws {
        bench.compile(["a": "/1"])
        bench.compile(["a": "/2"])
        _ = try bench.publisher.rollback(to: Version(epoch: 1, sequence: 1), reason: nil)
        bench.compile(["a": "/3"])
        bench.compile(["a": "/4"])
        let resumed = try bench.publisher.resume()
        #expect(resumed.number == "1.5")
        #expect(resumed.hosts == ["a": "/4"])
        #expect(bench.publisher.pin == nil)
        #expect(bench.compile(["a": "/5"])?.number == "1.6")
    }

    @Test func `Resume without a newer compilation makes a new version, for workers go back to none`() throws {
        bench.compile(["a": "/1"])
        bench.compile(["a": "/2"])
        _ = try bench.publisher.rollback(to: Version(epoch: 1, sequence: 1), reason: nil)
        let resumed = try bench.publisher.resume()
        #expect(resumed.number == "1.4")
        #expect(resumed.hosts == ["a": "/2"])
    }

    @Test func `A rollback from a rollback changes the pin`() throws {
        for path in ["/1", "/2", "/3"] { bench.compile(["a": path]) }
        _ = try bench.publisher.rollback(to: Version(epoch: 1, sequence: 1), reason: nil)
        let second = try bench.publisher.rollback(to: Version(epoch: 1, sequence: 2), reason: nil)
        #expect(second.hosts == ["a": "/2"])
        #expect(try bench.publisher.resume().hosts == ["a": "/3"])
    }

    @Test func `What cannot be done is refused with the reason`() throws {
        #expect(throws: PublisherError.notSynced) {
            try bench.publisher.rollback(to: Version(epoch: 1, sequence: 1), reason: nil)
        }
        bench.compile(["a": "/1"])
        #expect(throws: PublisherError.notPinned) { try bench.publisher.resume() }
        let unknown = Version(epoch: 7, sequence: 7)
        #expect(throws: PublisherError.store(.unknownVersion(unknown))) {
            try bench.publisher.rollback(to: unknown, reason: nil)
        }
        #expect(bench.publisher.running?.number == "1.1")
    }

    @Test func `The upstreams of a pinned configuration are known, and those of no other`() throws {
        let upstream = UpstreamSettings(
            name: "d-s-80", service: ObjectName(namespace: "d", name: "s"), port: "80")
        _ = bench.publisher.apply(changed: [.upstream(upstream)], removed: [], causes: [])
        #expect(bench.publisher.pinnedUpstreams == [])
        _ = bench.publisher.apply(
            changed: [], removed: [SectionName(kind: .upstream, name: "d-s-80")], causes: [])
        _ = try bench.publisher.rollback(to: Version(epoch: 1, sequence: 1), reason: nil)
        #expect(bench.publisher.pinnedUpstreams == [upstream])
    }

    // MARK: Restart

    @Test(arguments: [true, false])
    func `A restart goes on with the version that the workers run`(afterCrash: Bool) throws {
        bench.compile(["a": "/1"])
        bench.compile(["a": "/2"])
        try bench.restart(afterCrash: afterCrash)
        #expect(bench.publisher.running == nil)
        let again = bench.compile(["a": "/2"])
        #expect(again?.number == "1.2")
        #expect(again?.hosts == ["a": "/2"])
        #expect(try bench.store.list().count == 2)
    }

    @Test(arguments: [(true, "1.101"), (false, "1.3")])
    func `A version is never used twice, after a crash either`(afterCrash: Bool, expected: String) throws {
        bench.compile(["a": "/1"])
        bench.compile(["a": "/2"])
        try bench.restart(afterCrash: afterCrash)
        let version = bench.compile(["a": "/3"])?.version
        #expect(version.map { $0 > Version(epoch: 1, sequence: 2) } == true)
        #expect(version?.description == expected)
    }

    @Test func `A pin outlives a restart, and so does what it held back`() throws {
        bench.compile(["a": "/1"])
        bench.compile(["a": "/2"])
        _ = try bench.publisher.rollback(to: Version(epoch: 1, sequence: 1), reason: nil)
        try bench.restart(afterCrash: true)
        let again = bench.compile(["a": "/2"])
        #expect(again?.number == "1.3")
        #expect(again?.hosts == ["a": "/1"])
        #expect(bench.publisher.pin != nil)
        #expect(try bench.publisher.resume().hosts == ["a": "/2"])
    }

    // MARK: Workers that are ahead

    @Test func `After the store is lost the epoch moves above the workers' version`() throws {
        for path in ["/1", "/2", "/3"] { bench.compile(["a": path]) }
        try bench.loseStore()
        #expect(bench.compile(["a": "/3"])?.number == "1.1")
        let ahead = Version(epoch: 1, sequence: 3)
        let published = bench.publisher.moveAhead(of: ahead)
        #expect(published?.number == "2.1")
        #expect(published?.hosts == ["a": "/3"])
        #expect(bench.publisher.moveAhead(of: ahead) == nil)
        #expect(bench.compile(["a": "/4"])?.number == "2.2")
    }

    @Test func `A worker that is ahead before the first compilation is reckoned with`() throws {
        bench.compile(["a": "/1"])
        try bench.restart(afterCrash: false)
        #expect(bench.publisher.moveAhead(of: Version(epoch: 4, sequence: 9)) == nil)
        #expect(bench.compile(["a": "/1"])?.number == "5.1")
    }

    @Test func `A version that nothing can follow is not believed`() {
        bench.compile(["a": "/1"])
        #expect(bench.publisher.moveAhead(of: Version(epoch: .max, sequence: .max)) == nil)
        #expect(bench.compile(["a": "/2"])?.number == "1.2")
    }

    // MARK: Epochs of an election

    @Test func `a new epoch publishes nothing until something changes`() throws {
        let bench = try PublisherBench(followsElection: true)
        bench.adopt(epoch: 3)
        #expect(bench.compile(["a": "/1"])?.number == "3.1")
        bench.adopt(epoch: 4)
        #expect(bench.compile(["a": "/1"]) == nil)
        #expect(bench.compile(["a": "/2"])?.number == "4.1")
        bench.adopt(epoch: 4)
        #expect(bench.compile(["a": "/3"])?.number == "4.2")
    }

    @Test func `a worker that comes from another replica is followed within the epoch`() throws {
        let bench = try PublisherBench(followsElection: true)
        bench.adopt(epoch: 3)
        bench.compile(["a": "/1"])
        #expect(bench.publisher.moveAhead(of: Version(epoch: 3, sequence: 17))?.number == "3.18")
        #expect(bench.publisher.moveAhead(of: Version(epoch: 3, sequence: 17)) == nil)
        #expect(bench.compile(["a": "/2"])?.number == "3.19")
    }

    @Test func `one that was deposed does not overtake its successor`() throws {
        let bench = try PublisherBench(followsElection: true)
        bench.adopt(epoch: 3)
        bench.compile(["a": "/1"])
        #expect(bench.publisher.moveAhead(of: Version(epoch: 4, sequence: 1)) == nil)
        #expect(bench.compile(["a": "/2"])?.number == "3.2")
        bench.adopt(epoch: 4)
        #expect(bench.publisher.moveAhead(of: Version(epoch: 4, sequence: 1))?.number == "4.2")
    }

    @Test func `epochs that were counted before the Lease was lost are not used again`() throws {
        let bench = try PublisherBench(followsElection: true)
        bench.adopt(epoch: 9)
        bench.compile(["a": "/1"])
        try bench.restart(afterCrash: false)
        bench.adopt(epoch: 1)
        #expect(bench.compile(["a": "/2"])?.number == "9.2")
    }
}
