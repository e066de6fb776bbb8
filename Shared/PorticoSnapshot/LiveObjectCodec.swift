internal import CPorticoSnapshot
import PorticoModel

/// The contents of live objects to bytes and back.
package enum LiveObjectCodec {
    package static func encode(_ material: CertificateMaterial) -> [UInt8] {
        let arena = MessageArena()
        let message = arena.make(portico__link__v1__certificate_material__init)
        message.pointee.n_chain = material.chain.count
        message.pointee.chain = arena.list(material.chain) { arena.data($0) }
        message.pointee.key = arena.data(material.key)
        message.pointee.ocsp_response = arena.data(material.ocspResponse)
        return packed(base(message))
    }

    package static func encode(_ material: AuthorityMaterial) -> [UInt8] {
        let arena = MessageArena()
        let message = arena.make(portico__link__v1__authority_material__init)
        message.pointee.n_certificates = material.certificates.count
        message.pointee.certificates = arena.list(material.certificates) { arena.data($0) }
        message.pointee.n_revocation_lists = material.revocationLists.count
        message.pointee.revocation_lists = arena.list(material.revocationLists) { arena.data($0) }
        return packed(base(message))
    }

    package static func encode(_ material: TicketKeyMaterial) -> [UInt8] {
        let arena = MessageArena()
        let message = arena.make(portico__link__v1__ticket_key_material__init)
        message.pointee.n_keys = material.keys.count
        message.pointee.keys = arena.list(material.keys) { arena.data($0) }
        return packed(base(message))
    }

    package static func decodeCertificate(_ content: [UInt8]) throws(SnapshotError) -> CertificateMaterial {
        let arena = MessageArena(decoding: content.count)
        var allocator = arena.allocator
        guard let message = portico__link__v1__certificate_material__unpack(&allocator, content.count, content) else {
            throw .malformed(message: "CertificateMaterial")
        }
        let reader = FieldReader(message: "CertificateMaterial")
        return CertificateMaterial(
            chain: reader.blobs(message.pointee.chain, message.pointee.n_chain),
            key: reader.bytes(message.pointee.key), ocspResponse: reader.bytes(message.pointee.ocsp_response))
    }

    package static func decodeAuthorities(_ content: [UInt8]) throws(SnapshotError) -> AuthorityMaterial {
        let arena = MessageArena(decoding: content.count)
        var allocator = arena.allocator
        guard let message = portico__link__v1__authority_material__unpack(&allocator, content.count, content) else {
            throw .malformed(message: "AuthorityMaterial")
        }
        let reader = FieldReader(message: "AuthorityMaterial")
        return AuthorityMaterial(
            certificates: reader.blobs(message.pointee.certificates, message.pointee.n_certificates),
            revocationLists: reader.blobs(message.pointee.revocation_lists, message.pointee.n_revocation_lists))
    }

    package static func decodeTicketKeys(_ content: [UInt8]) throws(SnapshotError) -> TicketKeyMaterial {
        let arena = MessageArena(decoding: content.count)
        var allocator = arena.allocator
        guard let message = portico__link__v1__ticket_key_material__unpack(&allocator, content.count, content) else {
            throw .malformed(message: "TicketKeyMaterial")
        }
        let reader = FieldReader(message: "TicketKeyMaterial")
        let keys = reader.blobs(message.pointee.keys, message.pointee.n_keys)
        guard keys.allSatisfy({ $0.count == TicketKeyMaterial.keyBytes }) else {
            throw reader.invalid("keys", "(not \(TicketKeyMaterial.keyBytes) bytes)")
        }
        return TicketKeyMaterial(keys: keys)
    }
}

extension FieldReader {
    /// A repeated field of bytes.
    fileprivate func blobs(_ elements: UnsafeMutablePointer<ProtobufCBinaryData>?, _ count: Int) -> [[UInt8]] {
        guard let elements else { return [] }
        return UnsafeBufferPointer(start: elements, count: count).map { bytes($0) }
    }
}
