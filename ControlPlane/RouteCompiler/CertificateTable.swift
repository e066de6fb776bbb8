import Certificates
import ClusterState
import PorticoModel
import PorticoSnapshot

/// The Secrets that TLS needs, read and checked once each.
final class CertificateTable {
    private struct Entry<Value> {
        var data: [String: [UInt8]]
        var outcome: Result<Value, CertificateFault>
    }

    private var certificates: [ObjectName: Entry<CheckedCertificate>] = [:]
    /// OCSP responses, by the certificate that they are about.
    private var responses: [[UInt8]: [UInt8]] = [:]
    private var authorities: [ObjectName: Entry<AuthorityMaterial>] = [:]

    /// The certificate of a Secret, whatever its type, or why there is none. Its validity in time is another question.
    func certificate(_ name: ObjectName, _ state: ClusterState) -> Result<CheckedCertificate, CertificateFault> {
        guard let secret = state.secrets[name] else {
            certificates[name] = nil
            return .failure(CertificateFault("there is no Secret \(name)"))
        }
        if let known = certificates[name], known.data == secret.data { return known.outcome }
        let outcome = Result { () throws(CertificateFault) in
            guard let chain = secret.data["tls.crt"], let key = secret.data["tls.key"] else {
                throw CertificateFault("Secret \(name) has no tls.crt and tls.key")
            }
            do throws(CertificateFault) { return try CheckedCertificate(chain: chain, key: key) } catch {
                throw CertificateFault("Secret \(name): \(error)")
            }
        }
        certificates[name] = Entry(data: secret.data, outcome: outcome)
        return outcome
    }

    /// The authorities of a Secret, under `ca.crt`, with the revocation lists under `ca.crl`.
    func authorities(_ name: ObjectName, _ state: ClusterState) -> Result<AuthorityMaterial, CertificateFault> {
        guard let secret = state.secrets[name] else {
            authorities[name] = nil
            return .failure(CertificateFault("there is no Secret \(name)"))
        }
        if let known = authorities[name], known.data == secret.data { return known.outcome }
        let outcome = Result { () throws(CertificateFault) in
            guard let certificates = secret.data["ca.crt"] else {
                throw CertificateFault("Secret \(name) has no ca.crt")
            }
            do throws(CertificateFault) {
                return try AuthorityReader.read(certificates: certificates, revocationLists: secret.data["ca.crl"])
            } catch {
                throw CertificateFault("Secret \(name): \(error)")
            }
        }
        authorities[name] = Entry(data: secret.data, outcome: outcome)
        return outcome
    }

    /// What the workers get under a name at this time; nil where there is nothing of use.
    func content(of name: LiveObjectName, _ state: ClusterState, at seconds: Int64) -> [UInt8]? {
        guard let secret = ObjectName(slashed: name.name) else { return nil }
        switch name.kind {
        case .certificate:
            guard case .success(let checked) = certificate(secret, state), checked.fault(at: seconds) == nil else {
                return nil
            }
            var material = checked.material
            material.ocspResponse = responses[material.chain[0]] ?? []
            return LiveObjectCodec.encode(material)
        case .authorities:
            guard case .success(let material) = authorities(secret, state) else { return nil }
            return LiveObjectCodec.encode(material)
        case .keyExchangeParameters: return state.secrets[secret]?.data["dhparam.pem"]
        default: return nil
        }
    }

    /// Replaces the responses.
    /// - Returns: the Secrets whose certificates have another one now.
    func staple(_ new: [[UInt8]: [UInt8]]) -> [ObjectName] {
        guard new != responses else { return [] }
        let old = responses
        responses = new
        return certificates.compactMap { name, entry in
            guard case .success(let checked) = entry.outcome else { return nil }
            let leaf = checked.material.chain[0]
            return old[leaf] == new[leaf] ? nil : name
        }
    }

    /// The certificates whose use has changed between two times.
    func changed(from start: Int64, to end: Int64) -> [ObjectName] {
        certificates.compactMap { name, entry in
            guard case .success(let checked) = entry.outcome else { return nil }
            return (checked.fault(at: start) == nil) == (checked.fault(at: end) == nil) ? nil : name
        }
    }
}

extension ObjectName {
    /// `namespace/name`.
    init?(slashed text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        self.init(namespace: String(parts[0]), name: String(parts[1]))
    }
}
