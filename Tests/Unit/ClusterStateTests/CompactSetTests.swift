import ClusterState
import Testing

@Suite struct CompactSetTests {
    @Test func `It holds what a set would after any sequence of changes`() {
        var random = SystemRandomNumberGenerator()
        var (compact, plain) = (CompactSet<Int>(), Set<Int>())
        for _ in 0..<500 {
            let member = Int.random(in: 0..<4, using: &random)
            if Bool.random(using: &random) {
                compact.insert(member)
                plain.insert(member)
            } else {
                compact.remove(member)
                plain.remove(member)
            }
            #expect(Set(compact) == plain)
            #expect(compact.count == plain.count && compact.isEmpty == plain.isEmpty)
            #expect((0..<4).allSatisfy { compact.contains($0) == plain.contains($0) })
        }
    }
}
