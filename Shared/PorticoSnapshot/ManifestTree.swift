import PorticoModel
import Synchronization

/// A section's name and the digest of its bytes: one line of a manifest.
package struct SectionReference: Hashable, Sendable {
    package var name: SectionName
    package var digest: Digest

    package init(name: SectionName, digest: Digest) {
        self.name = name
        self.digest = digest
    }
}

/// A manifest: the sections of one snapshot, by name.
///
/// The sections lie in 256 groups by the first byte of the SHA-256 of their names. A group has a digest, and the root is
/// the list of the groups' digests, so a change of one section changes one group and the root, however many there are.
/// A copy costs little and shares the groups; digests are computed when first asked for and then kept.
package struct ManifestTree: Sendable {
    package static let groupCount = 256

    /// Computed once, on demand, by whichever thread asks first.
    final class Memo<Value: Sendable>: Sendable {
        private let value = Mutex<Value?>(nil)

        init(_ known: Value? = nil) {
            if let known { value.withLock { $0 = known } }
        }

        func get(_ compute: () -> Value) -> Value {
            value.withLock { value in
                if let value { return value }
                let computed = compute()
                value = computed
                return computed
            }
        }
    }

    struct Group: Sendable {
        /// Sorted by name.
        var references: [SectionReference] = []
        var digest = Memo<Digest>()
    }

    var groups: [Group]
    var root = Memo<Digest>()
    package private(set) var count = 0

    package init() {
        let empty = Group()
        groups = Array(repeating: empty, count: ManifestTree.groupCount)
    }

    /// A tree of these sections. Where a name comes twice, the last one counts.
    package init(sections: some Sequence<SectionReference>) {
        var buckets: [[SectionReference]] = Array(repeating: [], count: ManifestTree.groupCount)
        for reference in sections { buckets[ManifestTree.groupIndex(of: reference.name)].append(reference) }
        self.init()
        for (index, bucket) in buckets.enumerated() where !bucket.isEmpty {
            // The sort is stable, so of equal names the last one stays last.
            var sorted = bucket.sorted { $0.name < $1.name }
            for position in stride(from: sorted.count - 2, through: 0, by: -1)
            where sorted[position].name == sorted[position + 1].name {
                sorted.remove(at: position)
            }
            replaceGroup(index, with: Group(references: sorted))
        }
    }

    /// The group that holds the sections of this name.
    package static func groupIndex(of name: SectionName) -> Int {
        var text = name.name
        return text.withUTF8 { utf8 in
            withUnsafeTemporaryAllocation(byteCount: 4 + utf8.count, alignment: 4) { bytes in
                bytes.storeBytes(of: name.kind.rawValue.bigEndian, as: UInt32.self)
                if utf8.count > 0 { UnsafeMutableRawBufferPointer(rebasing: bytes[4...]).copyMemory(from: .init(utf8)) }
                let digest = Digest.sha256(of: UnsafeRawBufferPointer(bytes))
                return Int(digest.bytes[0])
            }
        }
    }

    /// The position of the name in a sorted group, or where it would be.
    private static func position(of name: SectionName, in references: [SectionReference]) -> Int {
        var (low, high) = (0, references.count)
        while low < high {
            let middle = (low + high) / 2
            if references[middle].name < name { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Adds a section or gives it new content.
    package mutating func set(_ reference: SectionReference) {
        let index = ManifestTree.groupIndex(of: reference.name)
        let position = ManifestTree.position(of: reference.name, in: groups[index].references)
        let exists =
            position < groups[index].references.count && groups[index].references[position].name == reference.name
        if exists {
            if groups[index].references[position].digest == reference.digest { return }
            groups[index].references[position] = reference
        } else {
            groups[index].references.insert(reference, at: position)
            count += 1
        }
        groups[index].digest = Memo()
        root = Memo()
    }

    /// Removes the section of this name, if there is one.
    package mutating func remove(_ name: SectionName) {
        let index = ManifestTree.groupIndex(of: name)
        let position = ManifestTree.position(of: name, in: groups[index].references)
        guard position < groups[index].references.count, groups[index].references[position].name == name else { return }
        groups[index].references.remove(at: position)
        groups[index].digest = Memo()
        root = Memo()
        count -= 1
    }

    package func lookup(_ name: SectionName) -> Digest? {
        let references = groups[ManifestTree.groupIndex(of: name)].references
        let position = ManifestTree.position(of: name, in: references)
        guard position < references.count, references[position].name == name else { return nil }
        return references[position].digest
    }

    /// All sections, group by group; the order is the same for equal trees.
    package var sections: some Sequence<SectionReference> & Sendable {
        groups.lazy.map(\.references).joined()
    }

    /// The sections of one group, sorted by name.
    package func sections(inGroup index: Int) -> [SectionReference] { groups[index].references }

    mutating func replaceGroup(_ index: Int, with group: Group) {
        count += group.references.count - groups[index].references.count
        groups[index] = group
        root = Memo()
    }
}

extension ManifestTree: Equatable {
    /// Two trees with one root digest hold the same sections.
    package static func == (left: ManifestTree, right: ManifestTree) -> Bool {
        left.count == right.count && left.rootDigest == right.rootDigest
    }
}
