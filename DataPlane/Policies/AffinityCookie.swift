import HTTPCore
import PorticoModel

/// The session cookie: a key that leads to an endpoint, and a mark of the upstream that it belongs to.
package struct AffinityKey: Equatable, Sendable {
    package var key: UInt64
    /// A hash of the upstream's name: a session with a canary is none with the main upstream.
    package var upstream: UInt32

    package init(key: UInt64, upstream: UInt32) {
        self.key = key
        self.upstream = upstream
    }

    private static let digits = (key: 16, upstream: 8)

    /// Reads what `write` wrote; anything else is no session.
    package init?(_ value: UnsafeRawBufferPointer) {
        guard value.count == Self.digits.key + 1 + Self.digits.upstream, value[Self.digits.key] == UInt8(ascii: "-"),
            let key = Self.hexadecimal(value[..<Self.digits.key]),
            let upstream = Self.hexadecimal(value[(Self.digits.key + 1)...])
        else { return nil }
        self.init(key: key, upstream: UInt32(truncatingIfNeeded: upstream))
    }

    package func write(to writer: inout ByteWriter) {
        writer.append(hexadecimal: key, digits: Self.digits.key)
        writer.append(UInt8(ascii: "-"))
        writer.append(hexadecimal: UInt64(upstream), digits: Self.digits.upstream)
    }

    private static func hexadecimal(_ text: Slice<UnsafeRawBufferPointer>) -> UInt64? {
        var value: UInt64 = 0
        for byte in text {
            let letter = byte &- 0x61
            if byte &- 0x30 < 10 {
                value = value << 4 | UInt64(byte - 0x30)
            } else if letter < 6 {
                value = value << 4 | UInt64(letter + 10)
            } else {
                return nil
            }
        }
        return value
    }
}

/// How the session cookie is set.
package final class AffinityRule {
    package let settings: SessionAffinity
    package let name: [UInt8]
    private let attributes: [UInt8]

    /// - Parameter path: the route's, for where the settings name none; empty takes `/`.
    package init(_ settings: SessionAffinity, path: String) {
        self.settings = settings
        name = Array(settings.cookieName.utf8)
        var text = settings.cookieDomain.isEmpty ? "" : "; Domain=\(settings.cookieDomain)"
        let cookiePath = settings.cookiePath.isEmpty ? path : settings.cookiePath
        text += "; Path=\(cookiePath.isEmpty ? "/" : cookiePath)"
        if settings.maximumAgeSeconds > 0 { text += "; Max-Age=\(settings.maximumAgeSeconds)" }
        attributes = Array(text.utf8)
    }

    /// Writes the value of a Set-Cookie field.
    ///
    /// - Parameters:
    ///   - isSecure: the request came over TLS.
    ///   - agent: the request's User-Agent.
    package func write(
        _ key: AffinityKey, isSecure: Bool, agent: UnsafeRawBufferPointer, epochSeconds: Int,
        to writer: inout ByteWriter
    ) {
        writer.append(name)
        writer.append(UInt8(ascii: "="))
        key.write(to: &writer)
        if settings.expiresSeconds > 0 {
            writer.append("; Expires=")
            HTTPTime(epochSeconds: epochSeconds + Int(min(settings.expiresSeconds, 1 << 33))).writeDate(to: &writer)
        }
        writer.append(attributes)
        let isSecureCookie =
            switch settings.secure {
            case .automatic: isSecure
            case .always: true
            case .never: false
            }
        if isSecureCookie { writer.append("; Secure") }
        writer.append("; HttpOnly")
        switch settings.sameSite {
        case .absent: break
        case .lax: writer.append("; SameSite=Lax")
        case .strict: writer.append("; SameSite=Strict")
        case .none:
            if !settings.omitsSameSiteNone || !SameSiteCompatibility.misreadsNone(agent) {
                writer.append("; SameSite=None")
            }
        }
        if settings.isPartitioned { writer.append("; Partitioned") }
    }
}

/// Browsers that take SameSite=None for Strict, or refuse the cookie: those of iOS 12 and macOS 10.14, and Chrome 51 to 66.
enum SameSiteCompatibility {
    static func misreadsNone(_ agent: UnsafeRawBufferPointer) -> Bool {
        if contains(agent, "iPhone OS 12_") || contains(agent, "iPad; CPU OS 12_") { return true }
        if contains(agent, "OS X 10_14_"), contains(agent, "Version/"), contains(agent, "Safari") { return true }
        guard let start = find(agent, "Chrome/"), start + 2 < agent.count else { return false }
        let (tens, ones) = (agent[start], agent[start + 1])
        guard agent[start + 2] == UInt8(ascii: "."), tens &- 0x30 < 10, ones &- 0x30 < 10 else { return false }
        return (51...66).contains(Int(tens - 0x30) * 10 + Int(ones - 0x30))
    }

    private static func contains(_ text: UnsafeRawBufferPointer, _ wanted: StaticString) -> Bool {
        find(text, wanted) != nil
    }

    /// The offset behind the first occurrence.
    private static func find(_ text: UnsafeRawBufferPointer, _ wanted: StaticString) -> Int? {
        let count = wanted.utf8CodeUnitCount
        guard text.count >= count else { return nil }
        for start in 0...(text.count - count) {
            var index = 0
            while index < count, text[start + index] == wanted.utf8Start[index] { index += 1 }
            if index == count { return start + count }
        }
        return nil
    }
}
