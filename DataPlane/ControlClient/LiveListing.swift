import PorticoModel
import PorticoSnapshot

/// The names of the live state that a client holds, and the complete listing that may be under way.
struct LiveListing {
    private(set) var held: Set<LiveStateName> = []
    /// What the listing under way has named so far.
    private var listed: Set<LiveStateName>?

    /// What is to be forgotten, sorted.
    struct Forgotten {
        var upstreams: [String] = []
        var objects: [LiveObjectName] = []
    }

    /// A new connection starts its own listing.
    mutating func connectionOpened() { listed = nil }

    /// Takes a change.
    mutating func apply(_ state: LinkFrame.LiveState) -> Forgotten {
        if state.beginsListing { listed = [] }
        let named =
            state.endpointSets.map { LiveStateName.endpoints(upstream: $0.upstream) }
            + state.objects.map { .object($0.name) }
        held.formUnion(named)
        listed?.formUnion(named)
        let removed =
            state.removedUpstreams.map { LiveStateName.endpoints(upstream: $0) }
            + state.removedObjects.map { .object($0) }
        var forgotten = removed.filter { held.remove($0) != nil }
        for name in removed { listed?.remove(name) }
        if state.endsListing, let listed {
            forgotten += held.subtracting(listed)
            held = listed
            self.listed = nil
        }
        return LiveListing.sort(forgotten)
    }

    private static func sort(_ names: [LiveStateName]) -> Forgotten {
        var forgotten = Forgotten()
        for name in names.sorted() {
            switch name {
            case .endpoints(let upstream): forgotten.upstreams.append(upstream)
            case .object(let object): forgotten.objects.append(object)
            }
        }
        return forgotten
    }
}
