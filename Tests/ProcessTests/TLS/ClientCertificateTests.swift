import Foundation
import KubernetesTestServer
import TestSupport
import Testing

extension ProcessTests {
    /// Certificates of clients (`auth-tls-*`), shown by curl.
    @Suite struct ClientCertificateTests {
        /// What the endpoint was told, in fields of its answer.
        private static func backend() throws -> ScriptedBackend {
            try ScriptedBackend { request, _ in
                let seen = ["verify", "subject-dn", "cert"].map { name in
                    "x-\(name): \(request["ssl-client-\(name)"]?.prefix(60) ?? "-")\r\n"
                }
                return Array("HTTP/1.1 200 OK\r\n\(seen.joined())Content-Length: 0\r\n\r\n".utf8)
            }
        }

        private let folder: TemporaryFolder
        private let root = TestCertificates(name: "root")

        init() throws { folder = try TemporaryFolder() }

        /// Arguments of curl's that show a certificate.
        private func shows(_ pair: TestCertificates.Pair, chain: [TestCertificates] = []) throws -> [String] {
            let name = UUID().uuidString
            let certificates = pair.certificate + chain.flatMap(\.authority)
            try folder.write(String(decoding: certificates, as: UTF8.self), to: "\(name).crt")
            try folder.write(String(decoding: pair.key, as: UTF8.self), to: "\(name).key")
            return ["--cert", folder("\(name).crt"), "--key", folder("\(name).key")]
        }

        private func gateway(_ hosts: [String: [String: String]], _ secret: [String: [UInt8]]) throws -> TLSGateway {
            let gateway = try TLSGateway(hosts: ["plain.test"], backend: Self.backend().address)
            for (host, choices) in hosts {
                let keys = choices.map { ("nginx.ingress.kubernetes.io/auth-tls-\($0)", $1) }
                let annotations = Dictionary(uniqueKeysWithValues: keys).merging([
                    "nginx.ingress.kubernetes.io/auth-tls-secret": "default/clients"
                ]) { $1 }
                let name = host.split(separator: ".")[0]
                let pair = gateway.certificates.server(host, alternatives: ["DNS:\(host)"])
                try gateway.gateway.write(
                    TLSGateway.ingress(String(name), host: host, annotations)
                        + TLSGateway.secret(String(name), pair), to: "\(name).yaml")
            }
            try gateway.gateway.write(Manifests.secret("clients", secret), to: "clients.yaml")
            for host in hosts.keys {
                try eventually("\(host) is served") { try gateway.commonName(for: host) == host }
            }
            return gateway
        }

        private func status(_ gateway: TLSGateway, _ host: String, _ arguments: [String] = []) throws -> String {
            let head = try gateway.curl("https://\(host)/", arguments)
            return head.split(separator: " ").dropFirst().first.map(String.init) ?? head
        }

        @Test func `who may come in is as the mode says`() throws {
            let gateway = try gateway(
                [
                    "on.test": [:], "off.test": ["verify-client": "off"],
                    "optional.test": ["verify-client": "optional"],
                    "noca.test": ["verify-client": "optional_no_ca"],
                    "page.test": ["error-page": "https://help.test/certificates"],
                ], ["ca.crt": root.authority])
            let known = try shows(root.client("alice"))
            let foreign = try shows(TestCertificates(name: "foreign").client("mallory"))
            try eventually("the authority is known") { try status(gateway, "on.test", known) == "200" }
            for (host, none, right, wrong) in [
                ("on.test", "400", "200", "400"), ("off.test", "200", "200", "200"),
                ("optional.test", "200", "200", "400"), ("noca.test", "200", "200", "200"),
                ("page.test", "302", "200", "302"),
            ] {
                #expect(try status(gateway, host) == none, "\(host) without one")
                #expect(try status(gateway, host, known) == right, "\(host) with one")
                #expect(try status(gateway, host, foreign) == wrong, "\(host) with a foreign one")
            }
            #expect(try gateway.curl("https://page.test/").contains("https://help.test/certificates"))
            // The endpoint is told, and the client cannot tell it.
            let seen = try gateway.curl("https://on.test/", known + ["-H", "ssl-client-verify: FORGED"])
            #expect(seen.contains("x-verify: SUCCESS\n") && seen.contains("x-subject-dn: CN=alice\n"))
            #expect(seen.contains("x-cert: -\n"))
            #expect(try gateway.curl("https://optional.test/").contains("x-verify: NONE\n"))
            #expect(try gateway.curl("https://noca.test/", foreign).contains("x-verify: FAILED:"))
            // A connection that was opened for another host has shown nothing.
            let other = try gateway.curl(
                "https://plain.test/", ["-H", "Host: on.test"])
            #expect(other.hasPrefix("HTTP/1.1 421") || other.hasPrefix("HTTP/2 421"), "\(other)")
        }

        @Test func `depth, subject, revocation and the certificate itself count`() throws {
            let (first, revoked) = (TestCertificates(name: "first", superior: root), root.client("revoked"))
            let second = TestCertificates(name: "second", superior: first)
            let gateway = try gateway(
                [
                    "shallow.test": ["verify-depth": "1"], "deep.test": ["verify-depth": "2"],
                    "alice.test": ["match-cn": "CN=alice"], "passed.test": ["pass-certificate-to-upstream": "true"],
                ], ["ca.crt": root.authority])
            let alice = try shows(root.client("alice"))
            try eventually("the authority is known") { try status(gateway, "passed.test", alice) == "200" }
            let deep = try shows(second.client("deep"), chain: [second, first])
            #expect(try status(gateway, "shallow.test", deep) == "400")
            #expect(try status(gateway, "deep.test", deep) == "200")
            #expect(try status(gateway, "alice.test", alice) == "200")
            #expect(try status(gateway, "alice.test", try shows(root.client("bob"))) == "403")
            #expect(
                try gateway.curl("https://passed.test/", alice).contains("x-cert: -----BEGIN%20CERTIFICATE-----%0A"))
            // The list of revoked certificates arrives, and is believed.
            let former = try shows(revoked)
            #expect(try status(gateway, "passed.test", former) == "200")
            let lists = root.revocationList([revoked])
            try gateway.gateway.write(
                Manifests.secret("clients", ["ca.crt": root.authority, "ca.crl": lists]), to: "clients.yaml")
            try eventually("the revoked one is refused") { try status(gateway, "passed.test", former) == "400" }
            #expect(try status(gateway, "passed.test", alice) == "200")
            // Without authorities nobody comes in.
            try gateway.gateway.write(Manifests.secret("clients", [:]), to: "clients.yaml")
            try eventually("nobody is let in") { try status(gateway, "passed.test", alice) == "400" }
        }
    }
}
