import PorticoModel
import Testing

@Suite struct VersionTests {
    @Test(arguments: ["0.0", "1.1", "7.18446744073709551615"])
    func `A version reads back what it writes`(text: String) {
        #expect(Version(text)?.description == text)
    }

    @Test(arguments: ["", "1", "1.", ".1", "1.2.3", "-1.2", "a.b", "1.18446744073709551616"])
    func `Anything else is no version`(text: String) {
        #expect(Version(text) == nil)
    }

    @Test func `A higher epoch wins over any sequence`() {
        #expect(Version(epoch: 1, sequence: 900) < Version(epoch: 2, sequence: 1))
        #expect(Version(epoch: 2, sequence: 1) < Version(epoch: 2, sequence: 2))
    }
}
