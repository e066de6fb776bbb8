import ClusterState
import PorticoModel

/// Why a value cannot be taken.
package struct ValueFault: Error, Hashable {
    package var reason: String
    /// What happens instead.
    package var consequence: String

    package init(_ reason: String, consequence: String = "the default stays in force") {
        self.reason = reason
        self.consequence = consequence
    }
}

/// The types of value that annotations and ConfigMap keys have. White space around a value is no part of it.
package enum ValueParser {
    /// `true` or `false`, in the spellings that Go's parser takes.
    package static func bool(_ text: String) throws(ValueFault) -> Bool {
        switch trim(text) {
        case "1", "t", "T", "true", "TRUE", "True": return true
        case "0", "f", "F", "false", "FALSE", "False": return false
        default: throw ValueFault("must be true or false, not '\(text)'")
        }
    }

    /// `on` or `off`.
    package static func onOff(_ text: String) throws(ValueFault) -> Bool {
        switch trim(text) {
        case "on": return true
        case "off": return false
        default: throw ValueFault("must be on or off, not '\(text)'")
        }
    }

    package static func count(_ text: String, atLeast minimum: UInt32 = 0) throws(ValueFault) -> UInt32 {
        guard let number = UInt32(trim(text)), number >= minimum else {
            throw ValueFault("must be a whole number of at least \(minimum), not '\(text)'")
        }
        return number
    }

    /// Whole seconds without a unit. The result is in milliseconds.
    package static func seconds(_ text: String, atLeast minimum: UInt32) throws(ValueFault) -> UInt32 {
        guard let number = UInt32(trim(text)), number >= minimum, number <= UInt32.max / 1_000 else {
            throw ValueFault("must be a whole number of seconds of at least \(minimum), without a unit, not '\(text)'")
        }
        return number * 1_000
    }

    /// nginx's sizes: digits and at most one of `k`, `m`, `g` or `b`. The result is in bytes.
    package static func size(_ text: String) throws(ValueFault) -> UInt64 {
        let trimmed = trim(text).lowercased()
        let digits = trimmed.prefix { $0.isASCII && $0.isNumber }
        let shift: UInt64? =
            switch trimmed.dropFirst(digits.count) {
            case "", "b": 0
            case "k": 10
            case "m": 20
            case "g": 30
            default: nil
            }
        guard let number = UInt64(digits), let shift, number <= UInt64.max >> shift else {
            throw ValueFault("must be a size as 8k, 1m or 0, not '\(text)'")
        }
        return number << shift
    }

    /// A size that fits 32 bits, as that of a buffer.
    package static func bufferSize(_ text: String) throws(ValueFault) -> UInt32 {
        guard let bytes = UInt32(exactly: try size(text)), bytes > 0 else {
            throw ValueFault("must be a size of at least one byte and less than 4g, not '\(text)'")
        }
        return bytes
    }

    /// nginx's times: numbers with `ms`, `s`, `m`, `h` or `d`, in falling order, or plain seconds. In milliseconds.
    package static func time(_ text: String) throws(ValueFault) -> UInt32 {
        let fault = ValueFault("must be a time as 5s, 1m30s or 1h, not '\(text)'")
        var rest = Substring(trim(text))
        var total: UInt64 = 0
        var smallest = UInt64.max
        guard !rest.isEmpty else { throw fault }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count).drop { $0 == " " }
            guard let number = UInt32(digits), let factor = factors[String(unit)], factor < smallest else {
                throw fault
            }
            smallest = factor
            total += UInt64(number) * factor
        }
        guard let milliseconds = UInt32(exactly: total) else { throw fault }
        return milliseconds
    }

    private static let factors: [String: UInt64] = [
        "ms": 1, "": 1_000, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000,
    ]

    /// The conditions of `proxy_next_upstream`; `off` among them turns all of them off.
    package static func retryConditions(_ text: String) throws(ValueFault) -> RetryConditions {
        let words = text.split { $0.isWhitespace }
        guard !words.isEmpty else { throw ValueFault("must be a list of conditions, as 'error timeout', or off") }
        var conditions: RetryConditions = []
        for word in words where word != "off" {
            guard let condition = conditionNames[String(word)] else {
                throw ValueFault("'\(word)' is no condition; there are \(conditionNames.keys.sorted()) and off")
            }
            conditions.insert(condition)
        }
        return words.contains("off") ? [] : conditions
    }

    private static let conditionNames: [String: RetryConditions] = [
        "error": .error, "timeout": .timeout, "invalid_header": .invalidHeader, "http_500": .http500,
        "http_502": .http502, "http_503": .http503, "http_504": .http504, "http_403": .http403,
        "http_404": .http404, "http_429": .http429, "non_idempotent": .nonIdempotent,
    ]

    /// One CIDR block, or a plain address as the block of its own.
    package static func addressBlock(_ text: String) throws(ValueFault) -> String {
        let trimmed = trim(text)
        let parts = trimmed.split(separator: "/", omittingEmptySubsequences: false)
        guard let address = IPAddress(String(parts[0])), parts.count <= 2 else {
            throw ValueFault("'\(trimmed)' is no CIDR block")
        }
        let width = address.bytes.count * 8
        guard parts.count == 2 else { return "\(trimmed)/\(width)" }
        guard let prefix = UInt8(parts[1]), Int(prefix) <= width else {
            throw ValueFault("'\(trimmed)' is no CIDR block")
        }
        return trimmed
    }

    /// The name of a header (RFC 9110 §5.6.2 token).
    package static func headerName(_ text: String) throws(ValueFault) -> String {
        let name = trim(text)
        let symbols = Set("!#$%&'*+-.^_`|~".utf8)
        let fits = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "a")...UInt8(ascii: "z"):
                true
            default: symbols.contains(byte)
            }
        }
        guard fits, !name.isEmpty else { throw ValueFault("must be the name of a header, not '\(text)'") }
        return name
    }

    package static func absolutePath(_ text: String) throws(ValueFault) -> String {
        let path = trim(text)
        guard path.hasPrefix("/"), !path.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw ValueFault("must be an absolute path, not '\(text)'")
        }
        return path
    }

    package static func trim(_ text: String) -> String {
        guard let first = text.first, let last = text.last, first.isWhitespace || last.isWhitespace else { return text }
        let head = text.drop(while: \.isWhitespace)
        return String(head.reversed().drop(while: \.isWhitespace).reversed())
    }
}
