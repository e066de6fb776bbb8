import IngressAnnotations
import PorticoModel
import Testing

@Suite struct ValueParserTests {
    @Test(arguments: [
        ("0", 0), ("1", 1), ("8k", 8192), ("8K", 8192), ("1m", 1 << 20), ("2G", 2 << 30), ("7b", 7), (" 1m ", 1 << 20),
    ])
    func `Sizes are read as nginx reads them`(text: String, bytes: UInt64) throws {
        #expect(try ValueParser.size(text) == bytes)
    }

    @Test(arguments: ["", "m", "1mb", "1.5m", "-1", "1 m", "99999999999999999999", "18446744073709551615k"])
    func `What is no size is refused`(text: String) {
        #expect(throws: ValueFault.self) { try ValueParser.size(text) }
    }

    @Test(arguments: [
        ("5", 5_000), ("5s", 5_000), ("500ms", 500), ("1h", 3_600_000), ("1m30s", 90_000), ("1m 30s", 90_000), ("0", 0),
    ])
    func `Times are read as nginx reads them`(text: String, milliseconds: UInt32) throws {
        #expect(try ValueParser.time(text) == milliseconds)
    }

    @Test(arguments: ["", "s", "1x", "1s1m", "1s1s", "-1s", "1.5s", "forever", "5000000000"])
    func `What is no time is refused`(text: String) {
        #expect(throws: ValueFault.self) { try ValueParser.time(text) }
    }

    @Test(arguments: ["1", "t", "T", "true", "True", "TRUE", " true "])
    func `Truth has several spellings`(text: String) throws {
        #expect(try ValueParser.bool(text))
    }

    @Test(arguments: ["", "yes", "on", "tRUE", "2"])
    func `Other words are no truth`(text: String) {
        #expect(throws: ValueFault.self) { try ValueParser.bool(text) }
    }

    @Test(
        arguments: [
            ("error timeout", [.error, .timeout]), ("off", []), ("error off", []),
            ("http_502  http_429\tnon_idempotent", [.http502, .http429, .nonIdempotent]),
        ] as [(String, RetryConditions)])
    func `Retry conditions are read`(text: String, conditions: RetryConditions) throws {
        #expect(try ValueParser.retryConditions(text) == conditions)
    }

    @Test(arguments: ["", " ", "errors", "error,timeout", "http_404s"])
    func `Unknown retry conditions are refused`(text: String) {
        #expect(throws: ValueFault.self) { try ValueParser.retryConditions(text) }
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.0.0.0/8"), (" 192.0.2.1", "192.0.2.1/32"), ("fd00::/8", "fd00::/8"), ("::1", "::1/128"),
    ])
    func `Address blocks are read`(text: String, block: String) throws {
        #expect(try ValueParser.addressBlock(text) == block)
    }

    @Test(arguments: ["", "10.0.0.0/33", "10.0.0/8", "fd00::/129", "10.0.0.0/8/8", "example.com", "10.0.0.0/-1"])
    func `What is no address block is refused`(text: String) {
        #expect(throws: ValueFault.self) { try ValueParser.addressBlock(text) }
    }
}
