import Foundation
import KubernetesTestServer
import ProcessSupervision
import TestSupport
import Testing

extension ProcessTests {
    /// OCSP responses that are fetched from `openssl ocsp` and shown to `openssl s_client`.
    @Suite struct StaplingTests {
        @Test func `the authority's word is fetched and stapled, and that of a revoked certificate is not`() throws {
            let backend = try ScriptedBackend(named: "shop")
            let port = try FreePort.take().port
            let gateway = try TLSGateway(hosts: [], settings: ["enable-ocsp": "true"], backend: backend.address)
            let authority = gateway.certificates
            func pair(_ host: String, port: UInt16 = port) -> TestCertificates.Pair {
                var pair = authority.server(
                    host, alternatives: ["DNS:\(host)"],
                    extensions: ["authorityInfoAccess": "OCSP;URI:http://127.0.0.1:\(port)"])
                pair.certificate += authority.authority
                return pair
            }
            let (good, revoked) = (pair("good.test"), pair("revoked.test"))
            let away = pair("away.test", port: try FreePort.take().port)
            let folder = try TemporaryFolder()
            let lines = try [(good, "V\t{end}\t\t"), (revoked, "R\t{end}\t200101000000Z\t")].map { pair, start in
                try folder.write(String(decoding: pair.certificate, as: UTF8.self), to: "leaf.pem")
                let serial = try RunningProgram.run(
                    "/usr/bin/openssl", ["x509", "-in", folder("leaf.pem"), "-noout", "-serial"]
                ).output.trimmingCharacters(in: .whitespacesAndNewlines).replacingOccurrences(of: "serial=", with: "")
                return start.replacingOccurrences(of: "{end}", with: "400101000000Z") + "\(serial)\tunknown\t/CN=x\n"
            }
            try folder.write(lines.joined(), to: "index.txt")
            try folder.write(String(decoding: authority.authority, as: UTF8.self), to: "ca.pem")
            try folder.write(String(decoding: authority.authorityKey, as: UTF8.self), to: "ca.key")
            let responder = try RunningProgram(
                "/usr/bin/openssl",
                [
                    "ocsp", "-index", folder("index.txt"), "-CA", folder("ca.pem"), "-rsigner", folder("ca.pem"),
                    "-rkey", folder("ca.key"), "-port", "\(port)", "-nmin", "60", "-ignore_err",
                ])
            eventually("the responder listens") { responder.output.contains("waiting for OCSP client") }
            for (name, pair) in [("away", away), ("good", good), ("revoked", revoked)] {
                try gateway.gateway.write(
                    TLSGateway.ingress(name, host: "\(name).test") + TLSGateway.secret(name, pair), to: "\(name).yaml")
            }
            try eventually("the response is stapled") {
                try gateway.handshake("-status", name: "good.test").contains("Cert Status: good")
            }
            eventually("people are told of the revoked one") {
                gateway.gateway.program.output.contains("the responder says 'revoked'")
            }
            eventually("people are told of the responder that is away") {
                gateway.gateway.program.output.contains("Secret default/away")
            }
            for name in ["revoked.test", "away.test"] {
                #expect(try gateway.handshake("-status", name: name).contains("OCSP response: no response sent"))
                #expect(try gateway.commonName(for: name) == name)
            }
            // Whoever does not ask gets none, and the responder is not needed any more.
            _ = responder.poll()
            responder.send(SIGKILL)
            #expect(try !gateway.handshake(name: "good.test").contains("OCSP Response Status"))
            #expect(try gateway.handshake("-status", name: "good.test").contains("Cert Status: good"))
            // A worker that is started again has it from its supervisor.
            let workers = gateway.gateway.workerProcesses
            for worker in workers { kill(worker, SIGKILL) }
            eventually("another worker staples it") {
                gateway.gateway.workerProcesses.allSatisfy { !workers.contains($0) }
                    && (try? gateway.handshake("-status", name: "good.test"))?.contains("Cert Status: good") == true
            }
        }
    }
}
