import EventLoop
import PorticoModel
import Testing

@testable import Upstreams

private func upstream(_ count: Int, without left: Set<Int> = []) -> Upstream {
    let upstream = Upstream(name: "default-shop-80", offset: 0)
    let endpoints = (0..<count).filter { !left.contains($0) }.map { index in
        Endpoint(address: IPAddress(bytes: [10, 0, UInt8(index / 256), UInt8(index % 256)])!, port: 80)
    }
    _ = upstream.apply(endpoints)
    return upstream
}

private func keys(_ count: Int) -> [UInt64] { (0..<UInt64(count)).map { StableHash.mix(7, $0) } }

@Suite struct HashingTests {
    @Test func `a key leads to the same endpoint in every worker`() throws {
        let (first, second) = (upstream(10), upstream(10))
        for key in keys(100) {
            let chosen = try #require(first.choose(forKey: key, at: 0, tried: 0))
            #expect(second.choose(forKey: key, at: 0, tried: 0)?.address == chosen.address)
        }
    }

    @Test func `only the keys of an endpoint that goes move`() throws {
        let (before, after) = (upstream(10), upstream(10, without: [3]))
        let gone = before.endpoints[3].address
        for key in keys(2_000) {
            let old = try #require(before.choose(forKey: key, at: 0, tried: 0)?.address)
            let new = try #require(after.choose(forKey: key, at: 0, tried: 0)?.address)
            if old != gone { #expect(old == new) }
        }
    }

    @Test func `keys are spread`() {
        let upstream = upstream(8)
        var counts: [SocketAddress: Int] = [:]
        for key in keys(8_000) { counts[upstream.choose(forKey: key, at: 0, tried: 0)!.address, default: 0] += 1 }
        #expect(counts.count == 8 && counts.values.allSatisfy { $0 > 600 && $0 < 1_500 })
    }

    @Test func `a tried endpoint is passed over, the last one is not`() throws {
        let upstream = upstream(2)
        var tried: UInt64 = 0
        let first = try #require(upstream.choose(forKey: 1, at: 0, tried: tried))
        Upstream.mark(first, in: &tried)
        let second = try #require(upstream.choose(forKey: 1, at: 0, tried: tried))
        #expect(second !== first)
        Upstream.mark(second, in: &tried)
        #expect(upstream.choose(forKey: 1, at: 0, tried: tried) != nil)
    }

    @Test func `a session that begins past an endpoint that is out stays where it began`() throws {
        let upstream = upstream(3)
        let out = upstream.endpoints[0]
        while !out.failed(at: 0) {}
        for random in keys(200) {
            let begun = try #require(upstream.beginSession(random: random, at: 1, tried: 0))
            #expect(begun.endpoint !== out && upstream.endpoint(forKey: begun.key) === begun.endpoint)
        }
        let fit = try #require(upstream.beginSession(random: 7, at: 1_000_000, tried: 0))
        #expect(fit.key == 7 && upstream.endpoint(forKey: 7) === fit.endpoint)
    }

    @Test func `a subset has its size and its members take turns`() {
        let upstream = upstream(7)
        var random: UInt64 = 0
        let chosen = Set(
            (0..<50).map { _ in
                random += 1
                return upstream.choose(forKey: 42, subsetOf: 3, random: random, at: 0, tried: 0)!.address
            })
        #expect(chosen.count == 3)
    }

    @Test func `an upstream without endpoints has none to choose`() {
        let upstream = upstream(0)
        #expect(upstream.choose(forKey: 1, at: 0, tried: 0) == nil)
        #expect(upstream.choose(forKey: 1, subsetOf: 2, random: 1, at: 0, tried: 0) == nil)
        #expect(upstream.chooseFaster(random: 1, at: 0, tried: 0) == nil)
    }
}

@Suite struct ResponseTimeTests {
    @Test func `the faster endpoint is asked`() {
        let upstream = upstream(2)
        upstream.note(100, of: upstream.endpoints[0], at: 1_000)
        upstream.note(5, of: upstream.endpoints[1], at: 1_000)
        for random: UInt64 in [0, 1, 1 << 32, 12_345] {
            #expect(upstream.chooseFaster(random: random, at: 1_001, tried: 0) === upstream.endpoints[1])
        }
    }

    @Test func `a slow answer fades with time`() {
        var average = ResponseTimeAverage()
        average.add(1_000, at: 0)
        #expect(average.score(at: 0) == 1_000)
        #expect(average.score(at: 60_000) < 10)
    }
}
