import PorticoModel

/// The ways in which endpoints are spoken to, made when they are first asked for.
struct TLSPeerTable {
    private struct ContextKey: Hashable {
        var settings: UpstreamTLS
        var offersHTTP2: Bool
    }

    private struct PeerKey: Hashable {
        var context: ObjectIdentifier
        var name: String
    }

    private static let maximumContexts = 4_096
    private static let maximumPeers = 16_384

    private var contexts: [ContextKey: TLSClientContext] = [:]
    /// They hold on to their contexts, so no identifier comes twice.
    private var peers: [PeerKey: TLSPeer] = [:]
    private var lastPool: UInt32 = 0

    /// - Parameter make: makes the context, where there is none yet.
    mutating func peer(
        _ settings: UpstreamTLS, name: String, offersHTTP2: Bool,
        make: () throws(TLSError) -> TLSClientContext
    ) throws(TLSError) -> TLSPeer {
        let context = try context(ContextKey(settings: settings, offersHTTP2: offersHTTP2), make)
        let key = PeerKey(context: ObjectIdentifier(context), name: name)
        if let known = peers[key] { return known }
        if peers.count >= TLSPeerTable.maximumPeers { forgetAll() }
        lastPool = lastPool == .max ? 1 : lastPool + 1
        let peer = TLSPeer(context: context, name: name, pool: lastPool)
        peers[key] = peer
        return peer
    }

    private mutating func context(
        _ key: ContextKey, _ make: () throws(TLSError) -> TLSClientContext
    ) throws(TLSError) -> TLSClientContext {
        if let known = contexts[key] { return known }
        if contexts.count >= TLSPeerTable.maximumContexts { forgetAll() }
        let made = try make()
        contexts[key] = made
        return made
    }

    /// A Secret has changed: what was made of it serves no further connection.
    mutating func forget(secret: String) {
        guard contexts.keys.contains(where: { $0.settings.secret == secret }) else { return }
        contexts = contexts.filter { $0.key.settings.secret != secret }
        for (key, peer) in peers where peer.context.settings.secret == secret {
            peer.isCurrent = false
            peers[key] = nil
        }
    }

    private mutating func forgetAll() {
        for peer in peers.values { peer.isCurrent = false }
        (contexts, peers) = ([:], [:])
    }
}
