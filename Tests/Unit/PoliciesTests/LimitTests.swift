import EventLoop
import Testing

@testable import Policies

@Suite struct RateLimitTests {
    /// Counts how many of `requests` at the given times pass.
    private func passed(_ limit: RateLimit, _ times: [UInt64]) -> Int {
        var state = limit.first(at: times[0])
        var count = 1
        for time in times.dropFirst() {
            guard let next = limit.admit(state, at: time) else { continue }
            state = next
            count += 1
        }
        return count
    }

    @Test(
        arguments: [
            (1, 5, Array(repeating: 0, count: 20), 6), (1, 0, [0, 0, 999, 1_000, 1_001], 2),
            (10, 2, [0, 0, 0, 0, 100, 100, 200], 5), (2, 0, [0, 500, 1_000, 1_500], 4),
        ] as [(UInt32, UInt32, [UInt64], Int)])
    func `a bucket takes the burst and then the rate`(rate: UInt32, burst: UInt32, times: [UInt64], expected: Int) {
        #expect(passed(RateLimit(requestsPerSecond: rate, burst: burst), times) == expected)
    }

    @Test func `requests per minute are spread over it`() {
        let limit = RateLimit(requestsPerMinute: 60, burst: 0)
        #expect(passed(limit, [0, 500, 1_000, 1_999, 2_000]) == 3)
    }

    @Test func `time that wraps around or goes back does no harm`() throws {
        let limit = RateLimit(requestsPerSecond: 1, burst: 1)
        let last = UInt64(UInt32.max) - 10
        let state = try #require(limit.admit(limit.first(at: last), at: last))
        #expect(limit.admit(state, at: last + 1_500) != nil)
        #expect(limit.admit(state, at: last - 100) == nil)
    }
}

private final class Memory {
    let start = UnsafeMutableRawPointer.allocate(byteCount: SharedLimits.byteCount, alignment: 64)
    init() { start.initializeMemory(as: UInt8.self, repeating: 0, count: SharedLimits.byteCount) }
    deinit { start.deallocate() }
}

@Suite struct SharedLimitsTests {
    private let client = SocketAddress(text: "10.0.0.1", port: 0)!

    @Test func `a rate holds across workers`() {
        let memory = Memory()
        let (first, second) = (SharedLimits(memory.start, worker: 0), SharedLimits(memory.start, worker: 1))
        let limit = RateLimit(requestsPerSecond: 1, burst: 3)
        let answers = (0..<10).map { index in
            let limits = index % 2 == 0 ? first : second
            return limits.admit(limits.key(zone: 7, client), limit, at: 1_000)
        }
        #expect(answers.filter { $0 }.count == 4)
        #expect(first.admit(first.key(zone: 8, client), limit, at: 1_000))
    }

    @Test func `a request that is taken back is as if it had not been`() {
        let memory = Memory()
        let limits = SharedLimits(memory.start, worker: 0)
        let limit = RateLimit(requestsPerSecond: 1, burst: 1)
        let key = limits.key(zone: 1, client)
        #expect(limits.admit(key, limit, at: 0) && limits.admit(key, limit, at: 0))
        limits.takeBack(key)
        #expect(limits.admit(key, limit, at: 0))
        #expect(!limits.admit(key, limit, at: 0))
    }

    @Test func `connections are counted together and forgotten with their worker`() throws {
        let memory = Memory()
        let first = SharedLimits(memory.start, worker: 0)
        let second = SharedLimits(memory.start, worker: 1)
        let key = first.key(zone: 1, client)
        let place = try #require(first.enter(key, limit: 2))
        #expect(second.enter(key, limit: 2) != nil)
        #expect(first.enter(key, limit: 2) == nil)
        first.leave(place)
        #expect(first.enter(key, limit: 2) != nil)
        // The second worker dies and comes back.
        let reborn = SharedLimits(memory.start, worker: 1)
        #expect(reborn.enter(key, limit: 2) != nil)
        #expect(reborn.enter(key, limit: 2) == nil)
    }

    @Test func `more clients than there are places do no harm`() {
        let memory = Memory()
        let limits = SharedLimits(memory.start, worker: 0)
        let limit = RateLimit(requestsPerSecond: 1, burst: 0)
        for number in 0..<200_000 {
            let bytes = (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
            let key = limits.key(zone: 1, SocketAddress(bytes: bytes, port: 0)!)
            #expect(limits.admit(key, limit, at: UInt64(number)))
        }
    }
}
