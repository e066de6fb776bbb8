import Testing

@testable import HTTPCore

@Suite struct WriterTests {
    @Test func `Numbers are written in every form`() {
        let result = written { writer in
            for value: UInt64 in [0, 9, 10, 12_345, .max] {
                writer.append(decimal: value)
                writer.append(" ")
            }
            writer.append(decimal: -7)
            writer.append(" ")
            for value: UInt64 in [0, 15, 16, 0xDEAD_BEEF, .max] {
                writer.append(hexadecimal: value)
                writer.append(" ")
            }
            writer.append(hexadecimal: 0xAB, digits: 4)
            writer.append(" ")
            writer.append(decimal: 7, digits: 3)
            writer.append(" ")
            writer.append(secondsFromMilliseconds: 12_034)
        }
        #expect(
            result.text
                == "0 9 10 12345 18446744073709551615 -7 0 f 10 deadbeef ffffffffffffffff 00ab 007 12.034")
    }

    @Test(arguments: [0, 0x9, 0xA, 0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210, UInt64.max])
    func `Sixteen digits at once are the same digits`(value: UInt64) {
        let expected = written { $0.append(hexadecimal: value, digits: 16) }
        #expect(written { $0.append(sixteenHexadecimalDigits: value) }.text == expected.text)
    }

    @Test func `What does not fit is left out whole and remembered`() {
        let result = written(capacity: 8) { writer in
            writer.append("abc")
            writer.append("defghi")
            writer.append("xyz")
        }
        #expect(result.text == "abcxyz")
        #expect(result.overflowed)
        #expect(!written(capacity: 3) { $0.append("abc") }.overflowed)
    }

    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"),
        (1_709_164_799, "Wed, 28 Feb 2024 23:59:59 GMT"), (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"),
        (1_735_689_599, "Tue, 31 Dec 2024 23:59:59 GMT"), (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        (4_107_456_000, "Sun, 28 Feb 2100 00:00:00 GMT"), (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
    ])
    func `Dates are those of the calendar`(seconds: Int, date: String) {
        #expect(written { HTTPTime(epochSeconds: seconds).writeDate(to: &$0) }.text == date)
    }

    @Test func `The cache holds both texts of the latest second`() {
        let cache = HTTPTimeCache()
        cache.update(epochSeconds: 784_111_777)
        #expect(String(decoding: cache.date, as: UTF8.self) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(String(decoding: cache.logTime, as: UTF8.self) == "06/Nov/1994:08:49:37 +0000")
    }

    @Test(arguments: [400, 404, 413, 414, 431, 500, 502, 503, 504, 505, 599])
    func `An error answer is a complete response`(status: Int) throws {
        let date = Array("Sun, 06 Nov 1994 08:49:37 GMT".utf8)
        for (closes, omitsBody) in [(true, false), (false, true)] {
            let answer = date.withUnsafeBytes { date in
                written(capacity: ErrorAnswer.maximumByteCount) {
                    ErrorAnswer.write(status: status, date: date, closes: closes, omitsBody: omitsBody, to: &$0)
                }
            }
            #expect(!answer.overflowed)
            let parsed = ResponseHead.parse(answer.text)
            guard case .complete(let byteCount) = parsed.outcome, case .length(let length) = parsed.framing else {
                Issue.record("not a response: \(answer.text)")
                continue
            }
            #expect(parsed.status == status)
            #expect(parsed.keepAlive == !closes)
            #expect(answer.text.utf8.count == byteCount + (omitsBody ? 0 : Int(length)))
        }
    }

    @Test(arguments: [
        ("Shop.Example.COM", "shop.example.com"), ("a.", "a"), (".", "."), ("[2001:DB8::1]", "[2001:db8::1]"), ("", ""),
    ])
    func `Hosts are compared in lower case and without a trailing dot`(host: String, expected: String) {
        let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 32, alignment: 1)
        defer { output.deallocate() }
        let count = Array(host.utf8).withUnsafeBytes { HostName.normalise($0, into: output) }
        #expect(count.map { String(decoding: output[..<$0], as: UTF8.self) } == expected)
        #expect(Array(repeating: UInt8(97), count: 33).withUnsafeBytes { HostName.normalise($0, into: output) } == nil)
    }
}
