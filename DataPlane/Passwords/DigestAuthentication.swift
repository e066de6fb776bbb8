/// Digest authentication with MD5 and `qop=auth` (RFC 7616), as `auth-type: digest` asks for it. Pure: time comes from outside.
///
/// A nonce is a time, a number that no other has, and a keyed digest of both, so that nothing is kept for nonces that nobody
/// uses. Counts of used nonces are kept, bounded, so that no answer is taken twice.
package struct DigestAuthentication {
    package enum Verdict: Equatable {
        case accepted(user: [UInt8])
        case refused
        /// Right but for the nonce's age: the client may answer again with a new nonce and without asking the user.
        case stale
    }

    package static let nonceSeconds: UInt64 = 300
    private static let maximumNonces = 8_192

    private let key: [UInt8]
    private var serial = UInt64.random(in: 0 ... .max)
    private var used: [[UInt8]: UInt32] = [:]
    private var usedBefore: [[UInt8]: UInt32] = [:]

    /// - Parameter key: shared by the workers of a node, so that a client may come back to another one.
    package init(key: [UInt8]) {
        self.key = key
    }

    /// Each client gets one of its own, however many come in a second.
    package mutating func nonce(at seconds: UInt64) -> [UInt8] {
        serial &+= 1
        let head = Array("\(String(seconds, radix: 16))-\(String(serial, radix: 16))-".utf8)
        return head + seal(head)
    }

    private func seal(_ head: [UInt8]) -> [UInt8] { Array(MessageDigest.sha256.hexadecimal(key, head).prefix(32)) }

    /// The value of a WWW-Authenticate field.
    package mutating func challenge(realm: [UInt8], isStale: Bool, at seconds: UInt64) -> [UInt8] {
        let realm = realm.filter { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") && $0 >= 0x20 }
        var text = Array("Digest algorithm=\"MD5\", qop=\"auth\", realm=\"".utf8) + realm
        text += Array("\", nonce=\"".utf8) + nonce(at: seconds) + [UInt8(ascii: "\"")]
        if isStale { text += Array(", stale=\"true\"".utf8) }
        return text
    }

    /// Judges the value of an Authorization field.
    package mutating func judge(
        _ value: [UInt8], method: [UInt8], target: [UInt8], realm: [UInt8], users: PasswordFile, at seconds: UInt64
    ) -> Verdict {
        guard let fields = DigestFields(value), fields["qop"] == Array("auth".utf8), fields["realm"] == realm,
            fields["algorithm"].map({ $0 == Array("MD5".utf8) }) ?? true, let uri = fields["uri"], uri == target,
            let user = fields["username"], let nonce = fields["nonce"], let response = fields["response"],
            let count = fields["nc"], let number = Self.hexadecimal(count), let cnonce = fields["cnonce"],
            let secret = users.digestSecret(of: user, realm: realm)
        else { return .refused }
        let colon: [UInt8] = [UInt8(ascii: ":")]
        let second = MessageDigest.md5.hexadecimal(method, colon, uri)
        let first = secret + colon + nonce + colon + count + colon + cnonce + colon
        let expected = MessageDigest.md5.hexadecimal(first, Array("auth:".utf8), second)
        guard isEqualInConstantTime(expected, response) else { return .refused }
        guard isFresh(nonce, at: seconds), note(nonce, number) else { return .stale }
        return .accepted(user: user)
    }

    private func isFresh(_ nonce: [UInt8], at seconds: UInt64) -> Bool {
        guard let dash = nonce.firstIndex(of: UInt8(ascii: "-")), dash <= 16,
            let time = UInt64(String(decoding: nonce[..<dash], as: UTF8.self), radix: 16)
        else { return false }
        guard time <= seconds + 1, seconds < time + Self.nonceSeconds else { return false }
        guard let end = nonce.lastIndex(of: UInt8(ascii: "-")), end > dash else { return false }
        return isEqualInConstantTime(seal(Array(nonce[...end])), Array(nonce[(end + 1)...]))
    }

    /// - Returns: false for a count that was used already.
    private mutating func note(_ nonce: [UInt8], _ count: UInt32) -> Bool {
        guard count > (used[nonce] ?? usedBefore[nonce] ?? 0) else { return false }
        if used.count >= Self.maximumNonces { (usedBefore, used) = (used, [:]) }
        used[nonce] = count
        return true
    }

    private static func hexadecimal(_ text: [UInt8]) -> UInt32? {
        text.count == 8 ? UInt32(String(decoding: text, as: UTF8.self), radix: 16) : nil
    }
}

/// The parameters of a `Digest` Authorization field.
struct DigestFields {
    private var fields: [String: [UInt8]] = [:]

    subscript(name: String) -> [UInt8]? { fields[name] }

    /// - Returns: nil for another scheme, or where the value is malformed.
    init?(_ value: [UInt8]) {
        let scheme = Array("digest ".utf8)
        guard value.count > scheme.count, zip(value, scheme).allSatisfy({ $0 | 0x20 == $1 | 0x20 }) else { return nil }
        var rest = value[scheme.count...]
        while true {
            rest = rest.drop { $0 == 0x20 || $0 == UInt8(ascii: ",") || $0 == 9 }
            if rest.isEmpty { return }
            guard let equals = rest.firstIndex(of: UInt8(ascii: "=")), fields.count < 16 else { return nil }
            let name = String(decoding: rest[..<equals].filter { $0 != 0x20 }, as: UTF8.self).lowercased()
            rest = rest[(equals + 1)...].drop { $0 == 0x20 }
            guard let value = Self.value(&rest), fields.updateValue(value, forKey: name) == nil else { return nil }
        }
    }

    private static func value(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        guard rest.first == UInt8(ascii: "\"") else {
            let token = rest.prefix { $0 != UInt8(ascii: ",") && $0 != 0x20 }
            rest = rest[token.endIndex...]
            return token.isEmpty ? nil : Array(token)
        }
        var value: [UInt8] = []
        var index = rest.startIndex + 1
        while index < rest.endIndex {
            var byte = rest[index]
            index += 1
            if byte == UInt8(ascii: "\"") {
                rest = rest[index...]
                return value
            }
            if byte == UInt8(ascii: "\\"), index < rest.endIndex {
                byte = rest[index]
                index += 1
            }
            value.append(byte)
        }
        return nil
    }
}
