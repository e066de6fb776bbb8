import PorticoModel
import PorticoSnapshot
import Testing

@Suite struct SectionCodecTests {
    static let host = VirtualHost(
        host: "shop.example.com",
        routes: [
            Route(
                match: .exact, path: "/", ingress: ObjectName(namespace: "default", name: "shop"),
                upstream: "default-shop-80", policy: 1),
            Route(
                match: .prefix, path: "/käse", ingress: ObjectName(namespace: "default", name: "shop"),
                upstream: "default-cheese-http"),
            regexRoute,
        ],
        policies: [RoutePolicy(), everyFieldChanged], tls: PolicySamples.hostTLS)

    static var regexRoute: Route {
        var route = Route(
            match: .caseSensitiveRegex, path: "^/a(b|c)$", ingress: ObjectName(namespace: "default", name: "shop"),
            upstream: "")
        route.alternatives = [PolicySamples.alternative, RouteAlternative()]
        return route
    }

    static var everyFieldChanged: RoutePolicy {
        var policy = RoutePolicy()
        policy.connectTimeoutMilliseconds = 1
        policy.sendTimeoutMilliseconds = 2
        policy.readTimeoutMilliseconds = .max
        policy.maximumBodyBytes = .max
        policy.buffersRequests = false
        policy.bodyBufferBytes = 0
        policy.retryConditions = [.http502, .nonIdempotent]
        policy.retryTries = 0
        policy.retryTimeoutMilliseconds = 9
        policy.logsAccess = false
        policy.buffersResponses = true
        policy.responseBufferCount = 1
        policy.responseBufferBytes = 2
        policy.busyBufferBytes = 3
        policy.maximumTemporaryFileBytes = .max
        policy.usesHTTP10Upstream = true
        policy.makesRelativeRedirects = true
        policy.namesPortInRedirects = true
        policy.tlsRedirect = .always
        policy.preservesTrailingSlash = true
        policy.tracesRequests = true
        policy.trustsIncomingSpan = false
        policy.isWithheld = true
        policy.backendProtocol = .fastCGI
        policy.features = PolicySamples.everyFeature
        return policy
    }

    static var settings: GlobalSettings {
        var settings = GlobalSettings()
        settings.defaultUpstream = "default-fallback-80"
        settings.defaultPolicy = everyFieldChanged
        settings.tracing.sampler = .ratio
        settings.tracing.threshold = 7
        settings.tracing.followsParent = false
        settings.tracing.isExported = true
        settings.tracing.maximumQueue = 9
        settings.trustedProxies = ["10.0.0.0/8", "", "::1/128"]
        settings.usesProxyProtocol = true
        settings.generatesRequestID = false
        settings.usesHTTP2 = false
        settings.http2ConcurrentStreams = 7
        settings.upstreamKeepAliveConnections = 0
        settings.accessLogPath = ""
        settings.logsStreams = false
        settings.streamLogPath = "/var/log/streams"
        settings.streamLogFormat = "$status"
        settings.tls = PolicySamples.settingsTLS
        PolicySamples.setPolicies(of: &settings)
        return settings
    }

    static let sections: [Section] = [
        .virtualHost(host), .virtualHost(VirtualHost(host: "", routes: [])),
        .upstream(
            UpstreamSettings(name: "a-b-80", service: ObjectName(namespace: "a", name: "b"), port: "80")),
        .globalSettings(GlobalSettings()), .globalSettings(settings),
    ]

    @Test(arguments: sections)
    func `A section reads back what it writes`(section: Section) throws {
        #expect(try SectionCodec.decode(SectionCodec.encode(section)) == section)
    }

    @Test(arguments: sections)
    func `Cut anywhere, a section is refused or is another section`(section: Section) {
        let bytes = SectionCodec.encode(section)
        for length in 0..<bytes.count {
            let part = try? SectionCodec.decode(Array(bytes.prefix(length)))
            #expect(part != section)
        }
    }

    @Test(arguments: sections)
    func `Any changed byte is refused or decodes to something that encodes again`(section: Section) throws {
        let bytes = SectionCodec.encode(section)
        for index in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[index] ^= 1 << bit
                guard let other = try? SectionCodec.decode(damaged) else { continue }
                #expect(try SectionCodec.decode(SectionCodec.encode(other)) == other)
            }
        }
    }

    @Test func `A section without content is refused`() {
        #expect(throws: SnapshotError.invalidField(message: "Section", field: "content", found: "(none known)")) {
            try SectionCodec.decode([])
        }
    }

    @Test func `A policy that the host does not have is refused`() {
        var host = Self.host
        host.routes[0].policy = 2
        #expect(throws: SnapshotError.invalidField(message: "Route", field: "policy", found: "3")) {
            try SectionCodec.decode(SectionCodec.encode(.virtualHost(host)))
        }
    }

    @Test(
        arguments: [
            // VirtualHost.host is one byte, that is no UTF-8; then a zero byte.
            ([0x0a, 0x03, 0x0a, 0x01, 0xff], SnapshotError.self), ([0x0a, 0x03, 0x0a, 0x01, 0x00], SnapshotError.self),
            // A route of an unknown match.
            ([0x0a, 0x07, 0x12, 0x05, 0x08, 0x09, 0x12, 0x01, 0x2f], SnapshotError.self),
            // A route whose path is relative.
            ([0x0a, 0x07, 0x12, 0x05, 0x08, 0x01, 0x12, 0x01, 0x61], SnapshotError.self),
            // A length beyond the end, and one beyond 32 bits.
            ([0x0a, 0x7f], SnapshotError.self), ([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], SnapshotError.self),
            // A length written with a needless byte.
            ([0x0a, 0x84, 0x00, 0x0a, 0x02, 0x61, 0x62], SnapshotError.self),
        ] as [([UInt8], SnapshotError.Type)])
    func `Hostile bytes are refused`(bytes: [UInt8], error: SnapshotError.Type) {
        #expect(throws: error) { try SectionCodec.decode(bytes) }
    }

    @Test func `Unknown fields are ignored`() throws {
        // VirtualHost { host = "ab", field 15 = 7 }.
        let bytes: [UInt8] = [0x0a, 0x06, 0x0a, 0x02, 0x61, 0x62, 0x78, 0x07]
        #expect(try SectionCodec.decode(bytes) == .virtualHost(VirtualHost(host: "ab", routes: [])))
    }

    @Test func `A message that unfolds to far more memory than it takes is refused`() {
        let routes = [UInt8](repeating: 0, count: 1 << 20).enumerated().map { UInt8($0.offset % 2 == 0 ? 0x12 : 0x00) }
        let length = routes.count
        let bytes = [0x0a, UInt8(length & 0x7f | 0x80), UInt8(length >> 7 & 0x7f | 0x80), UInt8(length >> 14)] + routes
        #expect(throws: SnapshotError.self) { try SectionCodec.decode(bytes) }
    }

    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ])
    func `Digests are SHA-256`(text: String, hexadecimal: String) {
        #expect(Digest.sha256(of: Array(text.utf8)).description == hexadecimal)
    }
}
