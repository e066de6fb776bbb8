import EventLoop
import PorticoModel

/// One endpoint of an upstream: its address, its health and the idle connections to it.
package final class UpstreamEndpoint {
    package let address: SocketAddress
    /// `10.0.0.1:80`, as logs write it.
    package let text: [UInt8]
    package unowned let upstream: Upstream
    private let pool: PoolSize
    /// No longer listed: connections finish what they carry and are not reused.
    @exclusivity(unchecked) package fileprivate(set) var isRemoved = false
    @exclusivity(unchecked) var health = EndpointHealth()
    /// Kept up where the upstream is balanced by it.
    @exclusivity(unchecked) var average = ResponseTimeAverage()
    /// A hash of the address, the same in every worker.
    package let key: UInt64
    @exclusivity(unchecked) fileprivate var position = 0
    private struct Idle {
        var connection: EventHandler
        var pool: UInt32
    }

    @exclusivity(unchecked) private var idle: [Idle] = []
    @exclusivity(unchecked) fileprivate var sharedConnections: [EventHandler] = []

    fileprivate init(address: SocketAddress, upstream: Upstream, pool: PoolSize) {
        self.address = address
        self.upstream = upstream
        self.pool = pool
        text = Array(address.description.utf8)
        key = text.withUnsafeBytes { StableHash.hash($0) }
    }

    package var idleCount: Int { idle.count }

    /// It gave a response.
    package func succeeded() { health.succeeded() }

    /// - Returns: whether this failure ejects it.
    package func failed(at milliseconds: UInt64) -> Bool { health.failed(at: milliseconds) }

    /// The connection that waited the shortest time, which is the least likely to be closed by the peer just now.
    /// - Parameter key: only a connection that was put there under it will do: those with other TLS never stand in.
    package func takeIdle(pool key: UInt32 = 0) -> EventHandler? {
        guard let last = idle.indices.last else { return nil }
        if idle[last].pool == key {
            pool.idle -= 1
            return idle.removeLast().connection
        }
        guard let index = idle.lastIndex(where: { $0.pool == key }) else { return nil }
        pool.idle -= 1
        return idle.remove(at: index).connection
    }

    /// Where a connection that waits for its next request has its place.
    package enum IdlePlace: Sendable {
        /// Nowhere: the caller closes it.
        case none
        case regular
        /// Above the limit: for a moment, lest a burst opens and closes connections all the time.
        case surplus
    }

    /// So many times its limit the pool may hold for a moment.
    private static let burst = 4

    /// Keeps a connection for later.
    package func putIdle(_ connection: EventHandler, pool key: UInt32 = 0, limit: UInt32) -> IdlePlace {
        guard !isRemoved, pool.idle < Int(limit) * Self.burst else { return .none }
        idle.append(Idle(connection: connection, pool: key))
        pool.idle += 1
        return pool.idle <= Int(limit) ? .regular : .surplus
    }

    /// Takes one that was closed or has waited too long out of the pool.
    package func removeIdle(_ connection: EventHandler) {
        guard let index = idle.lastIndex(where: { $0.connection === connection }) else { return }
        idle.remove(at: index)
        pool.idle -= 1
    }

    package func takeAllIdle() -> [EventHandler] {
        defer { idle = [] }
        pool.idle -= idle.count
        return idle.map(\.connection)
    }

    // MARK: Connections that many requests share

    package var sharedCount: Int { sharedConnections.count }
    package func shared(at index: Int) -> EventHandler { sharedConnections[index] }
    package func addShared(_ connection: EventHandler) { sharedConnections.append(connection) }
    package func removeShared(_ connection: EventHandler) { sharedConnections.removeAll { $0 === connection } }
}

/// How many idle connections the endpoints of one upstream hold together.
private final class PoolSize {
    @exclusivity(unchecked) var idle = 0
}

/// The endpoints of one upstream and whose turn it is.
package final class Upstream {
    package let name: String
    @exclusivity(unchecked) package private(set) var endpoints: [UpstreamEndpoint] = []
    @exclusivity(unchecked) private var cursor: Int
    private let pool = PoolSize()
    @exclusivity(unchecked) private var knownRing: HashRing?
    /// A hash of the name, the same in every worker.
    package let key: UInt64

    /// - Parameter offset: where round robin starts; workers start at different ones, so that together they are fair.
    package init(name: String, offset: Int) {
        self.name = name
        cursor = offset
        key = Array(name.utf8).withUnsafeBytes { StableHash.hash($0) }
    }

    /// Made when it is first asked for after a change of the endpoints.
    var ring: HashRing {
        if let knownRing { return knownRing }
        let made = HashRing(endpoints.map(\.text))
        knownRing = made
        return made
    }

    /// Replaces the endpoints, keeping those that stay with their health and connections.
    /// - Returns: idle and shared connections to endpoints that are gone, for the caller to close or retire.
    package func apply(_ listed: [Endpoint]) -> [EventHandler] {
        var known: [SocketAddress: UpstreamEndpoint] = [:]
        for endpoint in endpoints { known[endpoint.address] = endpoint }
        var replaced: [UpstreamEndpoint] = []
        for endpoint in listed {
            guard let address = SocketAddress(bytes: endpoint.address.bytes, port: endpoint.port) else { continue }
            let kept =
                known.removeValue(forKey: address)
                ?? UpstreamEndpoint(address: address, upstream: self, pool: pool)
            kept.position = replaced.count
            replaced.append(kept)
        }
        endpoints = replaced
        knownRing = nil
        var orphans: [EventHandler] = []
        for gone in known.values {
            gone.isRemoved = true
            orphans += gone.takeAllIdle() + gone.sharedConnections
        }
        return orphans
    }

    /// The next endpoint in turn: one that was not tried and is not ejected if there is one, else one not tried, else
    /// any, so that the last endpoint is never ejected.
    ///
    /// - Parameter tried: bits of positions, as `mark(_:in:)` sets them.
    package func choose(at milliseconds: UInt64, tried: UInt64) -> UpstreamEndpoint? {
        let count = endpoints.count
        guard count > 0 else { return nil }
        cursor = cursor &+ 1
        let first = Int(UInt(bitPattern: cursor) % UInt(count))
        let next = endpoints[first]
        if tried == 0, !next.health.isEjected(at: milliseconds) { return next }
        var untried: UpstreamEndpoint?
        for step in 0..<count {
            let endpoint = endpoints[(first + step) % count]
            if tried & Upstream.bit(endpoint) != 0 { continue }
            if !endpoint.health.isEjected(at: milliseconds) {
                cursor = cursor &+ step
                return endpoint
            }
            untried = untried ?? endpoint
        }
        return untried ?? next
    }

    static func bit(_ endpoint: UpstreamEndpoint) -> UInt64 { 1 << UInt64(endpoint.position & 63) }

    package static func mark(_ endpoint: UpstreamEndpoint, in tried: inout UInt64) { tried |= bit(endpoint) }
}
