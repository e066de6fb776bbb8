import ControlClient
import ControlLink
import PorticoModel
import PorticoSnapshot
import Testing

/// Random changes, refusals and broken connections, with the bytes cut anywhere.
@Suite struct LinkConvergenceTests {
    /// A small generator with a seed, so that a failure can be run again.
    struct Random: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let mixed = (state ^ (state >> 33)) &* 0xff51_afd7_ed55_8ccd
            return mixed ^ (mixed >> 33)
        }
    }

    @Test(arguments: 1...40)
    func `Whatever happens on the way, a worker ends with the newest state and never lacks endpoints`(seed: Int) throws
    {
        var world = World(random: Random(state: UInt64(seed)))
        for _ in 0..<300 { try world.step() }
        try world.settle()
        #expect(world.client.runningTree == world.publication.snapshot?.tree)
        #expect(world.client.runningVersion == world.publication.snapshot?.version)
        #expect(world.endpoints == world.publication.endpointSets)
        #expect(world.applied > 0)
    }

    struct World {
        var random: Random
        var publication = LinkPublication()
        var session = LinkServerSession()
        let client = ControlLinkClient(identity: LinkPair.identity)
        var hosts: Set<Int> = [1, 2, 3]
        var contents: [Digest: [UInt8]] = [:]
        var sequence: UInt64 = 0
        var output = OutputBuffer()
        var endpoints: [String: EndpointSet] = [:]
        var running: Set<String> = []
        var applied = 0
        var refuses = true

        init(random: Random) {
            self.random = random
            publish()
            reconnect()
        }

        mutating func step() throws {
            switch Int.random(in: 0..<20, using: &random) {
            case 0, 1:
                for _ in 0..<3 { hosts.formSymmetricDifference([Int.random(in: 0..<60, using: &random)]) }
                publish()
            case 2: change(["upstream-\(hosts.randomElement(using: &random) ?? 0)"])
            case 3: reconnect()
            default: _ = try carry(atMost: Int.random(in: 1..<4000, using: &random))
            }
        }

        /// Lets everything arrive.
        mutating func settle() throws {
            refuses = false
            hosts.insert(100)
            publish()
            while try carry(atMost: 4000) {}
        }

        /// A version with a route for every host, and endpoints for exactly their upstreams.
        private mutating func publish() {
            sequence += 1
            let references = hosts.map { host in
                let route = Route(
                    match: .prefix, path: "/", ingress: ObjectName(namespace: "n", name: "i"),
                    upstream: "upstream-\(host)")
                let section = Section.virtualHost(VirtualHost(host: "host-\(host)", routes: [route]))
                let bytes = SectionCodec.encode(section)
                contents[.sha256(of: bytes)] = bytes
                return SectionReference(name: section.name, digest: .sha256(of: bytes))
            }
            let names = Set(hosts.map { "upstream-\($0)" })
            let gone = publication.endpointSets.keys.filter { !names.contains($0) }
            change(names.subtracting(publication.endpointSets.keys), removed: gone)
            publication.publish(
                PublishedSnapshot(
                    version: Version(epoch: 1, sequence: sequence), tree: ManifestTree(sections: references)
                ) { [contents] in contents[$0] })
        }

        private mutating func change(_ names: Set<String>, removed: [String] = []) {
            let port = UInt16.random(in: 1 ... .max, using: &random)
            session.markDirty(
                publication.update(changed: names.map { LinkPair.set($0, port: port) }, removed: removed))
        }

        private mutating func reconnect() {
            session = LinkServerSession()
            output.removeAll()
            client.connectionOpened()
        }

        /// - Returns: whether any byte went either way.
        private mutating func carry(atMost count: Int) throws -> Bool {
            let request = client.output.withUnsentBytes { Array($0.prefix(count)) }
            client.output.consume(request.count)
            try request.withUnsafeBytes { try session.receive($0, publication: publication) }
            session.produce(into: &output, limit: 2000, publication: publication)
            let answer = output.withUnsentBytes { Array($0.prefix(count)) }
            output.consume(answer.count)
            try answer.withUnsafeBytes { try client.receive($0) }
            while let order = client.nextOrder() { obey(order) }
            return !request.isEmpty || !answer.isEmpty
        }

        private mutating func obey(_ order: LinkOrder) {
            switch order {
            case .setEndpoints(let sets): for set in sets { endpoints[set.upstream] = set }
            case .removeUpstreams(let names): for name in names { endpoints[name] = nil }
            case .apply(let update):
                if refuses, Int.random(in: 0..<4, using: &random) == 0 { return client.finishApplying(.refused("no")) }
                for name in update.removed { running.remove(String(name.name.dropFirst(5))) }
                for section in update.changed { running.insert(String(section.name.name.dropFirst(5))) }
                client.finishApplying(.applied)
                applied += 1
            case .connected, .setObjects, .removeObjects, .initialStateComplete, .drain: break
            }
            for host in running where endpoints["upstream-\(host)"] == nil {
                Issue.record("host-\(host) is served without endpoints")
            }
        }
    }
}
