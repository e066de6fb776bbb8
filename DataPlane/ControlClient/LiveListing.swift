import PorticoModel
import PorticoSnapshot

/// The names of the upstreams whose live state a client holds, and the complete listing that may be under way.
struct LiveListing {
    private(set) var held: Set<String> = []
    /// What the listing under way has named so far.
    private var listed: Set<String>?

    /// A new connection starts its own listing.
    mutating func connectionOpened() { listed = nil }

    /// Takes a change.
    /// - Returns: the upstreams to forget, sorted.
    mutating func apply(_ state: LinkFrame.LiveState) -> [String] {
        if state.beginsListing { listed = [] }
        for set in state.endpointSets {
            held.insert(set.upstream)
            listed?.insert(set.upstream)
        }
        var forgotten = state.removedUpstreams.filter { held.remove($0) != nil }
        for name in state.removedUpstreams { listed?.remove(name) }
        if state.endsListing, let named = listed {
            forgotten += held.subtracting(named)
            held = named
            listed = nil
        }
        return forgotten.sorted()
    }
}
