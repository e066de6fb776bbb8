import Leadership
import Testing

/// One Lease and the clock that those who want it share; each of them may look at it through a faulty line.
private final class Table {
    var lease: StoredLease?
    var now = ContinuousClock.now
    private var version = 0

    func advance(_ seconds: Double) { now += .seconds(seconds) }

    func perform(_ order: LeaseElection.Order) -> LeaseOutcome? {
        switch order {
        case .rest: return nil
        case .read: return lease.map { .found($0) } ?? .missing
        case .create(let record): return lease == nil ? write(record) : .conflict
        case .replace(let found, let record): return found.object == lease?.object ? write(record) : .conflict
        }
    }

    func write(_ record: LeaseRecord) -> LeaseOutcome {
        version += 1
        let lease = StoredLease(record: record, object: "\(version)")
        self.lease = lease
        return .written(lease)
    }
}

private struct Candidate {
    var election: LeaseElection
    let table: Table

    init(_ identity: String, _ table: Table, timing: LeaseTiming = .standard) {
        election = LeaseElection(identity: identity, timing: timing, now: table.now)
        self.table = table
    }

    var leads: Bool { election.leads(at: table.now) }

    /// Does all that is due.
    mutating func run(jitter: Double = 0, reaches: Bool = true) {
        for _ in 0..<10 {
            let order = election.next(now: table.now, time: "t\(table.now)")
            guard case .rest = order else {
                let outcome = reaches ? table.perform(order)! : .failed("no route to host")
                election.take(outcome, now: table.now, jitter: jitter)
                continue
            }
            return
        }
        Issue.record("it never rests")
    }
}

@Suite struct LeaseElectionTests {
    @Test func `the first to come creates the Lease with no transitions and leads`() throws {
        let table = Table()
        var first = Candidate("a", table)
        first.run()
        #expect(first.leads)
        let record = try #require(table.lease?.record)
        #expect(record.holder == "a")
        #expect(record.durationSeconds == 15)
        #expect(record.transitions == 0)
        #expect(record.acquireTime == record.renewTime)
    }

    @Test func `a renewal keeps the acquisition and does not read first`() throws {
        let table = Table()
        var leader = Candidate("a", table)
        leader.run()
        let before = try #require(table.lease?.record)
        table.advance(2)
        guard case .replace(_, let record) = leader.election.next(now: table.now, time: "later") else {
            Issue.record("a renewal was due")
            return
        }
        #expect(record.acquireTime == before.acquireTime)
        #expect(record.renewTime == "later")
        #expect(record.transitions == before.transitions)
    }

    @Test func `a held Lease is taken only when it has not changed for its duration, by the local clock`() throws {
        let table = Table()
        var leader = Candidate("a", table)
        var other = Candidate("b", table)
        leader.run()
        other.run()
        table.advance(14)
        other.run()
        #expect(!other.leads)
        leader.election = LeaseElection(identity: "a", timing: .standard, now: table.now)
        leader.run()
        table.advance(14)
        other.run()
        #expect(!other.leads, "the renewal began a new term of waiting")
        table.advance(15)
        other.run()
        #expect(other.leads)
        #expect(table.lease?.record.holder == "b")
        #expect(table.lease?.record.transitions == 1)
    }

    @Test func `times in the Lease mean nothing, so clocks may differ`() {
        let table = Table()
        _ = table.write(
            LeaseRecord(
                holder: "gone", durationSeconds: 15, acquireTime: "1970-01-01T00:00:00.000000Z",
                renewTime: "1970-01-01T00:00:00.000000Z", transitions: 7))
        var candidate = Candidate("a", table)
        candidate.run()
        #expect(!candidate.leads)
        table.advance(15)
        candidate.run()
        #expect(candidate.leads)
        #expect(table.lease?.record.transitions == 8)
    }

    @Test func `a leader that cannot renew stops at the deadline, long before others may take the Lease`() {
        let table = Table()
        var leader = Candidate("a", table)
        leader.run()
        for second in 1...9 {
            table.advance(1)
            leader.run(reaches: false)
            #expect(leader.leads, "after \(second) seconds")
        }
        table.advance(1)
        #expect(!leader.leads, "nothing had to run for that")
        leader.run(reaches: false)
        #expect(!leader.leads)
    }

    @Test func `a leader that was stopped finds its successor and does not write`() {
        let table = Table()
        var leader = Candidate("a", table)
        var other = Candidate("b", table)
        leader.run()
        other.run()
        table.advance(16)
        other.run()
        #expect(other.leads)
        #expect(!leader.leads)
        leader.run()
        #expect(!leader.leads)
        #expect(table.lease?.record.holder == "b")
    }

