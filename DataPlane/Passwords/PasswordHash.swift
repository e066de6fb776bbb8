import CCrypt

/// Checking passwords against the hashes of an htpasswd file, in the forms that nginx knows.
///
/// This takes time on purpose: never on a loop's thread.
package enum PasswordHash {
    /// Hashes longer than this are no hashes.
    package static let maximumHashCount = 256
    /// Longer passwords cost hashing time that no honest user needs.
    package static let maximumPasswordCount = 1_024

    /// Whether `password` belongs to `hash`: `$apr1$`, `{SHA}`, `{SSHA}`, `{PLAIN}`, and what the system's crypt knows
    /// (bcrypt, SHA-crypt, MD5-crypt, yescrypt, DES).
    package static func verify(_ password: [UInt8], against hash: [UInt8]) -> Bool {
        guard !hash.isEmpty, hash.count <= maximumHashCount, password.count <= maximumPasswordCount else {
            return false
        }
        if let salt = APR1.salt(of: hash) { return isEqualInConstantTime(APR1.hash(password, salt: salt), hash) }
        if let rest = rest(of: hash, behind: "{SHA}") {
            guard let digest = Base64.decode(rest), digest.count == 20 else { return false }
            return isEqualInConstantTime(MessageDigest.sha1.hash(password), digest)
        }
        if let rest = rest(of: hash, behind: "{SSHA}") {
            guard let digest = Base64.decode(rest), digest.count >= 20 else { return false }
            let computed = MessageDigest.sha1.hash(password, Array(digest[20...]))
            return isEqualInConstantTime(computed, Array(digest[..<20]))
        }
        if let rest = rest(of: hash, behind: "{PLAIN}") { return isEqualInConstantTime(password, rest) }
        return crypt(password, hash)
    }

    private static func rest(of hash: [UInt8], behind prefix: String) -> [UInt8]? {
        hash.starts(with: prefix.utf8) ? Array(hash[prefix.utf8.count...]) : nil
    }

    private static func crypt(_ password: [UInt8], _ hash: [UInt8]) -> Bool {
        // C ends the password at a zero byte, so a longer one would pass for its beginning.
        guard !password.contains(0), !hash.contains(0) else { return false }
        let secret = (password + [0]).map { CChar(bitPattern: $0) }
        let setting = (hash + [0]).map { CChar(bitPattern: $0) }
        var output = [CChar](repeating: 0, count: maximumHashCount + 2)
        guard portico_crypt(secret, setting, &output, output.count) == 1 else { return false }
        return isEqualInConstantTime(output.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, hash)
    }
}
