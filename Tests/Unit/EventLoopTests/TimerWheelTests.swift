import EventLoop
import Testing

@Suite struct TimerWheelTests {
    private func wheel() -> TimerWheel {
        var wheel = TimerWheel(buckets: 64, startTick: 100)
        wheel.grow(to: 8)
        return wheel
    }

    private func advance(_ wheel: inout TimerWheel, to tick: UInt64) -> [UInt32] {
        var due: [UInt32] = []
        wheel.advance(to: tick, due: &due)
        return due.sorted()
    }

    @Test func `a timer fires at its tick and once`() {
        var wheel = wheel()
        wheel.arm(3, at: 105)
        #expect(wheel.ticksUntilNext() == 5)
        #expect(advance(&wheel, to: 104) == [])
        #expect(advance(&wheel, to: 105) == [3])
        #expect(advance(&wheel, to: 300) == [])
        #expect(wheel.ticksUntilNext() == nil)
    }

    @Test func `a timer of a later round stays`() {
        var wheel = wheel()
        wheel.arm(1, at: 105)
        wheel.arm(2, at: 105 + 64)
        #expect(advance(&wheel, to: 110) == [1])
        #expect(advance(&wheel, to: 168) == [])
        #expect(advance(&wheel, to: 169) == [2])
    }

    @Test func `a jump over more than a round finds everything due`() {
        var wheel = wheel()
        for slot in 0..<8 { wheel.arm(UInt32(slot), at: 101 + UInt64(slot) * 30) }
        #expect(advance(&wheel, to: 300) == [0, 1, 2, 3, 4, 5, 6])
        #expect(advance(&wheel, to: 400) == [7])
    }

    @Test func `a timer is moved and taken out`() {
        var wheel = wheel()
        wheel.arm(1, at: 110)
        wheel.arm(2, at: 110)
        wheel.arm(3, at: 110)
        wheel.arm(2, at: 120)
        wheel.disarm(1)
        #expect(wheel.armedTick(1) == TimerWheel.unarmed)
        #expect(advance(&wheel, to: 115) == [3])
        #expect(advance(&wheel, to: 125) == [2])
    }

    @Test func `a tick in the past fires next`() {
        var wheel = wheel()
        wheel.arm(1, at: 5)
        #expect(advance(&wheel, to: 101) == [1])
    }

    @Test func `random timers fire as in a sorted list`() {
        var random = SplitMix(state: 7)
        var wheel = TimerWheel(buckets: 64, startTick: 0)
        wheel.grow(to: 64)
        var model: [UInt32: UInt64] = [:]
        var tick: UInt64 = 0
        for _ in 0..<5_000 {
            let slot = UInt32(random.next() % 64)
            switch random.next() % 3 {
            case 0:
                let due = tick + 1 + random.next() % 300
                wheel.arm(slot, at: due)
                model[slot] = due
            case 1:
                wheel.disarm(slot)
                model[slot] = nil
            default:
                tick += random.next() % 100
                let expected = model.filter { $0.value <= tick }.keys.sorted()
                for slot in expected { model[slot] = nil }
                #expect(advance(&wheel, to: tick) == expected)
            }
        }
    }
}

private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