    @Test func `a renewal that was overtaken is refused, and the Lease is read again`() {
        let table = Table()
        var leader = Candidate("a", table)
        leader.run()
        var record = table.lease!.record
        record.holder = "thief"
        record.transitions += 1
        _ = table.write(record)
        table.advance(2)
        leader.run()
        #expect(!leader.leads)
        #expect(table.lease?.record.holder == "thief")
        #expect(leader.election.transitions == 1)
    }

    @Test func `one whose write was lost on the way back goes on where it stood`() {
        let table = Table()
        var leader = Candidate("a", table)
        leader.run()
        table.advance(2)
        guard case .replace(let found, let record) = leader.election.next(now: table.now, time: "lost") else {
            Issue.record("a renewal was due")
            return
        }
        _ = table.perform(.replace(found, with: record))
        leader.election.take(.failed("timed out"), now: table.now, jitter: 0)
        table.advance(2)
        leader.run()
        #expect(leader.leads)
        #expect(table.lease?.record.transitions == 0)
    }

    @Test func `two that find no Lease do not both create it`() {
        let table = Table()
        var first = Candidate("a", table)
        var second = Candidate("b", table)
        let orders = [
            first.election.next(now: table.now, time: "1"), second.election.next(now: table.now, time: "1"),
        ]
        #expect(orders == [.read, .read])
        first.election.take(.missing, now: table.now, jitter: 0)
        second.election.take(.missing, now: table.now, jitter: 0)
        first.run()
        second.run()
        #expect(first.leads)
        #expect(!second.leads)
    }

    @Test func `a Lease that was given back is taken at the next visit`() throws {
        let table = Table()
        var leader = Candidate("a", table)
        var other = Candidate("b", table)
        leader.run()
        other.run()
        let release = leader.election.release(now: table.now, time: "end")
        let order = try #require(release)
        #expect(!leader.leads)
        _ = table.perform(order)
        #expect(table.lease?.record.holder == "")
        #expect(table.lease?.record.durationSeconds == 1)
        table.advance(2)
        other.run()
        #expect(other.leads)
        #expect(table.lease?.record.transitions == 1)
    }

    @Test func `one that does not lead gives nothing back`() {
        let table = Table()
        var leader = Candidate("a", table)
        leader.run()
        table.advance(10)
        let release = leader.election.release(now: table.now, time: "end")
        #expect(release == nil)
    }

    @Test(arguments: [(0.0, 2.0), (0.5, 3.2), (1.0, 4.4)])
    func `those who wait come by at different times`(jitter: Double, seconds: Double) {
        let table = Table()
        _ = table.write(
            LeaseRecord(holder: "x", durationSeconds: 15, acquireTime: "", renewTime: "", transitions: 0))
        var candidate = Candidate("a", table)
        candidate.run(jitter: jitter)
        let order = candidate.election.next(now: table.now, time: "")
        guard case .rest(let until) = order else {
            Issue.record("it shall rest")
            return
        }
        #expect(abs((until - table.now) / .seconds(1) - seconds) < 0.000_001)
    }

    @Test func `transitions rise at once to what the leader needs`() {
        let table = Table()
        var leader = Candidate("a", table)
        leader.run()
        leader.election.require(transitions: 41, now: table.now)
        leader.run()
        #expect(table.lease?.record.transitions == 41)
        #expect(leader.leads)
        table.advance(2)
        leader.run()
        #expect(table.lease?.record.transitions == 41)
    }

    @Test func `transitions never leave the range of the API`() {
        let table = Table()
        _ = table.write(
            LeaseRecord(
                holder: "", durationSeconds: 1, acquireTime: "", renewTime: "",
                transitions: LeaseRecord.highestTransitions))
        var candidate = Candidate("a", table)
        candidate.run()
        #expect(table.lease?.record.transitions == LeaseRecord.highestTransitions)
    }

    @Test func `at any moment at most one leads, whatever fails`() {
        var generator = SeededGenerator(seed: 20)
        for _ in 0..<200 {
            let table = Table()
            var candidates = ["a", "b", "c"].map { Candidate($0, table) }
            var last = 0
            for _ in 0..<400 {
                table.advance(Double.random(in: 0...3, using: &generator))
                let index = Int.random(in: 0..<3, using: &generator)
                candidates[index].run(
                    jitter: Double.random(in: 0...1, using: &generator),
                    reaches: Int.random(in: 0..<4, using: &generator) > 0)
                #expect(candidates.count { $0.leads } <= 1)
                let transitions = table.lease?.record.transitions ?? 0
                #expect(transitions >= last)
                last = transitions
            }
        }
    }
}

/// The same numbers every time.
private struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
