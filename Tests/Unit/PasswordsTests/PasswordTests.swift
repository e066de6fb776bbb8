import Synchronization
import Testing

@testable import Passwords

@Suite struct PasswordHashTests {
    static let hashes = [
        "$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/", "$5$abc$qsg6EHbUzHQzF1POlD7zUwBINSELQxypPaeDcZe6vH0",
        "$6$abc$IdWKNKTJEb8LxY7CGg8YBXlvtfZzFw7Mp/r6niK9YB2mdvgY..TKjv1T..8RadRt2qvUHYRLr/TsVArtr91iR1",
        "$1$abc$iCQ2D3nhptRYi27fDYv2s1", "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
        "abNANd1rDfiNc", "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", "{SSHA}gVK8WC9YyFT1gMsQHTGCgT3sSv5zYWx0",
        "{PLAIN}secret",
    ]

    @Test(arguments: hashes)
    func `the password belongs to the hash and no other does`(hash: String) {
        #expect(PasswordHash.verify(Array("secret".utf8), against: Array(hash.utf8)))
        #expect(!PasswordHash.verify(Array("Secret".utf8), against: Array(hash.utf8)))
        #expect(!PasswordHash.verify([], against: Array(hash.utf8)))
    }

    @Test func `a long password takes every round of apr1`() {
        let password = Array("a longer password than sixteen bytes".utf8)
        #expect(PasswordHash.verify(password, against: Array("$apr1$ab$8ItIMBWI2mJuA9q7tymP40".utf8)))
    }

    @Test(arguments: ["", "*", "x", "{SHA}", "{SHA}!!", "{SSHA}AAAA", "$2y$", "$9$a$b", "$apr1$", "\0"])
    func `what is no hash belongs to no password`(hash: String) {
        #expect(!PasswordHash.verify([], against: Array(hash.utf8)))
        #expect(!PasswordHash.verify(Array("secret".utf8), against: Array(hash.utf8)))
    }

    @Test func `a zero byte does not shorten a password`() {
        #expect(!PasswordHash.verify(Array("secret\0more".utf8), against: Array(Self.hashes[3].utf8)))
    }
}

@Suite struct PasswordFileTests {
    private let file = PasswordFile(Array("# users\nann:one\r\nbob:two:a comment\nann:three\nbroken\n:x\n".utf8))

    @Test func `lines are users and hashes`() {
        #expect(file.userCount == 2)
        #expect(file.hash(of: Array("ann".utf8)) == Array("one".utf8))
        #expect(file.hash(of: Array("bob".utf8)) == Array("two".utf8))
        #expect(file.hash(of: Array("eve".utf8)) == nil)
    }
}

@Suite struct Base64Tests {
    @Test(arguments: [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYmFy", "foobar"), ("Zg", "f")])
    func `text is decoded`(text: String, expected: String) {
        #expect(Base64.decode(text.utf8) == Array(expected.utf8))
    }

    @Test(arguments: ["", "f", "fo", "foo", "foobar"])
    func `what is encoded is decoded`(text: String) {
        #expect(Base64.decode(Base64.encode(Array(text.utf8))) == Array(text.utf8))
    }

    @Test(arguments: ["Zg==x", "Z g", "Zm9v!"])
    func `malformed text is refused`(text: String) { #expect(Base64.decode(text.utf8) == nil) }
}

@Suite struct PasswordCacheTests {
    @Test func `entries are kept until there are too many`() {
        var cache = PasswordCache(capacity: 4)
        let entries = (0..<6).map { cache.entry(user: [UInt8($0)], password: [1], hash: [2]) }
        for entry in entries { cache.insert(entry) }
        #expect(cache.contains(entries[5]) && cache.contains(entries[4]) && !cache.contains(entries[0]))
        #expect(cache.entry(user: [1, 2], password: [], hash: []) != cache.entry(user: [1], password: [2], hash: []))
    }
}

@Suite struct PasswordWorkerTests {
    @Test func `passwords are checked on another thread`() {
        let worker = PasswordWorker {}
        let hash = Array("{PLAIN}secret".utf8)
        #expect(worker.check(Array("secret".utf8), against: hash, ticket: 1))
        #expect(worker.check(Array("wrong".utf8), against: hash, ticket: 2))
        var results: [UInt64: Bool] = [:]
        while results.count < 2 {
            for result in worker.takeResults() { results[result.ticket] = result.isRight }
        }
        #expect(results == [1: true, 2: false])
        worker.stop()
    }
}

@Suite struct DigestAuthenticationTests {
    private let realm = Array("the realm".utf8)
    private let users: PasswordFile = {
        let secret = MessageDigest.md5.hexadecimal(Array("ann:the realm:secret".utf8))
        return PasswordFile(Array("ann:the realm:".utf8) + secret)
    }()

    private func field(_ nonce: [UInt8], count: String = "00000001", password: String = "secret") -> [UInt8] {
        func hash(_ text: String) -> String {
            String(decoding: MessageDigest.md5.hexadecimal(Array(text.utf8)), as: UTF8.self)
        }
        let nonce = String(decoding: nonce, as: UTF8.self)
        let response = hash(
            "\(hash("ann:the realm:\(password)")):\(nonce):\(count):abc:auth:\(hash("GET:/page?x=1"))")
        return Array(
            """
            Digest username="ann", realm="the realm", nonce="\(nonce)", uri="/page?x=1", qop=auth, nc=\(count), \
            cnonce="abc", response="\(response)"
            """.utf8)
    }

    private func judge(
        _ field: [UInt8], _ authentication: inout DigestAuthentication, at seconds: UInt64 = 1_000
    ) -> DigestAuthentication.Verdict {
        authentication.judge(
            field, method: Array("GET".utf8), target: Array("/page?x=1".utf8), realm: realm, users: users, at: seconds)
    }

    @Test func `the right answer is taken once`() {
        var authentication = DigestAuthentication(key: [1, 2, 3])
        let nonce = authentication.nonce(at: 1_000)
        #expect(judge(field(nonce), &authentication) == .accepted(user: Array("ann".utf8)))
        #expect(judge(field(nonce), &authentication) == .stale)
        #expect(judge(field(nonce, count: "00000002"), &authentication) == .accepted(user: Array("ann".utf8)))
    }

    @Test func `clients that come in the same second do not use up each other's answers`() {
        var authentication = DigestAuthentication(key: [1, 2, 3])
        let nonces = (0..<2).map { _ in authentication.nonce(at: 1_000) }
        for nonce in nonces { #expect(judge(field(nonce), &authentication) == .accepted(user: Array("ann".utf8))) }
    }

    @Test func `wrong, old and foreign answers are not`() {
        var authentication = DigestAuthentication(key: [1, 2, 3])
        let nonce = authentication.nonce(at: 1_000)
        #expect(judge(field(nonce, password: "guess"), &authentication) == .refused)
        #expect(judge(field(nonce), &authentication, at: 1_400) == .stale)
        var other = DigestAuthentication(key: [4])
        #expect(judge(field(other.nonce(at: 1_000)), &authentication) == .stale)
        #expect(judge(Array("Basic abc".utf8), &authentication) == .refused)
        #expect(judge(Array("Digest username=\"ann".utf8), &authentication) == .refused)
    }
}
