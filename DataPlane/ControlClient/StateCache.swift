import ControlLink
import PorticoModel
import PorticoSnapshot

/// The supervisor's side of the control link, without its socket: it keeps the current state as bytes, and hands it to
/// the workers that it starts.
///
/// Drive it as a `ControlLinkClient`: `connectionOpened`, `receive`, flush `output`, `connectionClosed`, reconnect with
/// `ReconnectBackOff`. It applies nothing; it acknowledges what it holds. For every new worker make a `StateCacheSession`
/// on the supervisor's end of the worker's socket pair.
package final class StateCache {
    package enum Event: Hashable, Sendable {
        case connected
        /// The state of this version is complete and is what a new worker gets.
        case updated(Version)
        case drain(deadlineMilliseconds: UInt32)
    }

    package let identity: LinkIdentity
    private let protocols: ProtocolRange
    private var reader = FrameReader()
    private var assembly = ManifestAssembly<[UInt8]>()
    private var listing = LiveListing()
    private var live = LinkPublication()
    /// The sections of `tree`.
    private var sections: [Digest: [UInt8]] = [:]
    private var isPinned = false
    private var hasLiveState = false
    private var events: [Event] = []

    /// The version that is held; `none` before the first.
    package private(set) var version = Version.none
    package private(set) var tree = ManifestTree()
    package private(set) var isWelcomed = false
    package var output = OutputBuffer()

    package init(identity: LinkIdentity, protocols: ProtocolRange = .current) {
        self.identity = identity
        self.protocols = protocols
    }

    /// A connection to the control plane is there: queues the hello.
    package func connectionOpened() {
        connectionClosed()
        output.append(
            .hello(
                LinkFrame.Hello(
                    protocolMinimum: protocols.minimum, protocolMaximum: protocols.maximum, node: identity.node,
                    process: identity.process, isWorker: false, classGroup: identity.classGroup, version: version,
                    rootDigest: version == .none ? nil : tree.rootDigest, incarnation: identity.incarnation,
                    processID: identity.processID)))
    }

    /// The connection is gone. What is held stays; what was half received is dropped.
    package func connectionClosed() {
        isWelcomed = false
        reader = FrameReader()
        assembly = ManifestAssembly()
        listing.connectionOpened()
        output.removeAll()
    }

    /// Takes bytes from the control plane. After an error the connection must be closed.
    package func receive(_ bytes: UnsafeRawBufferPointer) throws(LinkError) {
        reader.append(bytes)
        while let frame = try reader.next() { try receive(frame) }
    }

    /// What happened since the last call, oldest first.
    package func takeEvents() -> [Event] {
        defer { events.removeAll() }
        return events
    }

    /// Sends what the supervisor itself counted.
    /// - Returns: false when it was not taken.
    package func report(_ metrics: MetricsReport) -> Bool {
        guard isWelcomed, output.count < ControlLinkClient.outputLimit else { return false }
        output.append(.metrics(metrics))
        return true
    }

    /// The ports of TCP and UDP services.
    package var streamPorts: Set<StreamService.Port> {
        Set(
            tree.sections.lazy.filter { $0.name.kind == .streamService }.compactMap { StreamService.Port($0.name.name) }
        )
    }

    /// Whether there is a complete state to hand to a worker.
    package var isComplete: Bool { version != .none && hasLiveState }

    /// The state as it is now; empty until it is complete.
    package var publication: LinkPublication {
        guard isComplete else { return LinkPublication() }
        var publication = live
        let sections = sections
        publication.publish(
            PublishedSnapshot(version: version, tree: tree, isPinned: isPinned) { sections[$0] })
        return publication
    }
}

// MARK: - Frames

extension StateCache {
    private func receive(_ frame: LinkFrame) throws(LinkError) {
        if case .welcome(let welcome) = frame { return try receive(welcome) }
        if frame == .unknown { return }
        guard isWelcomed else { throw .unexpectedFrame("a server starts with a welcome") }
        switch frame {
        case .blob(let blob): try assembly.add(blob) { bytes throws(SnapshotError) in bytes }
        case .manifest(let manifest): try receive(manifest)
        case .liveState(let state): receive(state)
        case .drain(let deadline): events.append(.drain(deadlineMilliseconds: deadline))
        case .ping(let token):
            if output.count < ControlLinkClient.outputLimit { output.append(.pong(token: token)) }
        default: throw .unexpectedFrame("a server sends no such frame")
        }
    }

    private func receive(_ welcome: LinkFrame.Welcome) throws(LinkError) {
        guard !isWelcomed else { throw .unexpectedFrame("a second welcome") }
        guard welcome.refusal.isEmpty else { throw .refused(welcome.refusal) }
        guard protocols.minimum <= welcome.protocolVersion, welcome.protocolVersion <= protocols.maximum else {
            throw .noCommonProtocol("this side speaks \(protocols), the server chose \(welcome.protocolVersion)")
        }
        isWelcomed = true
        events.append(.connected)
    }

    /// A version that does not fit ends the connection rather than being refused, which would leave new workers behind
    /// until the next one: the next hello says what is held, and the server starts from there.
    private func receive(_ manifest: LinkFrame.Manifest) throws(LinkError) {
        guard manifest.version >= version else {
            throw .unexpectedFrame("version \(manifest.version), though \(version) is here")
        }
        do throws(AssemblyError) {
            let result = try assembly.finish(manifest, running: tree) { _, _ in true }
            for name in result.difference.removed + result.difference.changed.map(\.name) {
                if let digest = tree.lookup(name) { sections[digest] = nil }
            }
            for reference in result.difference.added + result.difference.changed {
                sections[reference.digest] = result.contents[reference.digest]
            }
            tree = result.tree
            version = manifest.version
            isPinned = manifest.isPinned
            output.append(.ack(version))
        } catch {
            throw .unexpectedFrame("version \(manifest.version): \(error.reason)")
        }
        announce()
    }

    private func receive(_ state: LinkFrame.LiveState) {
        let forgotten = listing.apply(state)
        _ = live.update(
            changed: state.endpointSets, removed: forgotten.upstreams, objects: state.objects,
            removedObjects: forgotten.objects)
        if state.endsListing, !hasLiveState {
            hasLiveState = true
            announce()
        }
    }

    private func announce() {
        if isComplete { events.append(.updated(version)) }
    }
}
