import HTTP2Core
import HTTPCore
import Policies
import PorticoModel
import Routing

/// One version's routing table with what follows from its settings. A request holds on to the one it began with, so an
/// old one is freed after its last request.
final class ActiveTables {
    let routing: RoutingTable
    let globals: GlobalSettings
    let trustedProxies: AddressBlocks
    /// Where the client's address is taken from, in lower case.
    let forwardedForName: [UInt8]
    let usesOwnForwardedFor: Bool
    let headLimits: HeadLimits
    /// The field of that name with its value, a whole line; empty where it is not sent.
    let strictTransportSecurity: [UInt8]
    let poolLimits: PoolLimits
    let http2Limits: HTTP2Limits
    /// Fields of requests that go no further for their names or because they are meant for one connection.
    let droppedFieldFlags: HeaderField.Flags
    let compiled: CompiledGlobals
    /// What routes without a policy of their own have to do beyond forwarding.
    let defaultFeatures: CompiledPolicy?
    /// For requests of the proxy's own, to services that speak HTTP and HTTPS.
    let plainPolicy: PolicyRecord
    let securePolicy: PolicyRecord
    /// The name of the field that tells whom the PROXY protocol names.
    let proxyProtocolField: [UInt8]
    /// The client's address may be another than the peer's.
    let resolvesClient: Bool
    /// Some setting concerns every request, whatever its route.
    let concernsRequests: Bool

    /// - Parameter previous: whose parts are taken over where the settings are the same.
    init(_ routing: RoutingTable, previous: ActiveTables? = nil) {
        self.routing = routing
        if let previous, previous.routing.globals == routing.globals {
            compiled = previous.compiled
            defaultFeatures = previous.defaultFeatures
        } else {
            compiled = CompiledGlobals(routing.globals)
            let nobody = ObjectName(namespace: "", name: "")
            defaultFeatures = CompiledPolicy(
                routing.globals.defaultPolicy,
                route: Route(match: .prefix, path: "/", ingress: nobody, upstream: ""))
        }
        proxyProtocolField = Array(routing.globals.forwardedForProxyProtocolHeader.utf8)
        var own = RoutePolicy()
        own.logsAccess = false
        plainPolicy = PolicyRecord(own)
        own.backendProtocol = .https
        securePolicy = PolicyRecord(own)
        resolvesClient = routing.globals.usesForwardedHeaders || routing.globals.usesRealIP
        concernsRequests = compiled.concernsRequests || defaultFeatures != nil
        globals = routing.globals
        let security = routing.globals.tls.strictTransportSecurity
        strictTransportSecurity =
            security.isEmpty ? [] : Array("Strict-Transport-Security: \(security)\r\n".utf8)
        trustedProxies = AddressBlocks(routing.globals.trustedProxies)
        forwardedForName = routing.globals.forwardedForHeader.lowercased().utf8.map { $0 }
        usesOwnForwardedFor = forwardedForName != Array("x-forwarded-for".utf8)
        headLimits = HeadLimits(
            lineBytes: Int(routing.globals.maximumHeaderLineBytes), blockBytes: Int(routing.globals.maximumHeaderBytes))
        poolLimits = PoolLimits(
            connections: routing.globals.upstreamKeepAliveConnections,
            requests: routing.globals.upstreamKeepAliveRequests,
            idleMilliseconds: routing.globals.upstreamKeepAliveTimeoutMilliseconds,
            ageMilliseconds: routing.globals.upstreamKeepAliveTimeMilliseconds)
        var http2 = HTTP2Limits()
        http2.concurrentStreams = routing.globals.http2ConcurrentStreams
        http2.fieldBytes = Int(routing.globals.maximumHeaderLineBytes)
        http2.headBytes = Int(routing.globals.maximumHeaderBytes)
        http2Limits = http2
        var dropped: HeaderField.Flags = .hopByHop
        if routing.globals.ignoresInvalidHeaders {
            dropped.insert(.unusualName)
            if !routing.globals.allowsUnderscoresInHeaders { dropped.insert(.underscore) }
        }
        droppedFieldFlags = dropped
    }
}

/// How many idle connections an upstream's pool holds, and how long one is used.
struct PoolLimits {
    var connections: UInt32
    var requests: UInt32
    var idleMilliseconds: UInt32
    var ageMilliseconds: UInt32
}
