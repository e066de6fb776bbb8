/// The users of one htpasswd file, as live state brings it. Immutable.
package final class PasswordFile: Sendable {
    /// Users beyond this number are left out.
    package static let maximumUsers = 100_000

    private let hashes: [[UInt8]: [UInt8]]

    /// Reads lines `user:hash`, and `user:realm:hash` for digest authentication; comments and what is no line are left out. Of
    /// repeated users the first counts, as with nginx.
    package init(_ content: [UInt8]) {
        var hashes: [[UInt8]: [UInt8]] = [:]
        for line in content.split(whereSeparator: { $0 == 10 || $0 == 13 }) where line.first != UInt8(ascii: "#") {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex else { continue }
            let user = Array(line[..<colon])
            // A comment may follow the hash behind one more colon.
            let rest = Array(line[(colon + 1)...])
            guard hashes[user] == nil, hashes.count < Self.maximumUsers, !rest.isEmpty else { continue }
            hashes[user] = rest
        }
        self.hashes = hashes
    }

    package var userCount: Int { hashes.count }

    /// The hash for basic authentication.
    package func hash(of user: [UInt8]) -> [UInt8]? {
        hashes[user].map { Array($0.prefix { $0 != UInt8(ascii: ":") }) }
    }

    /// `HA1` of RFC 7616 for the user in `realm`: the hexadecimal MD5 of user, realm and password.
    package func digestSecret(of user: [UInt8], realm: [UInt8]) -> [UInt8]? {
        guard let rest = hashes[user], let colon = rest.lastIndex(of: UInt8(ascii: ":")) else { return nil }
        guard Array(rest[..<colon]) == realm, rest.count - colon - 1 == 32 else { return nil }
        return rest[(colon + 1)...].map { $0 >= 0x41 && $0 <= 0x46 ? $0 | 0x20 : $0 }
    }
}
