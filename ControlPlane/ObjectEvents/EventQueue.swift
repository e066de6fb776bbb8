import PorticoModel

/// An Event to be written.
package struct PendingEvent: Hashable, Sendable {
    package var note: EventNote
    /// How often it was said, this time included.
    package var count: Int
    /// When it was said first; nil where another process did that.
    package var firstTime: String?
    package var lastTime: String
    /// It was written before, so only the count and the time are new.
    package var isRepetition: Bool
}

/// What is to be said about objects, said once however often it occurs, and never more than the API server should bear.
///
/// Pure. Notes wait in order; a note that waits already is not queued again. An object may say 25 things at once and
/// then one every five minutes, as in client-go; all objects together 100 at once and then 10 a second. What goes beyond, or
/// finds 1,000 notes waiting, is dropped and counted.
package struct EventQueue: Sendable {
    package typealias Instant = ContinuousClock.Instant

    private struct Memory {
        var count = 0
        var firstTime: String?
        var isWritten = false
    }

    package struct Limits: Hashable, Sendable {
        package var waiting = 1_000
        package var remembered = 4_096
        package var perObjectBurst = 25.0
        package var perObjectSeconds = 300.0
        package var burst = 100.0
        package var perSecond = 10.0

        package init() {}
    }

    private let limits: Limits
    private var waiting: [EventNote] = []
    private var isWaiting: Set<EventNote> = []
    private var memories: [EventNote: Memory] = [:]
    /// Oldest first.
    private var remembered: [EventNote] = []
    private var buckets: [ObjectReference: TokenBucket] = [:]
    private var bucket: TokenBucket
    package private(set) var dropped: UInt64 = 0

    package init(limits: Limits = Limits(), now: Instant) {
        self.limits = limits
        bucket = TokenBucket(capacity: limits.burst, perSecond: limits.perSecond, now: now)
    }

    package var count: Int { waiting.count }

    package mutating func add(_ note: EventNote, at now: Instant) {
        guard !isWaiting.contains(note) else { return }
        guard waiting.count < limits.waiting, takeToken(of: note.object, at: now) else {
            dropped += 1
            return
        }
        waiting.append(note)
        isWaiting.insert(note)
    }

    /// Forgets what waits, as when this replica no longer leads.
    package mutating func clear() {
        waiting = []
        isWaiting = []
    }

    /// The next Event to be written, or when to ask again; nil where none waits.
    package mutating func next(at now: Instant, time: String) -> Result<PendingEvent, Postponed>? {
        guard let note = waiting.first else { return nil }
        guard bucket.take(at: now) else { return .failure(Postponed(until: bucket.nextToken(after: now))) }
        waiting.removeFirst()
        isWaiting.remove(note)
        var memory = memories[note] ?? remember(note)
        memory.count += 1
        if memory.count == 1 { memory.firstTime = time }
        memories[note] = memory
        return .success(
            PendingEvent(
                note: note, count: memory.count, firstTime: memory.firstTime, lastTime: time,
                isRepetition: memory.isWritten))
    }

    /// When to ask again.
    package struct Postponed: Error, Hashable {
        package var until: Instant
    }

    /// The Event is on the API server.
    /// - Parameter count: what it says there.
    package mutating func written(_ event: PendingEvent, count: Int) {
        memories[event.note]?.isWritten = true
        memories[event.note]?.count = count
    }

    private mutating func takeToken(of object: ObjectReference, at now: Instant) -> Bool {
        if buckets.count > limits.remembered { buckets = buckets.filter { !$0.value.isFull(at: now) } }
        let fresh = TokenBucket(capacity: limits.perObjectBurst, perSecond: 1 / limits.perObjectSeconds, now: now)
        return buckets[object, default: fresh].take(at: now)
    }

    private mutating func remember(_ note: EventNote) -> Memory {
        remembered.append(note)
        if remembered.count > limits.remembered {
            // In halves, so that forgetting one costs nothing.
            for old in remembered.prefix(limits.remembered / 2) { memories[old] = nil }
            remembered.removeFirst(limits.remembered / 2)
        }
        return Memory()
    }
}
