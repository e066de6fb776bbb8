/// A hashed wheel of timers for the slots of a slab. Pure: it knows ticks, not clocks.
///
/// Made for deadlines that move on every request and hardly ever pass: a slot is armed at or before its deadline and
/// when it fires too early is armed again, so a deadline that moves later costs nothing here.
package struct TimerWheel {
    private struct Entry {
        var tick: UInt64 = TimerWheel.unarmed
        var next = TimerWheel.none
        var previous = TimerWheel.none
    }

    package static let unarmed = UInt64.max
    private static let none = UInt32.max

    private let mask: UInt64
    private var heads: [UInt32]
    /// One bit per bucket that holds a timer.
    private var occupied: [UInt64]
    private var entries: [Entry] = []
    private var currentTick: UInt64

    /// - Parameter buckets: a power of two, at least 64.
    package init(buckets: Int = 4096, startTick: UInt64) {
        precondition(buckets >= 64 && buckets & (buckets - 1) == 0)
        mask = UInt64(buckets - 1)
        heads = Array(repeating: TimerWheel.none, count: buckets)
        occupied = Array(repeating: 0, count: buckets / 64)
        currentTick = startTick
    }

    /// Makes room for slots below `count`.
    package mutating func grow(to count: Int) {
        while entries.count < count { entries.append(Entry()) }
    }

    /// The tick that `slot` is armed for, or `unarmed`.
    package func armedTick(_ slot: UInt32) -> UInt64 { entries[Int(slot)].tick }

    /// Arms `slot` for `tick`, in place of what it was armed for.
    package mutating func arm(_ slot: UInt32, at tick: UInt64) {
        disarm(slot)
        let due = max(tick, currentTick + 1)
        let bucket = Int(due & mask)
        let head = heads[bucket]
        entries[Int(slot)] = Entry(tick: due, next: head, previous: TimerWheel.none)
        if head != TimerWheel.none { entries[Int(head)].previous = slot }
        heads[bucket] = slot
        occupied[bucket >> 6] |= 1 << UInt64(bucket & 63)
    }

    package mutating func disarm(_ slot: UInt32) {
        let entry = entries[Int(slot)]
        guard entry.tick != TimerWheel.unarmed else { return }
        let bucket = Int(entry.tick & mask)
        if entry.next != TimerWheel.none { entries[Int(entry.next)].previous = entry.previous }
        if entry.previous != TimerWheel.none {
            entries[Int(entry.previous)].next = entry.next
        } else {
            heads[bucket] = entry.next
            if entry.next == TimerWheel.none { occupied[bucket >> 6] &= ~(1 << UInt64(bucket & 63)) }
        }
        entries[Int(slot)] = Entry()
    }

    /// Ticks until the next bucket that holds a timer, which may be of a later round; nil when there is no timer.
    package func ticksUntilNext() -> UInt64? {
        var bucket = (currentTick + 1) & mask
        var passed: UInt64 = 1
        while passed <= mask + 1 {
            let bits = occupied[Int(bucket >> 6)] >> (bucket & 63)
            if bits != 0 { return passed + UInt64(bits.trailingZeroBitCount) }
            let step = 64 - (bucket & 63)
            passed += step
            bucket = (bucket + step) & mask
        }
        return nil
    }

    /// Moves on to `tick` and appends the slots that are due, each disarmed, to `due`.
    package mutating func advance(to tick: UInt64, due: inout [UInt32]) {
        guard tick > currentTick else { return }
        let steps = min(tick - currentTick, mask + 1)
        for step in 1...steps {
            let bucket = Int((tick - steps + step) & mask)
            var slot = heads[bucket]
            while slot != TimerWheel.none {
                let next = entries[Int(slot)].next
                if entries[Int(slot)].tick <= tick {
                    disarm(slot)
                    due.append(slot)
                }
                slot = next
            }
        }
        currentTick = tick
    }
}
