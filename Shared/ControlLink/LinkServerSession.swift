import PorticoModel
import PorticoSnapshot

/// The server's side of one control link, without its socket: bytes in, events and frames out.
///
/// States: `awaitingHello` → `established`, or → `refused` when there is no common protocol or nothing for the client's class
/// group. Once established, the next
/// frame is always the first that applies of
///   1. what was asked for directly: welcome, drain, ping;
///   2. the next part of the complete listing of live state that every connection starts with;
///   3. live state that changed since (a set of names: however often something changes, it waits here once);
///   4. removals of live state, and the end of the listing, that belong to a version which the client has reached: the
///      version that it ran before may still have used what is to be removed;
///   5. the next blob of the version that is being sent, and after the last one its manifest;
///   6. the start of sending the newest version, when no manifest waits for its answer.
/// So a client gets the newest state however slow it is, and what waits for it is bounded by the size of the state.
///
/// A listing does not start before there is a version: a control plane that has just started would otherwise take away
/// the endpoints that its clients serve from.
package struct LinkServerSession: Sendable {
    /// Whose state is served.
    package enum Role: Hashable, Sendable {
        case controlPlane
        /// A supervisor that hands what it has to a new worker. Without a version, it says so at once by an empty frame
        /// that ends a listing which never began.
        case stateCache
    }

    package enum Event: Hashable, Sendable {
        case connected(LinkFrame.Hello)
        /// The client runs a version that the published one cannot replace: versions must rise above this one.
        case clientIsAhead(Version)
        case acknowledged(Version)
        case refused(Version, error: String)
        case metrics(MetricsReport)
        case log(LinkFrame.LogEvent)
        case spans([Span])
        case pong(token: UInt64)
        /// The published snapshot lacks a section of its own tree, or has one that is too long to send.
        case sectionMissing(Version, Digest)
        /// The client speaks no protocol that this server speaks; close once the output is sent.
        case incompatible(LinkFrame.Hello)
        /// There is nothing for the client's class group; close once the output is sent.
        case unknownClassGroup(LinkFrame.Hello)
    }

    private enum Phase { case awaitingHello, established, refused }

    /// A version on its way.
    struct Transfer: Sendable {
        enum Item: Sendable {
            case group(Int)
            case section(Digest)
        }

        var snapshot: PublishedSnapshot
        var items: [Item]
        var next = 0
    }

    /// A frame of live state grows to about this many bytes.
    static let liveStateChunkBytes = 256 << 10

    let role: Role
    private let protocols: ProtocolRange
    private let controller: String
    private var reader = FrameReader()
    private var phase = Phase.awaitingHello
    private var events: [Event] = []
    private var urgent: [LinkFrame] = []

    package private(set) var hello: LinkFrame.Hello?
    /// The version that the client said it runs.
    package private(set) var runningVersion = Version.none
    private var runningRoot: Digest?
    private var runningTree: ManifestTree?
    private var transfer: Transfer?
    private var inFlight: (version: Version, tree: ManifestTree)?
    /// The version that the client refused last, on this connection or before, and that is not sent to it again.
    package private(set) var refusedVersion: Version?
    private var reportedAhead: Version?
    private var saidNothing = false

    var listing: [LiveStateName]?
    var listingPosition = 0
    /// The listing is to end once the client runs this version.
    var listingEnd: Version?
    var dirty: Set<LiveStateName> = []
    /// What to forget, each once the client runs this version.
    var removed: [LiveStateName: Version] = [:]

    package init(
        role: Role = .controlPlane, protocols: ProtocolRange = .current, controller: String = ""
    ) {
        self.role = role
        self.protocols = protocols
        self.controller = controller
    }

    /// Whether the connection is to be closed once the output is sent.
    package var isFinished: Bool { phase == .refused }

    /// Whether the client runs this version.
    package func isCurrent(_ snapshot: PublishedSnapshot) -> Bool {
        snapshot.version == runningVersion && snapshot.tree.rootDigest == runningRoot
    }
}

