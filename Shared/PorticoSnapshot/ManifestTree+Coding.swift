internal import CPorticoSnapshot
import PorticoModel

extension ManifestTree {
    /// The digest of the root's bytes: it identifies the whole content.
    package var rootDigest: Digest {
        root.get { Digest.sha256(of: rootBytes) }
    }

    /// The root's canonical bytes: the digests of the groups.
    package var rootBytes: [UInt8] {
        var digests: [UInt8] = []
        digests.reserveCapacity(ManifestTree.groupCount * Digest.byteCount)
        let none = [UInt8](repeating: 0, count: Digest.byteCount)
        for index in 0..<ManifestTree.groupCount { digests += groupDigest(index)?.bytes ?? none }
        let arena = MessageArena()
        let message = arena.make(portico__snapshot__v1__manifest_root__init)
        message.pointee.groups = arena.data(digests)
        return packed(base(message))
    }

    /// The digest of a group's bytes; nil for a group without sections.
    package func groupDigest(_ index: Int) -> Digest? {
        let group = groups[index]
        return group.references.isEmpty ? nil : group.digest.get { Digest.sha256(of: groupBytes(index)) }
    }

    /// A group's canonical bytes; empty for a group without sections.
    package func groupBytes(_ index: Int) -> [UInt8] {
        let arena = MessageArena()
        let references = groups[index].references
        let message = arena.make(portico__snapshot__v1__manifest_group__init)
        message.pointee.n_sections = references.count
        message.pointee.sections = arena.list(references) {
            let section = arena.make(portico__snapshot__v1__section_reference__init)
            section.pointee.kind = $0.name.kind.rawValue
            section.pointee.name = arena.text($0.name.name)
            section.pointee.digest = arena.data($0.digest)
            return section
        }
        return packed(base(message))
    }

    /// The digests of a root's 256 groups, nil for those without sections.
    package static func decodeRoot(_ bytes: [UInt8]) throws(SnapshotError) -> [Digest?] {
        let arena = MessageArena(decoding: bytes.count)
        var allocator = arena.allocator
        guard let message = portico__snapshot__v1__manifest_root__unpack(&allocator, bytes.count, bytes) else {
            throw .malformed(message: "ManifestRoot")
        }
        let reader = FieldReader(message: "ManifestRoot")
        let digests = reader.bytes(message.pointee.groups)
        guard digests.count == groupCount * Digest.byteCount else {
            throw reader.invalid("groups", "(\(digests.count) bytes)")
        }
        return (0..<groupCount).map { index in
            let digest = digests[index * Digest.byteCount..<(index + 1) * Digest.byteCount]
            return digest.allSatisfy { $0 == 0 } ? nil : Digest(bytes: digest)
        }
    }

    /// The sections of a group's bytes, checked to be sorted and to belong together.
    /// - Returns: the sections and the index of the group.
    package static func decodeGroup(
        _ bytes: [UInt8]
    ) throws(SnapshotError) -> (index: Int, sections: [SectionReference]) {
        let arena = MessageArena(decoding: bytes.count)
        var allocator = arena.allocator
        guard let message = portico__snapshot__v1__manifest_group__unpack(&allocator, bytes.count, bytes) else {
            throw .malformed(message: "ManifestGroup")
        }
        let reader = FieldReader(message: "ManifestGroup")
        let sections = try reader.list(message.pointee.sections, message.pointee.n_sections, "sections", reference)
        guard let first = sections.first else { throw reader.invalid("sections", "(none)") }
        let index = groupIndex(of: first.name)
        for (left, right) in zip(sections, sections.dropFirst()) {
            guard left.name < right.name else { throw .notCanonical(message: "ManifestGroup") }
            guard groupIndex(of: right.name) == index else {
                throw reader.invalid("sections", "\"\(right.name.name)\" of another group")
            }
        }
        return (index, sections)
    }

    private static func reference(
        _ message: Portico__Snapshot__V1__SectionReference
    ) throws(SnapshotError) -> SectionReference {
        let reader = FieldReader(message: "SectionReference")
        guard let kind = SectionKind(rawValue: message.kind) else { throw reader.invalid("kind", "\(message.kind)") }
        return SectionReference(
            name: SectionName(kind: kind, name: try reader.text(message.name, "name")),
            digest: try reader.digest(message.digest, "digest"))
    }

    /// A whole tree from its root and the groups that `group` finds by digest.
    package static func decode(
        root: [UInt8], group: (Digest) -> [UInt8]?
    ) throws(SnapshotError) -> ManifestTree {
        try ManifestTree().applying(root: try decodeRoot(root)) { (digest) throws(SnapshotError) in
            guard let bytes = group(digest) else {
                throw .invalidField(message: "ManifestRoot", field: "groups", found: "missing group \(digest)")
            }
            return try decodeGroup(bytes)
        }
    }

    /// This tree with the groups that a root names in place of its own. Only groups that differ are asked for.
    package func applying(
        root digests: [Digest?],
        group: (Digest) throws(SnapshotError) -> (index: Int, sections: [SectionReference])
    ) throws(SnapshotError) -> ManifestTree {
        var tree = self
        for (index, digest) in digests.enumerated() where groupDigest(index) != digest {
            guard let digest else {
                tree.replaceGroup(index, with: Group())
                continue
            }
            let found = try group(digest)
            guard found.index == index else {
                throw .invalidField(message: "ManifestRoot", field: "groups[\(index)]", found: "group \(found.index)")
            }
            tree.replaceGroup(index, with: Group(references: found.sections, digest: Memo(digest)))
        }
        return tree
    }
}
