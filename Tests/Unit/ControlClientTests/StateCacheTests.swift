import ControlClient
import ControlLink
import Glibc
import LinkSamples
import PorticoModel
import PorticoSnapshot
import Testing

@Suite struct StateCacheTests {
    /// A cache that has taken all of the publication.
    private func cache(of publication: LinkPublication) throws -> StateCache {
        let cache = StateCache(identity: LinkPair.identity)
        try follow(publication, cache)
        return cache
    }

    private func follow(_ publication: LinkPublication, _ cache: StateCache) throws {
        var session = LinkServerSession(controller: "test")
        cache.connectionOpened()
        while true {
            let request = cache.output.withUnsentBytes { Array($0) }
            cache.output.removeAll()
            try request.withUnsafeBytes { try session.receive($0, publication: publication) }
            var output = OutputBuffer()
            session.produce(into: &output, limit: .max, publication: publication)
            if request.isEmpty, output.isEmpty { break }
            let answer = output.withUnsentBytes { Array($0) }
            try answer.withUnsafeBytes { try cache.receive($0) }
        }
        #expect(session.runningVersion == cache.version)
    }

    /// What a new worker gets from the cache over a real socket pair.
    private func bringUpWorker(_ cache: StateCache) throws -> ControlLinkClient {
        var ends: [Int32] = [0, 0]
        #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        UnixSocket.makeNonBlocking(ends[1])
        let session = StateCacheSession(descriptor: ends[0], cache: cache)
        let client = ControlLinkClient(identity: LinkPair.identity)
        client.connectionOpened()
        var isComplete = false
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)
        defer { buffer.deallocate() }
        for _ in 0..<100_000 where !isComplete {
            #expect(SocketTransfer.flush(&client.output, to: ends[1]))
            #expect(session.pump())
            if case .read(let count) = SocketTransfer.read(ends[1], into: buffer) {
                try client.receive(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
            while let order = client.nextOrder() {
                if case .apply = order { client.finishApplying(.applied) }
                if case .initialStateComplete = order { isComplete = true }
            }
        }
        #expect(isComplete)
        close(ends[1])
        #expect(!session.pump())
        return client
    }

    @Test func `A worker gets from the cache what the cache got`() throws {
        var pair = LinkPair(hosts: 300)
        pair.update(
            changed: [LinkPair.set("a", port: 1)], objects: [LiveObject(.certificate, name: "a/x", content: [1])])
        let cache = try cache(of: pair.publication)
        #expect(cache.isComplete)
        #expect(cache.takeEvents().last == .updated(Version(epoch: 1, sequence: 1)))
        let worker = try bringUpWorker(cache)
        #expect(worker.runningVersion == Version(epoch: 1, sequence: 1))
        #expect(worker.runningTree == pair.publication.snapshot?.tree)
        #expect(cache.publication.endpointSets == pair.publication.endpointSets)
        #expect(cache.publication.objects == pair.publication.objects)
    }

    @Test func `The cache follows changes and drops sections that are gone`() throws {
        var pair = LinkPair(hosts: 10)
        let cache = try cache(of: pair.publication)
        pair.publish(sequence: 2, hosts: 8, changedHost: 2)
        try follow(pair.publication, cache)
        let snapshot = try #require(cache.publication.snapshot)
        #expect(snapshot.version == Version(epoch: 1, sequence: 2))
        #expect(snapshot.tree.sections.allSatisfy { snapshot.section($0.digest) != nil })
        let old = SampleConfiguration(hosts: 10).tree
        let gone = old.sections.filter { snapshot.section($0.digest) == nil }
        #expect(gone.count == 3)
        #expect(try bringUpWorker(cache).runningTree == snapshot.tree)
    }

    @Test func `A cache that has nothing says so, and the worker turns to the control plane`() throws {
        let worker = try bringUpWorker(StateCache(identity: LinkPair.identity))
        #expect(worker.runningVersion == .none)
    }

    @Test func `A version that does not fit ends the connection, and the next one mends it`() throws {
        var pair = LinkPair(hosts: 5)
        let cache = try cache(of: pair.publication)
        let other = SampleConfiguration(hosts: 6, changedHost: 1).tree
        #expect(throws: LinkError.self) {
            try LinkFrame.manifest(
                LinkFrame.Manifest(
                    version: Version(epoch: 1, sequence: 2), rootDigest: other.rootDigest, root: other.rootBytes,
                    isPinned: false)
            ).encode().withUnsafeBytes { try cache.receive($0) }
        }
        #expect(cache.version == Version(epoch: 1, sequence: 1))
        pair.publish(sequence: 2, hosts: 6, changedHost: 1)
        try follow(pair.publication, cache)
        #expect(cache.tree == other)
    }
}
