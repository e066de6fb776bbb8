import PorticoModel
import PorticoSnapshot

/// One version as it is offered to the clients of a link.
package struct PublishedSnapshot: Sendable {
    package var version: Version
    package var tree: ManifestTree
    package var isPinned: Bool
    /// The bytes of a section of `tree`, by digest. Called on the thread that serves the link; must not block for long.
    package var section: @Sendable (Digest) -> [UInt8]?

    package init(
        version: Version, tree: ManifestTree, isPinned: Bool = false,
        section: @escaping @Sendable (Digest) -> [UInt8]?
    ) {
        self.version = version
        self.tree = tree
        self.isPinned = isPinned
        self.section = section
    }
}

/// What a server has for a client's class group.
package enum LinkOffer: Sendable {
    case publication(LinkPublication)
    /// Why there is nothing, for the client's log.
    case refusal(String)
}

/// What a server of links has to offer, shared by its sessions: the newest version and the live state.
package struct LinkPublication: Sendable {
    package private(set) var snapshot: PublishedSnapshot?
    package private(set) var endpointSets: [String: EndpointSet] = [:]
    package private(set) var objects: [LiveObjectName: LiveObject] = [:]
    /// The trees of the last versions, newest last: a client that runs one of them needs only the difference.
    private var recentTrees: [ManifestTree] = []

    /// Trees share their groups, so keeping some costs little.
    private static let recentLimit = 32

    package init() {}

    /// Offers a version in place of the one before.
    package mutating func publish(_ snapshot: PublishedSnapshot) {
        self.snapshot = snapshot
        let root = snapshot.tree.rootDigest
        recentTrees.removeAll { $0.rootDigest == root }
        recentTrees.append(snapshot.tree)
        if recentTrees.count > LinkPublication.recentLimit { recentTrees.removeFirst() }
    }

    /// Changes live state.
    /// - Returns: what is different now, for `LinkServerSession.markDirty`.
    package mutating func update(
        changed: [EndpointSet], removed: [String], objects changedObjects: [LiveObject] = [],
        removedObjects: [LiveObjectName] = []
    ) -> Set<LiveStateName> {
        var dirty: Set<LiveStateName> = []
        for set in changed where endpointSets[set.upstream] != set {
            endpointSets[set.upstream] = set
            dirty.insert(.endpoints(upstream: set.upstream))
        }
        for upstream in removed where endpointSets.removeValue(forKey: upstream) != nil {
            dirty.insert(.endpoints(upstream: upstream))
        }
        for object in changedObjects where objects[object.name] != object {
            objects[object.name] = object
            dirty.insert(.object(object.name))
        }
        for name in removedObjects where objects.removeValue(forKey: name) != nil { dirty.insert(.object(name)) }
        return dirty
    }

    /// The names of all live state, in order.
    var liveNames: [LiveStateName] {
        (endpointSets.keys.map { LiveStateName.endpoints(upstream: $0) } + objects.keys.map { .object($0) }).sorted()
    }

    /// Adds what stands under a name to a frame.
    /// - Returns: about how many bytes that takes; nil where nothing is there.
    func append(_ name: LiveStateName, to state: inout LinkFrame.LiveState) -> Int? {
        switch name {
        case .endpoints(let upstream):
            guard let set = endpointSets[upstream] else { return nil }
            state.endpointSets.append(set)
            return set.approximateBytes
        case .object(let name):
            guard let object = objects[name] else { return nil }
            state.objects.append(object)
            return 16 + name.name.utf8.count + object.content.count
        }
    }

    /// The tree with this root, if it is one of the last.
    package func tree(root: Digest) -> ManifestTree? {
        recentTrees.last { $0.rootDigest == root }
    }
}
