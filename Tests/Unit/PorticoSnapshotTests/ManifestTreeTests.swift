import PorticoModel
import PorticoSnapshot
import Testing

@Suite struct ManifestTreeTests {
    private func reference(_ name: Int, content: Int = 0) -> SectionReference {
        SectionReference(
            name: SectionName(kind: name % 2 == 0 ? .virtualHost : .upstream, name: "host-\(name)"),
            digest: .sha256(of: Array("\(name) \(content)".utf8)))
    }

    private func tree(_ names: some Sequence<Int>) -> ManifestTree {
        ManifestTree(sections: names.map { reference($0) })
    }

    @Test func `The root does not depend on the order of changes`() {
        var other = ManifestTree()
        for name in (0..<500).reversed() { other.set(reference(name, content: 1)) }
        for name in 500..<600 { other.set(reference(name)) }
        for name in 0..<500 { other.set(reference(name)) }
        for name in 500..<600 { other.remove(reference(name).name) }
        #expect(other.rootDigest == tree(0..<500).rootDigest)
        #expect(other.count == 500)
    }

    @Test func `A copy keeps its content when the original changes`() {
        var original = tree(0..<10)
        let copy = original
        let before = copy.rootDigest
        original.set(reference(3, content: 1))
        original.remove(reference(4).name)
        #expect(copy.rootDigest == before)
        #expect(original.rootDigest != before)
        #expect(copy.lookup(reference(4).name) == reference(4).digest)
        #expect(original.lookup(reference(4).name) == nil)
    }

    @Test func `Of two sections with one name the last one counts`() {
        let twice = ManifestTree(sections: [reference(1), reference(1, content: 1), reference(1, content: 2)])
        #expect(twice.count == 1)
        #expect(twice.lookup(reference(1).name) == reference(1, content: 2).digest)
    }

    @Test func `A difference names what was added, changed and removed, and nothing else`() {
        let old = tree(0..<1000)
        var new = old
        new.set(reference(1000))
        new.set(reference(7, content: 1))
        new.remove(reference(9).name)
        let difference = new.difference(from: old)
        #expect(difference.added == [reference(1000)])
        #expect(difference.changed == [reference(7, content: 1)])
        #expect(difference.removed == [reference(9).name])
        #expect(difference.changedGroups.count <= 3)
        #expect(old.difference(from: old).isEmpty)
        #expect(old.difference(from: ManifestTree()).added.count == 1000)
    }

    @Test(arguments: [0, 1, 1000])
    func `A tree reads back from its root and groups`(count: Int) throws {
        let tree = tree(0..<count)
        var groups: [Digest: [UInt8]] = [:]
        for index in 0..<ManifestTree.groupCount {
            if let digest = tree.groupDigest(index) { groups[digest] = tree.groupBytes(index) }
        }
        let decoded = try ManifestTree.decode(root: tree.rootBytes) { groups[$0] }
        #expect(decoded == tree)
        #expect(Set(decoded.sections) == Set(tree.sections))
    }

    @Test func `A missing group is an error`() {
        #expect(throws: SnapshotError.self) { try ManifestTree.decode(root: tree(0..<3).rootBytes) { _ in nil } }
    }

    @Test func `A group in another group's place is an error`() throws {
        let tree = tree(0..<3)
        let digests = try ManifestTree.decodeRoot(tree.rootBytes)
        let index = try #require(digests.firstIndex { $0 != nil })
        var wrong: [Digest?] = Array(repeating: nil, count: ManifestTree.groupCount)
        wrong[(index + 1) % ManifestTree.groupCount] = digests[index]
        #expect(throws: SnapshotError.self) {
            try ManifestTree().applying(root: wrong) { (_) throws(SnapshotError) in
                try ManifestTree.decodeGroup(tree.groupBytes(index))
            }
        }
    }

    @Test(arguments: [[], [0x0a, 0x00], [0x0a, 0x02, 0x08, 0x09], [0xff]] as [[UInt8]])
    func `A group must be well-formed and not empty`(bytes: [UInt8]) {
        #expect(throws: SnapshotError.self) { try ManifestTree.decodeGroup(bytes) }
    }

    @Test(arguments: [[], [0x0a, 0x01, 0x00], [0xff]] as [[UInt8]])
    func `A root must name 256 groups`(bytes: [UInt8]) {
        #expect(throws: SnapshotError.self) { try ManifestTree.decodeRoot(bytes) }
    }

    @Test func `Twenty thousand sections encode, hash and build one tree`() {
        let tree = ManifestTree(
            sections: (0..<20_000).map { number in
                var host = SectionCodecTests.host
                host.host = "host-\(number).example.com"
                let section = Section.virtualHost(host)
                return SectionReference(name: section.name, digest: .sha256(of: SectionCodec.encode(section)))
            })
        #expect(tree.count == 20_000)
        #expect(tree.sections.reduce(0) { count, _ in count + 1 } == 20_000)
        #expect(tree.rootDigest == Digest.sha256(of: tree.rootBytes))
    }
}
