import KubernetesTestServer
import TestSupport
import Testing

extension ProcessTests {
    /// `ssl-passthrough`, seen by curl.
    @Suite struct PassthroughProcessTests {
        @Test func `a host's endpoints end TLS, and other hosts are served here`() throws {
            let (plain, behind) = (try ScriptedBackend(named: "here"), try ScriptedBackend(named: "there"))
            let gateway = try TLSGateway(
                hosts: ["here.test"], backend: plain.address, arguments: ["--enable-ssl-passthrough"])
            let own = gateway.certificates.server("the endpoint's own", alternatives: ["DNS:there.test"])
            let front = try TLSFront(own, before: behind.address)
            try gateway.gateway.write(
                Manifests.service("there", at: [front.address])
                    + Manifests.ingress(
                        "there", host: "there.test", service: "there",
                        annotations: ["nginx.ingress.kubernetes.io/ssl-passthrough": "true"]), to: "there.yaml")
            try eventually("the endpoint's certificate is shown") {
                try gateway.commonName(for: "there.test") == "the endpoint's own"
            }
            #expect(try gateway.curl("https://there.test/").hasPrefix("HTTP/1.1 200"))
            #expect(front.handshakes.last?.serverName == "there.test")
            #expect(try gateway.commonName(for: "here.test") == "here.test")
            #expect(try gateway.curl("https://here.test/").contains(" 200"))
            try eventually("sessions are counted") {
                try gateway.gateway.metric("portico_stream_sessions_total", where: "passthrough") >= 2
            }
            try eventually("handshakes are counted") {
                try gateway.gateway.metric("portico_tls_handshakes_total", where: "TLSv1.3") >= 1
            }
        }

        @Test func `several hosts pass through, with the PROXY protocol too, and plain HTTP is served here`() throws {
            let backend = try ScriptedBackend(named: "there")
            let gateway = try TLSGateway(
                hosts: ["here.test"], backend: backend.address, arguments: ["--enable-ssl-passthrough"])
            let fronts = try ["first", "second"].map { name in
                let own = gateway.certificates.server("\(name)'s own", alternatives: ["DNS:\(name).test"])
                let front = try TLSFront(own, before: backend.address)
                try gateway.gateway.write(
                    Manifests.service(name, at: [front.address])
                        + Manifests.ingress(
                            name, host: "\(name).test", service: name,
                            annotations: [
                                "nginx.ingress.kubernetes.io/ssl-passthrough": "true",
                                "nginx.ingress.kubernetes.io/backend-protocol": "HTTPS",
                            ]), to: "\(name).yaml")
                return front
            }
            for name in ["first", "second"] {
                try eventually("the endpoint's certificate is shown") {
                    try gateway.commonName(for: "\(name).test") == "\(name)'s own"
                }
                #expect(try gateway.curl("http://\(name).test/").hasPrefix("HTTP/1.1 200"))
            }
            #expect(fronts[0].handshakes.allSatisfy { ["first.test", nil].contains($0.serverName) })
            // What stands in front tells who the client is. The endpoints are not told.
            try gateway.change(settings: ["use-proxy-protocol": "true"], until: "the PROXY protocol is read") {
                try gateway.curl("https://second.test/", "--haproxy-protocol").hasPrefix("HTTP/1.1 200")
            }
            #expect(fronts[1].handshakes.last?.serverName == "second.test")
            #expect(try gateway.curl("https://here.test/", "--haproxy-protocol").contains(" 200"))
        }

        @Test func `without the flag TLS ends here, and people are told`() throws {
            let plain = try ScriptedBackend(named: "here")
            let gateway = try TLSGateway(
                hosts: ["here.test"], annotations: ["nginx.ingress.kubernetes.io/ssl-passthrough": "true"],
                backend: plain.address)
            try eventually("TLS is served") { try gateway.commonName(for: "here.test") == "here.test" }
            #expect(gateway.gateway.program.output.contains("without --enable-ssl-passthrough"))
        }
    }
}
