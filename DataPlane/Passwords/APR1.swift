/// Apache's variant of MD5-crypt, which the system's crypt does not know.
enum APR1 {
    private static let prefix = Array("$apr1$".utf8)
    private static let alphabet = Array("./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
    private static let rounds = 1_000

    /// The salt of a hash in this form, at most eight bytes; nil for other forms.
    static func salt(of hash: [UInt8]) -> [UInt8]? {
        guard hash.starts(with: prefix) else { return nil }
        return Array(hash[prefix.count...].prefix { $0 != UInt8(ascii: "$") }.prefix(8))
    }

    /// The whole hash, as it stands in the file.
    static func hash(_ password: [UInt8], salt: [UInt8]) -> [UInt8] {
        prefix + salt + [UInt8(ascii: "$")] + text(of: digest(password, salt))
    }

    private static func digest(_ password: [UInt8], _ salt: [UInt8]) -> [UInt8] {
        let inner = MessageDigest.md5.hash(password, salt, password)
        var first = password + prefix + salt
        var rest = password.count
        while rest > 0 {
            first += inner.prefix(min(16, rest))
            rest -= 16
        }
        rest = password.count
        while rest > 0 {
            first.append(rest & 1 != 0 ? 0 : password[0])
            rest >>= 1
        }
        var result = MessageDigest.md5.hash(first)
        for round in 0..<rounds {
            var bytes = round & 1 != 0 ? password : result
            if round % 3 != 0 { bytes += salt }
            if round % 7 != 0 { bytes += password }
            bytes += round & 1 != 0 ? result : password
            result = MessageDigest.md5.hash(bytes)
        }
        return result
    }

    /// The digest's bytes in the order and alphabet of crypt.
    private static func text(of digest: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        func write(_ word: UInt32, digits: Int) {
            for index in 0..<digits { text.append(alphabet[Int(word >> UInt32(6 * index)) & 63]) }
        }
        for index in 0..<5 {
            let (high, middle) = (digest[index], digest[index + 6])
            let low = digest[index == 4 ? 5 : index + 12]
            write(UInt32(high) << 16 | UInt32(middle) << 8 | UInt32(low), digits: 4)
        }
        write(UInt32(digest[11]), digits: 2)
        return text
    }
}
