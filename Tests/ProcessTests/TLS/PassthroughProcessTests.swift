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
            #expect(try gateway.gateway.metric("portico_tls_handshakes_total", where: "TLSv1.3") >= 1)
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
