import ProcessSupervision
import Testing

@Suite struct ChildLifecycleTests {
    private func running(since now: Milliseconds) -> ChildLifecycle {
        var child = ChildLifecycle(policy: RestartPolicy(), now: now)
        child.started(now: now)
        return child
    }

    @Test func `a new child is due at once`() {
        var child = ChildLifecycle(policy: RestartPolicy(), now: 7)
        #expect(child.tick(now: 7) == .start)
    }

    @Test func `a child that was healthy is started again at once`() {
        var child = running(since: 0)
        child.ended(now: 60_000)
        #expect(child.tick(now: 60_000) == .start)
        child.started(now: 60_000)
        #expect(child.restarts == 1)
    }

    @Test(arguments: zip(1...12, [0, 0, 50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000]))
    func `a crash loop is slowed down, the first restarts are not`(crashes: Int, pause: Int) {
        #expect(RestartPolicy().pause(afterCrashes: crashes) == Milliseconds(pause))
    }

    @Test func `a child in a crash loop is not due before its pause is over`() {
        var child = running(since: 0)
        for crash in 0..<3 {
            child.ended(now: Milliseconds(crash))
            if crash < 2 { child.started(now: Milliseconds(crash)) }
        }
        #expect(child.deadline == 52)
        #expect(child.tick(now: 51) == nil)
        #expect(child.tick(now: 52) == .start)
    }

    @Test func `one healthy life forgives earlier crashes`() {
        var child = running(since: 0)
        for _ in 0..<5 {
            child.ended(now: 0)
            child.started(now: 0)
        }
        child.ended(now: 1_000)
        #expect(child.deadline == 1_000)
    }

    @Test func `a program that cannot be started is not tried in a busy loop`() {
        var child = ChildLifecycle(policy: RestartPolicy(), now: 0)
        #expect(child.tick(now: 0) == .start)
        child.ended(now: 0)
        #expect(child.deadline == 50)
        #expect(child.restarts == 0)
    }

    @Test func `stop asks first and kills after the grace, once`() {
        var child = running(since: 0)
        #expect(child.stop(now: 100, grace: 1_000) == .terminate)
        #expect(child.tick(now: 1_099) == nil)
        #expect(child.tick(now: 1_100) == .kill)
        #expect(child.tick(now: 1_200) == nil)
        child.ended(now: 1_300)
        #expect(child.hasEnded)
    }

    @Test func `a second stop shortens the grace and never lengthens it`() {
        var child = running(since: 0)
        _ = child.stop(now: 0, grace: 10_000)
        #expect(child.stop(now: 100, grace: 0) == nil)
        #expect(child.tick(now: 100) == .kill)
        var other = running(since: 0)
        _ = other.stop(now: 0, grace: 10)
        _ = other.stop(now: 0, grace: 10_000)
        #expect(other.deadline == 10)
    }

    @Test func `a child that waits for its restart ends at once when stopped`() {
        var child = running(since: 0)
        child.ended(now: 10)
        #expect(child.stop(now: 10, grace: 1_000) == nil)
        #expect(child.hasEnded)
        #expect(child.tick(now: 10_000) == nil)
    }
}
