import Certificates
import PorticoModel
import Testing

@Suite struct DerivedTicketKeyTests {
    private let seed = [UInt8](repeating: 7, count: 32)
    private static let noon: Int64 = 1_800_000_000 / 3_600 * 3_600

    private func keys(at seconds: Int64) -> [[UInt8]] { DerivedTicketKeys.material(seed: seed, at: seconds).keys }

    @Test func `whoever knows the seed has the same keys in the same hour`() {
        let keys = keys(at: Self.noon)
        #expect(keys.allSatisfy { $0.count == TicketKeyMaterial.keyBytes })
        #expect(keys == self.keys(at: Self.noon + 3_599))
        let other = DerivedTicketKeys.material(seed: seed + [1], at: Self.noon).keys
        #expect(Set(keys).isDisjoint(with: other))
        #expect(Set(keys).count == 4 && Set(keys.map { $0.prefix(16) }).count == 4)
    }

    @Test func `a key is known an hour before and two hours after its own`() throws {
        let key = try #require(keys(at: Self.noon).first)
        for (hours, isKnown) in [(-2, false), (-1, true), (0, true), (1, true), (2, true), (3, false)] {
            #expect(keys(at: Self.noon + Int64(hours) * 3_600).contains(key) == isKnown, "after \(hours) hours")
            #expect((keys(at: Self.noon + Int64(hours) * 3_600).first == key) == (hours == 0))
        }
    }
}
