import Certificates
import Foundation
import KubernetesTestServer
import PorticoModel
import TestSupport
import Testing

@Suite struct OCSPScheduleTests {
    private static let now = Int64(Date().timeIntervalSince1970)
    private let authority = TestCertificates()

    private func material(_ responder: String?, withIssuer: Bool = true) throws -> CertificateMaterial {
        let extensions = responder.map { ["authorityInfoAccess": "OCSP;URI:\($0)"] } ?? [:]
        let pair = authority.server("shop", alternatives: ["DNS:shop.test"], extensions: extensions)
        let chain = pair.certificate + (withIssuer ? authority.authority : [])
        return try CheckedCertificate(chain: chain, key: pair.key).material
    }

    /// What `openssl ocsp` answers.
    private func answer(
        to query: OCSPQuery, of authority: TestCertificates? = nil, status: String = "V\t400101000000Z\t\t"
    ) throws -> [UInt8] {
        let (folder, authority) = (try TemporaryFolder(), authority ?? self.authority)
        func write(_ bytes: [UInt8], _ name: String) throws {
            try Data(bytes).write(to: URL(fileURLWithPath: folder(name)))
        }
        try write(query.leaf, "leaf.der")
        try write(query.request, "request.der")
        try write(authority.authority, "ca.pem")
        try write(authority.authorityKey, "ca.key")
        let serial = try RunningProgram.run(
            "/usr/bin/openssl", ["x509", "-inform", "DER", "-in", folder("leaf.der"), "-noout", "-serial"]
        ).output.trimmingCharacters(in: .whitespacesAndNewlines).replacingOccurrences(of: "serial=", with: "")
        try write(Array("\(status)\(serial)\tunknown\t/CN=shop\n".utf8), "index.txt")
        _ = try RunningProgram.run(
            "/usr/bin/openssl",
            [
                "ocsp", "-index", folder("index.txt"), "-CA", folder("ca.pem"), "-rsigner", folder("ca.pem"), "-rkey",
                folder("ca.key"), "-nmin", "60", "-reqin", folder("request.der"), "-respout", folder("response.der"),
            ])
        return [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder("response.der"))))
    }

    @Test func `only certificates with a responder and their issuer are asked about, once at a time`() throws {
        let good = try material("http://ocsp.test/")
        let alone = try material("http://ocsp.test/", withIssuer: false)
        let others = try [material(nil), alone, material("ldap://ocsp.test")]
        var schedule = OCSPSchedule()
        let queries = schedule.due([good, good] + others, at: Self.now)
        #expect(queries.map(\.url) == ["http://ocsp.test/"])
        #expect(queries.map(\.leaf) == [good.chain[0]])
        let faults = schedule.standing(at: Self.now).faults
        #expect(Array(faults.keys) == [alone.chain[0]] && faults.values.first?.description.contains("issuer") == true)
        #expect(schedule.due([good], at: Self.now + 60).isEmpty)
    }

    @Test func `a good answer is shown until it ends, and asked for again before`() throws {
        let good = try material("http://ocsp.test/")
        var schedule = OCSPSchedule()
        let query = try #require(schedule.due([good], at: Self.now).first)
        let response = try answer(to: query)
        schedule.take(.success(response), to: query, at: Self.now)
        #expect(schedule.standing(at: Self.now).faults.isEmpty)
        #expect(schedule.standing(at: Self.now).responses == [good.chain[0]: response])
        #expect(schedule.due([good], at: Self.now + 1_700).isEmpty)
        #expect(schedule.due([good], at: Self.now + 1_900) == [query])
        schedule.take(.failure(CertificateFault("away")), to: query, at: Self.now + 1_900)
        #expect(schedule.standing(at: Self.now).faults == [good.chain[0]: CertificateFault("away")])
        #expect(schedule.standing(at: Self.now + 3_000).responses == [good.chain[0]: response])
        #expect(schedule.standing(at: Self.now + 3_700).responses.isEmpty)
        // A certificate that is not in use any more is forgotten.
        #expect(schedule.due([], at: Self.now).isEmpty)
        #expect(schedule.standing(at: Self.now).responses.isEmpty)
    }

    @Test func `failures are tried again a little later each time`() throws {
        let good = try material("http://ocsp.test/")
        var schedule = OCSPSchedule()
        var now = Self.now
        for wait: Int64 in [30, 60, 120] {
            let query = try #require(schedule.due([good], at: now).first)
            schedule.take(.failure(CertificateFault("away")), to: query, at: now)
            #expect(schedule.due([good], at: now + wait - 1).isEmpty)
            now += wait
        }
    }

    @Test func `an answer that proves nothing is not shown`() throws {
        let query = try #require(try OCSPQuery.about(material("http://ocsp.test/")))
        func fault(_ response: [UInt8], at seconds: Int64 = Self.now) -> String {
            do throws(CertificateFault) { return "\(try query.read(response, at: seconds))" } catch {
                return error.description
            }
        }
        #expect(fault([1, 2, 3]).contains("no OCSP response"))
        #expect(fault(try answer(to: query, of: TestCertificates(name: "foreign"))).contains("responder"))
        #expect(fault(try answer(to: query, status: "R\t400101000000Z\t200101000000Z\t")).contains("'revoked'"))
        let other = try #require(try OCSPQuery.about(material("http://ocsp.test/")))
        #expect(fault(try answer(to: other)).contains("another certificate"))
    }
    @Test func `a certificate that is revoked shows what was good before no longer`() throws {
        let good = try material("http://ocsp.test/")
        var schedule = OCSPSchedule()
        let query = try #require(schedule.due([good], at: Self.now).first)
        schedule.take(.success(try answer(to: query)), to: query, at: Self.now)
        _ = schedule.due([good], at: Self.now + 1_900)
        let revoked = try answer(to: query, status: "R\t400101000000Z\t200101000000Z\t")
        schedule.take(.success(revoked), to: query, at: Self.now + 1_900)
        #expect(schedule.standing(at: Self.now + 1_900).responses.isEmpty)
    }
}
