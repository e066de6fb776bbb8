import COpenSSL
import PorticoModel
import PorticoSnapshot
import TLSEngine
import Testing

@Suite struct TLSSessionTests {
    private func object(_ name: String, _ certificate: TestCertificate) -> LiveObject {
        LiveObject(.certificate, name: name, content: LiveObjectCodec.encode(certificate.material))
    }

    private func pair(
        _ name: String, _ settings: UpstreamTLS = UpstreamTLS(), clientObjects: [LiveObject] = []
    ) throws -> TLSPair {
        var settings = settings
        settings.sendsServerName = true
        let directory = TLSDirectory()
        directory.apply(clientObjects)
        return try TLSPair(with: directory.peer(for: settings, name: name, offersHTTP2: false))
    }

    private func host(_ certificates: String...) -> VirtualHostTLS {
        var tls = VirtualHostTLS()
        tls.certificates = certificates
        return tls
    }

    @Test(arguments: [TestCertificate.Sort.rsa, .ecdsa])
    func `Bytes go both ways, in records and reads of any size`(sort: TestCertificate.Sort) throws {
        let pair = try pair("a.test")
        pair.directory.apply([object("n/a", TestCertificate(["a.test"], sort))])
        try pair.shakeHands(["a.test": host("n/a")])
        let server = try #require(pair.server)
        #expect(pair.client.protocolName == "TLSv1.3")
        let text = (0..<170_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        #expect(pair.carry(text, from: pair.client, pair.ends.client, to: server, pair.ends.server) == text)
        #expect(pair.carry(text, from: server, pair.ends.server, to: pair.client, pair.ends.client) == text)
    }

    @Test func `The end is told after the bytes before it`() throws {
        let pair = try pair("a.test")
        pair.directory.apply([object("n/a", TestCertificate(["a.test"]))])
        try pair.shakeHands(["a.test": host("n/a")])
        let server = try #require(pair.server)
        #expect(([1, 2, 3] as [Int]).withUnsafeBytes { server.encrypt($0) })
        server.close()
        pair.send(pair.ends.server)
        var memory = [UInt8](repeating: 0, count: 100)
        #expect(memory.withUnsafeMutableBytes { pair.client.receive(pair.ends.client, into: $0) } == .bytes(3 * 8))
        #expect(memory.withUnsafeMutableBytes { pair.client.receive(pair.ends.client, into: $0) } == .ended)
    }

    @Test func `A host gets its own certificate, others the default one`() throws {
        let objects = [
            object("n/a", TestCertificate(["a.test"], commonName: "a")),
            object("n/wild", TestCertificate(["*.wild.test"], commonName: "wild")),
            object(TLSSettings.builtInCertificate, TestCertificate([], commonName: "default")),
        ]
        let cases: [(name: String, tls: VirtualHostTLS?, expected: String)] = [
            ("a.test", host("n/a"), "a"), ("a.test", host("n/missing", "n/a"), "a"),
            ("a.test", host("n/wild"), "default"),
            ("b.wild.test", host("n/wild"), "wild"), ("b.c.wild.test", host("n/wild"), "default"),
            ("b.test", host("n/a"), "default"), ("c.test", nil, "default"), ("a.test", host("n/missing"), "default"),
        ]
        for (name, tls, expected) in cases {
            let pair = try pair(name)
            pair.directory.apply(objects)
            try pair.shakeHands(tls.map { [name: $0] } ?? [:])
            #expect(pair.client.peerCommonName == expected, "\(name)")
        }
    }

    @Test func `Keys of both sorts stand side by side`() throws {
        for (ciphers, expected) in [("ECDHE-RSA-AES128-GCM-SHA256", "rsa"), ("ECDHE-ECDSA-AES128-GCM-SHA256", "ec")] {
            var settings = UpstreamTLS()
            (settings.protocols, settings.ciphers) = ([.tls12], ciphers)
            let pair = try pair("a.test", settings)
            pair.directory.apply([
                object("n/ec", TestCertificate(["a.test"], .ecdsa, commonName: "ec")),
                object("n/rsa", TestCertificate(["a.test"], .rsa, commonName: "rsa")),
            ])
            try pair.shakeHands(["a.test": host("n/ec", "n/rsa")])
            #expect(pair.client.peerCommonName == expected)
        }
    }

    @Test func `A new certificate is for new connections`() throws {
        let first = try pair("a.test")
        let directory = first.directory
        directory.apply([object("n/a", TestCertificate(["a.test"], commonName: "old"))])
        let context = directory.serverContext(for: "a.test", host("n/a"))
        #expect(directory.serverContext(for: "a.test", host("n/a")) === context)
        directory.apply([object("n/a", TestCertificate(["a.test"], commonName: "new"))])
        #expect(directory.serverContext(for: "a.test", host("n/a")) !== context)
        try first.shakeHands(["a.test": host("n/a")])
        #expect(first.client.peerCommonName == "new")
    }

    @Test func `Unknown hosts are refused where they shall be`() {
        let directory = TLSDirectory()
        directory.apply([object(TLSSettings.builtInCertificate, TestCertificate([]))])
        var settings = TLSSettings()
        settings.rejectsUnknownHosts = true
        directory.configure(settings, offersHTTP2: false)
        #expect(directory.serverContext(for: "", nil) == nil)
        #expect(directory.serverContext(for: "a.test", host("n/broken")) != nil)
    }

    @Test func `A certificate without its key is not used`() throws {
        let (one, other) = (TestCertificate(["a.test"]), TestCertificate(["a.test"]))
        let mixed = CertificateMaterial(chain: one.material.chain, key: other.material.key)
        let pair = try pair("a.test")
        pair.directory.apply([
            LiveObject(.certificate, name: "n/a", content: LiveObjectCodec.encode(mixed)),
            object(TLSSettings.builtInCertificate, TestCertificate([], commonName: "default")),
        ])
        try pair.shakeHands(["a.test": host("n/a")])
        #expect(pair.client.peerCommonName == "default")
    }

    @Test(arguments: [TLSProtocols.tls12, .tls13])
    func `Tickets sealed by one worker are taken by another, until their key is gone`(version: TLSProtocols) throws {
        let certificate = TestCertificate(["a.test"])
        let keys = (0..<2).map { UInt8($0) }.map { [UInt8](repeating: $0, count: TicketKeyMaterial.keyBytes) }
        func server(_ keys: [[UInt8]], _ directory: TLSDirectory) {
            var settings = TLSSettings()
            (settings.issuesTickets, settings.cachesSessions) = (true, false)
            directory.configure(settings, offersHTTP2: false)
            directory.apply([
                object("n/a", certificate),
                LiveObject(.ticketKeys, name: "", content: LiveObjectCodec.encode(TicketKeyMaterial(keys: keys))),
            ])
        }
        var settings = UpstreamTLS()
        (settings.protocols, settings.sendsServerName) = (version, true)
        let peer = try TLSDirectory().peer(for: settings, name: "a.test", offersHTTP2: false)
        var resumed: [Bool] = []
        for keys in [[keys[0]], [keys[1], keys[0]], [keys[1]], [[UInt8](repeating: 9, count: 80)]] {
            let pair = try TLSPair(with: peer)
            server(keys, pair.directory)
            try pair.shakeHands(["a.test": host("n/a")])
            resumed.append(pair.client.isResumed)
        }
        // OpenSSL's client keeps its first ticket of a session of TLS 1.2, though it is given a new one.
        #expect(resumed == [false, true, version == .tls13, false])
    }

    @Test func `HTTP/2 is agreed upon only where it is offered by both`() throws {
        for (client, server) in [(true, true), (true, false), (false, true)] {
            let peer = try TLSDirectory().peer(for: UpstreamTLS(), name: "", offersHTTP2: client)
            let pair = try TLSPair(with: peer)
            pair.directory.configure(TLSSettings(), offersHTTP2: server)
            pair.directory.apply([object(TLSSettings.builtInCertificate, TestCertificate([]))])
            try pair.shakeHands()
            #expect(pair.server?.negotiatedHTTP2 == (client && server))
            #expect(pair.hello?.offersHTTP2 == client)
        }
    }
}
