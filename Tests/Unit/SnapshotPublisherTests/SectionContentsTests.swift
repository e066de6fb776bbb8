import PorticoModel
import PorticoSnapshot
import Testing

@testable import SnapshotPublisher

@Suite struct SectionContentsTests {
    private let contents = SectionContents()
    private let digest = Digest.sha256(of: [1])

    init() { contents.insert(digest, [1]) }

    @Test func `Retired content goes when nobody holds a lease`() {
        contents.retire([digest])
        #expect(contents.count == 0)
    }

    @Test func `A lease keeps what was there when it was taken`() {
        var lease: SectionContents.Lease? = contents.lease()
        contents.retire([digest])
        #expect(lease?.content(of: digest) == [1])
        lease = nil
        #expect(contents.count == 0)
    }

    @Test func `A later lease keeps nothing of the past`() {
        var first: SectionContents.Lease? = contents.lease()
        contents.retire([digest])
        let second = contents.lease()
        #expect(first != nil)
        first = nil
        #expect(second.content(of: digest) == nil)
    }

    @Test func `Content that comes back in time stays`() {
        let lease = contents.lease()
        contents.retire([digest])
        #expect(contents.revive(digest))
        withExtendedLifetime(lease) {}
        contents.retire([])
        #expect(contents[digest] == [1])
    }
}
