import ControlClient
import ControlLink
import LinkSamples
import PorticoModel
import PorticoSnapshot

/// A server's session and a worker's client, with their bytes carried by the test.
struct LinkPair {
    static let identity = LinkIdentity(node: "node", process: "worker-0", incarnation: "1", processID: 1)
    static let welcome = LinkFrame.welcome(LinkFrame.Welcome(protocolVersion: 1, controller: ""))

    var publication = LinkPublication()
    var session = LinkServerSession(controller: "test")
    let client = ControlLinkClient(identity: LinkPair.identity)
    var events: [LinkServerSession.Event] = []
    var applied: [SnapshotUpdate] = []
    var endpoints: [String: EndpointSet] = [:]
    /// The client's orders in words.
    var log: [String] = []
    var outcome = ApplyOutcome.applied
    var appliesAtOnce = true

    init(hosts: Int) { publish(sequence: 1, hosts: hosts) }

    static func set(_ upstream: String, port: UInt16) -> EndpointSet {
        let address = IPAddress(bytes: [127, 0, 0, 1])
        return EndpointSet(upstream: upstream, endpoints: address.map { [Endpoint(address: $0, port: port)] } ?? [])
    }

    mutating func publish(epoch: Int = 1, sequence: Int, hosts: Int, changedHost: Int? = nil) {
        let sample = SampleConfiguration(hosts: hosts, changedHost: changedHost)
        let version = Version(epoch: UInt64(epoch), sequence: UInt64(sequence))
        publication.publish(PublishedSnapshot(version: version, tree: sample.tree) { sample.sections[$0] })
    }

    mutating func update(
        changed: [EndpointSet] = [], removed: [String] = [], objects: [LiveObject] = [],
        removedObjects: [LiveObjectName] = []
    ) {
        session.markDirty(
            publication.update(
                changed: changed, removed: removed, objects: objects, removedObjects: removedObjects))
    }

    /// A new connection, until both sides are silent.
    mutating func connect() throws {
        session = LinkServerSession(controller: "test")
        client.connectionOpened()
        try exchange()
    }

    /// Carries bytes until both sides are silent.
    mutating func exchange() throws {
        while true {
            let request = client.output.withUnsentBytes { Array($0) }
            client.output.removeAll()
            try request.withUnsafeBytes { try session.receive($0, publication: publication) }
            var output = OutputBuffer()
            session.produce(into: &output, limit: .max, publication: publication)
            events += session.takeEvents()
            if request.isEmpty, output.isEmpty { return }
            let answer = output.withUnsentBytes { Array($0) }
            try answer.withUnsafeBytes { try client.receive($0) }
            obey()
        }
    }

    /// Gives the client one frame.
    mutating func deliver(_ frame: LinkFrame) throws {
        try frame.encode().withUnsafeBytes { try client.receive($0) }
        obey()
    }

    /// What the client wants to send.
    func takeAnswers() throws -> [LinkFrame] {
        var reader = FrameReader()
        client.output.withUnsentBytes { reader.append($0) }
        client.output.removeAll()
        var frames: [LinkFrame] = []
        while let frame = try reader.next() { frames.append(frame) }
        return frames
    }

    private mutating func obey() {
        while let order = client.nextOrder() {
            switch order {
            case .connected: log.append("connected")
            case .apply(let update):
                log.append("apply \(update.version)")
                applied.append(update)
                if appliesAtOnce { client.finishApplying(outcome) }
            case .setEndpoints(let sets):
                log.append("set \(sets.map(\.upstream).joined(separator: " "))")
                for set in sets { endpoints[set.upstream] = set }
            case .removeUpstreams(let names):
                log.append("remove \(names.joined(separator: " "))")
                for name in names { endpoints[name] = nil }
            case .setObjects(let objects):
                log.append("set \(objects.map { "\($0.name.name)=\($0.content)" }.joined(separator: " "))")
            case .removeObjects(let names): log.append("remove \(names.map(\.name).joined(separator: " "))")
            case .initialStateComplete: log.append("complete")
            case .drain(let deadline): log.append("drain \(deadline)")
            }
        }
    }
}
