import PorticoModel
import PorticoSnapshot

extension LinkServerSession {
    /// The next part of the complete listing; nil once all of it was sent, save for its end.
    mutating func nextListingFrame(
        _ publication: LinkPublication, for version: Version
    ) -> LinkFrame? {
        let begins = listing == nil
        if begins {
            listing = publication.liveNames
        }
        guard let names = listing, begins || listingPosition < names.count else { return nil }
        var state = LinkFrame.LiveState(beginsListing: begins)
        var bytes = 0
        while listingPosition < names.count, bytes < LinkServerSession.liveStateChunkBytes {
            // What was removed meanwhile is not named, and so goes when the listing ends.
            bytes += publication.append(names[listingPosition], to: &state) ?? 0
            listingPosition += 1
        }
        if listingPosition == names.count {
            // Their memory is not needed any more.
            listing = []
            listingPosition = 0
            listingEnd = version
        }
        return .liveState(state)
    }

    /// What changed and still exists. Those that do not are kept for later.
    mutating func nextChangeFrame(_ publication: LinkPublication, for version: Version) -> LinkFrame? {
        var state = LinkFrame.LiveState()
        var bytes = 0
        while bytes < LinkServerSession.liveStateChunkBytes, let name = dirty.popFirst() {
            if let count = publication.append(name, to: &state) {
                bytes += count
                removed[name] = nil
            } else {
                removed[name] = version
            }
        }
        guard !state.endpointSets.isEmpty || !state.objects.isEmpty else { return nil }
        state.endpointSets.sort { $0.upstream < $1.upstream }
        state.objects.sort { $0.name < $1.name }
        return .liveState(state)
    }

    /// What the client may forget now that it runs `version`, and the end of the listing.
    mutating func nextRemovalFrame(running version: Version) -> LinkFrame? {
        let names = removed.filter { $0.value <= version }.keys.sorted()
        let endsListing = listingEnd.map { $0 <= version } ?? false
        guard endsListing || !names.isEmpty else { return nil }
        for name in names { removed[name] = nil }
        if endsListing { listingEnd = nil }
        var state = LinkFrame.LiveState(endsListing: endsListing)
        for name in names {
            switch name {
            case .endpoints(let upstream): state.removedUpstreams.append(upstream)
            case .object(let object): state.removedObjects.append(object)
            }
        }
        return .liveState(state)
    }
}

extension EndpointSet {
    /// About what it takes on the wire.
    var approximateBytes: Int { 16 + upstream.utf8.count + endpoints.count * 28 }
}
