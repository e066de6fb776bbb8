import ObjectEvents
import PorticoModel
import Testing

@Suite struct EventQueueTests {
    private let now = ContinuousClock.now

    private func note(_ name: String = "shop", _ message: String = "no such service") -> EventNote {
        EventNote(
            object: ObjectReference(kind: "Ingress", name: ObjectName(namespace: "default", name: name)), uid: "u-1",
            severity: .warning, reason: "BackendNotFound", message: message)
    }

    private func take(_ queue: inout EventQueue, at time: ContinuousClock.Instant) -> PendingEvent? {
        guard case .success(let event) = queue.next(at: time, time: "t") else { return nil }
        return event
    }

    @Test func `a note that waits is not queued again`() {
        var queue = EventQueue(now: now)
        queue.add(note(), at: now)
        queue.add(note(), at: now)
        #expect(queue.count == 1)
    }

    @Test func `what is said again is counted in the same Event`() throws {
        var queue = EventQueue(now: now)
        queue.add(note(), at: now)
        let first = try #require(take(&queue, at: now))
        #expect(!first.isRepetition)
        #expect(first.count == 1)
        queue.written(first, count: 1)
        queue.add(note(), at: now)
        let second = try #require(take(&queue, at: now))
        #expect(second.isRepetition)
        #expect(second.count == 2)
        #expect(second.note.eventName == first.note.eventName)
    }

    @Test func `an Event that could not be written is created the next time`() throws {
        var queue = EventQueue(now: now)
        queue.add(note(), at: now)
        _ = take(&queue, at: now)
        queue.add(note(), at: now)
        #expect(try #require(take(&queue, at: now)).isRepetition == false)
    }

    @Test func `an object says only so much`() {
        var queue = EventQueue(now: now)
        for number in 0..<40 { queue.add(note("shop", "message \(number)"), at: now) }
        queue.add(note("other"), at: now)
        #expect(queue.count == 26)
        #expect(queue.dropped == 15)
        queue.add(note("shop", "later"), at: now + .seconds(301))
        #expect(queue.count == 27)
    }

    @Test func `all objects together are written at a bounded rate`() throws {
        var queue = EventQueue(now: now)
        for number in 0..<200 { queue.add(note("shop-\(number)"), at: now) }
        var written = 0
        while take(&queue, at: now) != nil { written += 1 }
        #expect(written == 100)
        guard case .failure(let postponed)? = queue.next(at: now, time: "t") else {
            Issue.record("it shall wait")
            return
        }
        #expect(postponed.until > now)
        #expect(take(&queue, at: postponed.until + .milliseconds(1)) != nil)
    }

    @Test func `the queue has an end`() {
        var queue = EventQueue(now: now)
        for number in 0..<1_100 { queue.add(note("shop-\(number)"), at: now) }
        #expect(queue.count == 1_000)
        #expect(queue.dropped == 100)
    }

    @Test func `names of Events differ by what they say and are the same everywhere`() {
        #expect(note().eventName == note().eventName)
        #expect(note("shop", "a").eventName != note("shop", "b").eventName)
        #expect(note(String(repeating: "x", count: 253)).eventName.utf8.count <= 253)
        var other = note()
        other.uid = "u-2"
        #expect(other.eventName != note().eventName)
    }

    @Test func `a long message is cut where a character ends`() {
        let text = String(repeating: "ä", count: 600)
        let cut = note("shop", text).message
        #expect(cut.utf8.count <= 1_024)
        #expect(cut.hasSuffix("ä…"))
    }

    @Test func `a diagnostic says field, reason and what happens instead`() {
        let object = ObjectReference(kind: "Ingress", name: ObjectName(namespace: "default", name: "shop"))
        let diagnostic = Diagnostic(
            severity: .warning, kind: .conflict, object: object, field: "spec.rules[0].http.paths[0]",
            reason: "/ of shop.test belongs to another", consequence: "the path is left out")
        let note = EventNote(diagnostic, of: object, uid: "u")
        #expect(note.reason == "Conflict")
        #expect(
            note.message == "spec.rules[0].http.paths[0]: / of shop.test belongs to another (the path is left out)")
    }
}
