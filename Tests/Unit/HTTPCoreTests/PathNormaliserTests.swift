import Testing

@testable import HTTPCore

@Suite struct PathNormaliserTests {
    private func normalise(_ target: String, room: Int? = nil) -> (text: String, outcome: PathNormaliser.Outcome) {
        let bytes = Array(target.utf8)
        let output = UnsafeMutableRawBufferPointer.allocate(byteCount: room ?? bytes.count + 1, alignment: 1)
        defer { output.deallocate() }
        let outcome = bytes.withUnsafeBytes { PathNormaliser.normalise($0, into: output) }
        switch outcome {
        case .unchanged(let count): return (String(decoding: bytes[..<count], as: UTF8.self), outcome)
        case .rewritten(let count): return (String(decoding: output[..<count], as: UTF8.self), outcome)
        case .malformed, .noRoom: return ("", outcome)
        }
    }

    @Test(arguments: [
        ("/", "/"), ("/a/b", "/a/b"), ("/a?b", "/a"), ("/a#b", "/a"), ("/a?b#/../c", "/a"), ("/?", "/"),
        ("//", "/"), ("///a///b///", "/a/b/"), ("/./", "/"), ("/.", "/"), ("/a/.", "/a/"), ("/a/./b", "/a/b"),
        ("/a/..", "/"), ("/a/../", "/"), ("/a/../b", "/b"), ("/a/b/../c", "/a/c"), ("/a/b/..", "/a/"),
        ("/a/b/../../c", "/c"), ("/a//../b", "/b"), ("/.a", "/.a"), ("/..a", "/..a"), ("/...", "/..."),
        ("/a/...", "/a/..."), ("/a/.b/c", "/a/.b/c"), ("/a.b", "/a.b"), ("/a/b.", "/a/b."), ("/a/b..", "/a/b.."),
        ("/%41", "/A"), ("/%61%62", "/ab"), ("/%e4%F6", "/\u{FFFD}\u{FFFD}"), ("/%2541", "/%41"), ("/%3f", "/?"),
        ("/%23", "/#"), ("/%2f", "/"), ("/a%2Fb", "/a/b"), ("/a%2f%2fb", "/a/b"), ("/a/%2e%2e/b", "/b"),
        ("/a/%2E/b", "/a/b"), ("/a/.%2e/b", "/b"), ("/a%2f..%2fb", "/b"), ("/a+b", "/a+b"), ("/%20", "/ "),
        ("/a%20b?%zz", "/a b"), ("", "/"), ("?q", "/"), ("a", "/a"), ("*", "/*"), ("/a\\..\\b", "/a\\..\\b"),
        ("/a;b=c/../d", "/d"), ("/é", "/é"),
    ])
    func `A path is brought into the form that nginx matches`(target: String, path: String) {
        #expect(normalise(target).text == path)
    }

    @Test(arguments: [
        "/..", "/../", "/../a", "/a/../..", "/a/../../b", "/./..", "//..", "/%2e%2e", "/%2e%2e%2f", "/a/%2e%2e/%2e%2e",
        "/%", "/%4", "/%4?", "/%zz", "/%0g", "/%g0", "/%00", "/a%00b", "/% 41", "/%-1", "/a%2", "..", "/a%u0041",
    ])
    func `Bad escapes, NUL and leaving the root are refused`(target: String) {
        #expect(normalise(target).outcome == .malformed)
    }

    @Test func `An ordinary path is not copied`() {
        #expect(normalise("/shop/list?q=%41", room: 0).outcome == .unchanged(count: 10))
    }

    @Test func `Too little room is said, never overrun`() {
        #expect(normalise("/a%41", room: 5).outcome == .noRoom)
        #expect(normalise("/a%41", room: 6).outcome == .rewritten(count: 3))
    }
}