// MARK: - Input

extension LinkServerSession {
    /// Takes bytes from the client. After an error the connection must be closed.
    /// - Parameter offers: what there is for the class group that the hello names, or why there is nothing.
    package mutating func receive(
        _ bytes: UnsafeRawBufferPointer, offers: (_ classGroup: String) -> LinkOffer
    ) throws(LinkError) {
        reader.append(bytes)
        while phase != .refused, let frame = try reader.next() { try receive(frame, offers) }
    }

    /// Takes bytes from the client of a server that has the same for every class group.
    package mutating func receive(
        _ bytes: UnsafeRawBufferPointer, publication: LinkPublication
    ) throws(LinkError) {
        try receive(bytes) { _ in .publication(publication) }
    }

    /// What the bytes meant, oldest first.
    package mutating func takeEvents() -> [Event] {
        defer { events.removeAll() }
        return events
    }

    private mutating func receive(_ frame: LinkFrame, _ offers: (String) -> LinkOffer) throws(LinkError) {
        if case .hello(let hello) = frame { return try receive(hello, offers) }
        if frame == .unknown { return }
        guard phase == .established else { throw .unexpectedFrame("a client starts with a hello") }
        switch frame {
        case .ack(let version):
            guard let sent = inFlight, sent.version == version else { return }
            run(sent.tree, version)
            inFlight = nil
            events.append(.acknowledged(version))
        case .nack(let version, let error):
            guard let sent = inFlight, sent.version == version else { return }
            inFlight = nil
            refusedVersion = version
            events.append(.refused(version, error: error))
        case .metrics(let report): events.append(.metrics(report))
        case .logEvent(let event): events.append(.log(event))
        case .spans(let spans): events.append(.spans(spans))
        case .pong(let token): events.append(.pong(token: token))
        case .ping(let token): urgent.append(.pong(token: token))
        default: throw .unexpectedFrame("a client sends no such frame")
        }
        guard urgent.count <= 64 else { throw .limitExceeded("pings") }
    }

    private mutating func receive(_ hello: LinkFrame.Hello, _ offers: (String) -> LinkOffer) throws(LinkError) {
        guard phase == .awaitingHello else { throw .unexpectedFrame("a second hello") }
        let theirs = ProtocolRange(minimum: hello.protocolMinimum, maximum: hello.protocolMaximum)
        guard let chosen = protocols.common(with: theirs) else { return refuse(.incompatible(hello), "") }
        let publication: LinkPublication
        switch offers(hello.classGroup) {
        case .publication(let offered): publication = offered
        case .refusal(let reason): return refuse(.unknownClassGroup(hello), reason)
        }
        urgent.append(.welcome(LinkFrame.Welcome(protocolVersion: chosen, controller: controller)))
        phase = .established
        self.hello = hello
        runningVersion = hello.version
        runningRoot = hello.rootDigest
        runningTree = hello.rootDigest.flatMap { publication.tree(root: $0) }
        refusedVersion = hello.refusedVersion
        events.append(.connected(hello))
    }

    private mutating func refuse(_ event: Event, _ reason: String) {
        urgent.append(.welcome(LinkFrame.Welcome(protocolVersion: 0, controller: controller, refusal: reason)))
        phase = .refused
        events.append(event)
    }

    private mutating func run(_ tree: ManifestTree, _ version: Version) {
        runningTree = tree
        runningRoot = tree.rootDigest
        runningVersion = version
    }

    /// What stands under these names is another than before.
    package mutating func markDirty(_ names: Set<LiveStateName>) {
        guard phase == .established, listing != nil else { return }
        dirty.formUnion(names)
    }

    /// Asks the client to finish and exit.
    package mutating func drain(deadlineMilliseconds: UInt32) {
        if phase == .established { urgent.append(.drain(deadlineMilliseconds: deadlineMilliseconds)) }
    }

