import EventLoop

/// Choices other than in turn. All leave out endpoints that were tried or are ejected while there are others.
extension Upstream {
    private func isFit(_ endpoint: UpstreamEndpoint, at milliseconds: UInt64, tried: UInt64) -> Bool {
        tried & Upstream.bit(endpoint) == 0 && !endpoint.health.isEjected(at: milliseconds)
    }

    /// The endpoint that a key leads to.
    package func choose(forKey key: UInt64, at milliseconds: UInt64, tried: UInt64) -> UpstreamEndpoint? {
        let index = ring.member(for: key) { isFit(endpoints[$0], at: milliseconds, tried: tried) }
        return index.map { endpoints[$0] }
    }

    /// The endpoint of a session that begins, and the key that leads to it later, when the one that `random` would have led
    /// to is fit again.
    package func beginSession(
        random: UInt64, at milliseconds: UInt64, tried: UInt64
    ) -> (endpoint: UpstreamEndpoint, key: UInt64)? {
        let place = ring.place(for: random) { isFit(endpoints[$0], at: milliseconds, tried: tried) }
        return place.map { (endpoints[$0.member], $0.key) }
    }

    /// The endpoint that a key leads to, fit or not: that of a session.
    package func endpoint(forKey key: UInt64) -> UpstreamEndpoint? {
        ring.member(for: key) { _ in true }.map { endpoints[$0] }
    }

    /// One of the subset that a key leads to. Subsets are neighbours in the list, the last one filled up from its start.
    package func choose(
        forKey key: UInt64, subsetOf size: Int, random: UInt64, at milliseconds: UInt64, tried: UInt64
    ) -> UpstreamEndpoint? {
        guard !endpoints.isEmpty, size > 0 else { return nil }
        let subsets = (endpoints.count + size - 1) / size
        // The ring's first endpoint of a subset stands for it, so a key's subset moves as little as an endpoint would.
        guard let first = ring.member(for: key, accepts: { _ in true }) else { return nil }
        let subset = first / size % subsets
        for step in 0..<size {
            let offset = Int((random &+ UInt64(step)) % UInt64(size))
            let endpoint = endpoints[(subset * size + offset) % endpoints.count]
            if isFit(endpoint, at: milliseconds, tried: tried) { return endpoint }
        }
        return choose(at: milliseconds, tried: tried)
    }

    /// The faster one of two taken at random.
    package func chooseFaster(random: UInt64, at milliseconds: UInt64, tried: UInt64) -> UpstreamEndpoint? {
        let count = endpoints.count
        guard count > 1 else { return choose(at: milliseconds, tried: tried) }
        let first = endpoints[Int(random % UInt64(count))]
        // Another one than the first.
        let step = 1 + Int((random >> 32) % UInt64(count - 1))
        let second = endpoints[(Int(random % UInt64(count)) + step) % count]
        switch (isFit(first, at: milliseconds, tried: tried), isFit(second, at: milliseconds, tried: tried)) {
        case (true, true):
            // One that has not answered yet takes its turn by chance, so that it is not run down.
            guard first.average.hasValue, second.average.hasValue else { return first }
            return second.average.score(at: milliseconds) < first.average.score(at: milliseconds) ? second : first
        case (true, false): return first
        case (false, true): return second
        case (false, false): return choose(at: milliseconds, tried: tried)
        }
    }

    /// The endpoint of a session that is bound to it, whatever else comes: its key is the endpoint's own.
    package func endpoint(named key: UInt64) -> UpstreamEndpoint? { endpoints.first { $0.key == key } }

    /// Takes note of how long an answer took, for `chooseFaster`.
    package func note(_ responseMilliseconds: UInt64, of endpoint: UpstreamEndpoint, at milliseconds: UInt64) {
        endpoint.average.add(Double(responseMilliseconds), at: milliseconds)
    }
}
