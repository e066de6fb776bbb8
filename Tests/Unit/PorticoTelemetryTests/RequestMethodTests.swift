import Logging
import Testing

@testable import PorticoTelemetry

@Suite struct RequestMethodTests {
    @Test(arguments: RequestMethod.names.dropFirst())
    func `A known method keeps its name through a report`(name: String) {
        #expect(RequestMethod.name(at: RequestMethod.index(of: name)) == name)
    }

    @Test(arguments: ["", "BREW", "get", "OTHER"])
    func `What is no known method is counted as other`(name: String) {
        #expect(RequestMethod.index(of: name) == 0)
    }

    @Test func `An index of a later protocol is counted as other`() {
        #expect(RequestMethod.name(at: 4_000) == "OTHER")
    }
}

@Suite struct StandardErrorLogTests {
    @Test func `A message cannot make a second line or colour a terminal`() {
        let line = StandardErrorLog.singleLine("a\nb\r\u{1b}[31mc\u{7f}")
        #expect(String(decoding: line, as: UTF8.self) == "a b  [31mc ")
    }

    @Test func `The time is UTC with milliseconds`() {
        let time = StandardErrorLog.timestamp()
        #expect(time.utf8.count == 24)
        #expect(time.hasSuffix("Z"))
    }
}
