import ControlLink
import LinkSamples
import PorticoModel
import PorticoSnapshot

/// A session with its publication, and a client that is played by the test.
struct TestLink {
    static let anyHello = LinkFrame.hello(
        LinkFrame.Hello(
            protocolMinimum: 1, protocolMaximum: 1, node: "node", process: "worker-0", isWorker: true, classGroup: "",
            version: .none, rootDigest: nil, incarnation: "1", processID: 1))

    var publication = LinkPublication()
    var session: LinkServerSession
    var events: [LinkServerSession.Event] = []
    var hello: LinkFrame.Hello

    init(hosts: Int?, role: LinkServerSession.Role = .controlPlane) throws {
        session = LinkServerSession(role: role, controller: "test")
        guard case .hello(let hello) = TestLink.anyHello else { throw LinkError.unexpectedFrame("no hello") }
        self.hello = hello
        if let hosts { publish(sequence: 1, hosts: hosts) }
    }

    mutating func publish(
        epoch: Int = 1, sequence: Int, hosts: Int, changedHost: Int? = nil, isPinned: Bool = false
    ) {
        let sample = SampleConfiguration(hosts: hosts, changedHost: changedHost, domain: ".example.com")
        publication.publish(
            PublishedSnapshot(
                version: Version(epoch: UInt64(epoch), sequence: UInt64(sequence)), tree: sample.tree,
                isPinned: isPinned
            ) { sample.sections[$0] })
    }

    mutating func update(changed: [EndpointSet], removed: [String] = []) {
        session.markDirty(publication.update(changed: changed, removed: removed))
    }

    /// All that the session has to say.
    mutating func takeFrames() -> [LinkFrame] {
        var output = OutputBuffer()
        session.produce(into: &output, limit: .max, publication: publication)
        events += session.takeEvents()
        var reader = FrameReader()
        output.withUnsentBytes { reader.append($0) }
        var frames: [LinkFrame] = []
        while let frame = try? reader.next() { frames.append(frame) }
        return frames
    }

    mutating func receive(_ hello: LinkFrame.Hello) {
        receive(.hello(hello))
    }

    private mutating func receive(_ frame: LinkFrame) {
        frame.encode().withUnsafeBytes { try? session.receive($0, publication: publication) }
        events += session.takeEvents()
    }

    /// Sends one frame to the session.
    /// - Returns: what the session says then.
    mutating func send(_ frame: LinkFrame) -> [LinkFrame] {
        receive(frame)
        return takeFrames()
    }

    mutating func connect(
        version: Version = .none, root: Digest? = nil, protocols: ProtocolRange = .current
    ) -> [LinkFrame] {
        hello.version = version
        hello.rootDigest = root
        hello.protocolMinimum = protocols.minimum
        hello.protocolMaximum = protocols.maximum
        return send(.hello(hello))
    }

    mutating func connectAndAcknowledge() {
        guard let version = connect().last?.manifest?.version else { return }
        _ = send(.ack(version))
    }
}

extension LinkFrame {
    var blob: Blob? { if case .blob(let blob) = self { blob } else { nil } }
    var manifest: Manifest? { if case .manifest(let manifest) = self { manifest } else { nil } }
    var liveState: LiveState? { if case .liveState(let state) = self { state } else { nil } }
}