    /// Asks the client for a sign of life.
    package mutating func ping(token: UInt64) {
        if phase == .established, urgent.count < 8 { urgent.append(.ping(token: token)) }
    }
}

// MARK: - Output

extension LinkServerSession {
    /// Adds frames to `output` until it holds `limit` bytes or there is nothing to say.
    package mutating func produce(
        into output: inout OutputBuffer, limit: Int = 256 << 10, publication: LinkPublication
    ) {
        while output.count < limit, let frame = nextFrame(publication) { output.append(frame) }
    }

    mutating func nextFrame(_ publication: LinkPublication) -> LinkFrame? {
        if !urgent.isEmpty { return urgent.removeFirst() }
        guard phase == .established else { return nil }
        guard let snapshot = publication.snapshot else { return nextFrameWithoutSnapshot() }
        let version = snapshot.version
        if let frame = nextListingFrame(publication, for: version) ?? nextChangeFrame(publication, for: version) {
            return frame
        }
        if isComparable(to: snapshot), let frame = nextRemovalFrame(running: runningVersion) { return frame }
        while true {
            if transfer == nil {
                guard inFlight == nil, shouldSend(snapshot) else { break }
                begin(snapshot)
            }
            if let frame = nextTransferFrame() { return frame }
        }
        return nil
    }

    /// Whether what the client runs is one of our versions, so that it can be compared with them.
    private func isComparable(to snapshot: PublishedSnapshot) -> Bool {
        runningVersion < snapshot.version || isCurrent(snapshot)
    }

    private mutating func nextFrameWithoutSnapshot() -> LinkFrame? {
        guard role == .stateCache, !saidNothing else { return nil }
        saidNothing = true
        return .liveState(LinkFrame.LiveState(endsListing: true))
    }

    private mutating func shouldSend(_ snapshot: PublishedSnapshot) -> Bool {
        if snapshot.version > runningVersion { return snapshot.version != refusedVersion }
        if !isCurrent(snapshot), reportedAhead != snapshot.version {
            reportedAhead = snapshot.version
            events.append(.clientIsAhead(runningVersion))
        }
        return false
    }

    private mutating func begin(_ snapshot: PublishedSnapshot) {
        let difference = snapshot.tree.difference(from: runningTree ?? ManifestTree())
        let groups = difference.changedGroups.filter { snapshot.tree.groupDigest($0) != nil }
        transfer = Transfer(
            snapshot: snapshot,
            items: difference.added.map { .section($0.digest) } + difference.changed.map { .section($0.digest) }
                + groups.map { .group($0) })
    }

    /// The next blob, or the manifest after the last one. The transfer is over after the manifest, or, with no frame,
    /// when a section is missing.
    private mutating func nextTransferFrame() -> LinkFrame? {
        guard let current = transfer else { return nil }
        let (snapshot, tree) = (current.snapshot, current.snapshot.tree)
        guard current.next < current.items.count else {
            transfer = nil
            inFlight = (snapshot.version, tree)
            return .manifest(
                LinkFrame.Manifest(
                    version: snapshot.version, rootDigest: tree.rootDigest, root: tree.rootBytes,
                    isPinned: snapshot.isPinned))
        }
        transfer?.next += 1
        switch current.items[current.next] {
        case .group(let index):
            guard let digest = tree.groupDigest(index) else { return nil }
            return .blob(LinkFrame.Blob(digest: digest, isGroup: true, content: tree.groupBytes(index)))
        case .section(let digest):
            // A longer one would be refused; beyond the limit of frames it would break the link again and again.
            guard let content = snapshot.section(digest), content.count <= SectionCodec.maximumBytes else {
                transfer = nil
                refusedVersion = snapshot.version
                events.append(.sectionMissing(snapshot.version, digest))
                return nil
            }
            return .blob(LinkFrame.Blob(digest: digest, isGroup: false, content: content))
        }
    }
}
