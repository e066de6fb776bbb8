/// Passwords that were found right, by a keyed digest of user, password and hash: neither can be read from it, and a changed
/// hash is another entry. Bounded; the oldest half is forgotten when it is full.
package struct PasswordCache {
    private let key: [UInt8]
    private let capacity: Int
    private var recent: Set<[UInt8]> = []
    private var older: Set<[UInt8]> = []

    package init(capacity: Int = 4_096) {
        var generator = SystemRandomNumberGenerator()
        key = (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
        self.capacity = capacity
    }

    package func entry(user: [UInt8], password: [UInt8], hash: [UInt8]) -> [UInt8] {
        // Each part is digested first, so that no two lists of parts are the same bytes.
        let digest = MessageDigest.sha256
        return digest.hash(key, digest.hash(user), digest.hash(password), digest.hash(hash))
    }

    package mutating func contains(_ entry: [UInt8]) -> Bool {
        if recent.contains(entry) { return true }
        guard older.contains(entry) else { return false }
        insert(entry)
        return true
    }

    package mutating func insert(_ entry: [UInt8]) {
        if recent.count >= capacity / 2 {
            older = recent
            recent = []
        }
        recent.insert(entry)
    }
}
