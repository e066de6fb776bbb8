import PorticoModel
import Testing

@testable import ExternalNames

@Suite struct ResolutionScheduleTests {
    private let name = ExternalName(upstream: "shop-db-80", hostname: "db.example.com", port: 80)
    private let first = IPAddress(bytes: [192, 0, 2, 1])!
    private let second = IPAddress(bytes: [192, 0, 2, 2])!

    @Test func `A new name is asked for at once, and only once until it is answered`() {
        var schedule = ResolutionSchedule()
        #expect(schedule.update(changed: [name], removed: [], now: 0).isEmpty)
        #expect(schedule.startDue(now: 0) == ["db.example.com"])
        #expect(schedule.startDue(now: 1_000_000).isEmpty)
        #expect(schedule.nextDue == nil)
    }

    @Test func `An answer gives sorted endpoints without duplicates, and is asked for again after its time to live`() {
        var schedule = started()
        let sets = schedule.take(
            .addresses([second, first, second], timeToLiveSeconds: 30), for: name.hostname, now: 5)
        let endpoints = [Endpoint(address: first, port: 80), Endpoint(address: second, port: 80)]
        #expect(sets == [EndpointSet(upstream: "shop-db-80", endpoints: endpoints)])
        #expect(schedule.nextDue == 30_005)
        #expect(schedule.startDue(now: 30_004).isEmpty)
        #expect(schedule.startDue(now: 30_005) == ["db.example.com"])
    }

    @Test(arguments: [(0, 1_000), (86_400, 300_000), (Int.max, 300_000)] as [(Int, UInt64)])
    func `Times to live are kept between a second and five minutes`(seconds: Int, pause: UInt64) {
        var schedule = started()
        _ = schedule.take(.addresses([first], timeToLiveSeconds: seconds), for: name.hostname, now: 0)
        #expect(schedule.nextDue == pause)
    }

    @Test func `The same addresses in another order change nothing`() {
        var schedule = started()
        _ = schedule.take(.addresses([first, second], timeToLiveSeconds: 1), for: name.hostname, now: 0)
        _ = schedule.startDue(now: 1_000)
        let again = schedule.take(.addresses([second, first], timeToLiveSeconds: 1), for: name.hostname, now: 1_001)
        #expect(again.isEmpty)
    }

    @Test func `A failure keeps the addresses and is retried with growing pauses up to a minute`() {
        var schedule = started()
        _ = schedule.take(.addresses([first], timeToLiveSeconds: 1), for: name.hostname, now: 0)
        var now: UInt64 = 1_000
        for pause in [1, 2, 4, 8, 16, 32, 60, 60] as [UInt64] {
            #expect(schedule.startDue(now: now) == ["db.example.com"])
            #expect(schedule.take(.failure("timeout"), for: name.hostname, now: now).isEmpty)
            #expect(schedule.nextDue == now + pause * 1_000)
            now += pause * 1_000
        }
        let other = ExternalName(upstream: "shop-db-81", hostname: "db.example.com", port: 81)
        #expect(
            schedule.update(changed: [other], removed: [], now: now).map(\.endpoints) == [
                [Endpoint(address: first, port: 81)]
            ])
    }

    @Test func `An answer for a name that was dropped meanwhile changes nothing`() {
        var schedule = started()
        _ = schedule.update(changed: [], removed: ["shop-db-80"], now: 1)
        #expect(schedule.take(.addresses([first], timeToLiveSeconds: 1), for: name.hostname, now: 2).isEmpty)
        #expect(schedule.nextDue == nil)
    }

    private func started() -> ResolutionSchedule {
        var schedule = ResolutionSchedule()
        _ = schedule.update(changed: [name], removed: [], now: 0)
        _ = schedule.startDue(now: 0)
        return schedule
    }
}
