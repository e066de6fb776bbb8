import Leadership
import Testing

/// Two replicas and the Lease between them, as values.
@Suite struct PinBoardTests {
    private static let pin = PinWord.Pin(digest: "aa", compiledAt: 1, reason: "bad")
    private static let another = PinWord.Pin(digest: "bb", compiledAt: 2, reason: "worse")

    /// What the Lease says after a replica has looked at it and written what it wants to.
    private func exchange(_ board: inout PinBoard, _ lease: inout [String: PinWord]) {
        guard let news = board.read(lease) else { return }
        lease = news
        board.wrote(news)
    }

    @Test func `what is said at one is heard at the other, and again when it ends`() {
        var (a, b) = (PinBoard(replica: "a"), PinBoard(replica: "b"))
        var lease: [String: PinWord] = [:]
        a.say("nginx", PinBoardTests.pin)
        exchange(&a, &lease)
        exchange(&b, &lease)
        #expect(b.words["nginx"]?.pin == PinBoardTests.pin)
        b.say("nginx", nil)
        exchange(&b, &lease)
        exchange(&a, &lease)
        #expect(a.words == b.words)
        #expect(a.words["nginx"]?.pin == nil)
        #expect(a.words["nginx"]?.replica == "b")
        #expect(a.read(lease) == nil, "nothing is left to write")
    }

    @Test func `of two that speak at once the one that writes last holds`() {
        var (a, b) = (PinBoard(replica: "a"), PinBoard(replica: "b"))
        var lease: [String: PinWord] = [:]
        a.say("nginx", PinBoardTests.pin)
        b.say("nginx", PinBoardTests.another)
        exchange(&a, &lease)
        exchange(&b, &lease)
        exchange(&a, &lease)
        #expect(a.words == b.words)
        #expect(a.words["nginx"]?.pin == PinBoardTests.another)
    }

    @Test func `class groups have words of their own`() {
        var (a, b) = (PinBoard(replica: "a"), PinBoard(replica: "b"))
        var lease: [String: PinWord] = [:]
        a.say("nginx", PinBoardTests.pin)
        b.say("internal", PinBoardTests.another)
        for _ in 0..<2 {
            exchange(&a, &lease)
            exchange(&b, &lease)
        }
        #expect(a.words == b.words)
        #expect(a.words.mapValues(\.pin) == ["nginx": PinBoardTests.pin, "internal": PinBoardTests.another])
    }

    @Test func `words that the Lease lost are written again, and a replica that starts believes the Lease`() {
        var a = PinBoard(replica: "a")
        var lease: [String: PinWord] = [:]
        a.say("nginx", PinBoardTests.pin)
        exchange(&a, &lease)
        exchange(&a, &lease)
        #expect(!a.hasNews)
        lease = [:]
        exchange(&a, &lease)
        #expect(lease["nginx"]?.pin == PinBoardTests.pin)
        var fresh = PinBoard(replica: "c")
        #expect(fresh.read(lease) == nil)
        #expect(fresh.words == lease)
    }
}
