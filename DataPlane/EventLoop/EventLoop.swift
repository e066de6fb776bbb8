import CSystem
import Glibc

/// Why a call to the kernel failed.
package struct SystemError: Error, CustomStringConvertible {
    package let operation: String
    package let code: Int32

    package init(_ operation: String, code: Int32 = errno) {
        self.operation = operation
        self.code = code
    }

    package var description: String { "\(operation): \(String(cString: strerror(code)))" }
}

/// One thread's loop over epoll.
///
/// Descriptors are registered once. Tokens in the kernel carry a slab slot and its generation, so an event that a batch
/// holds for a descriptor closed earlier in the same batch finds nobody. Handlers are released at the end of a turn,
/// never under the feet of their caller.
package final class EventLoop {
    private struct Slot {
        var handler: Unmanaged<EventHandler>?
        var generation: UInt32 = 0
        var nextFree = EventHandler.unregistered
    }

    /// Milliseconds per tick of the timer wheel.
    package static let tickMilliseconds: UInt64 = 16
    private static let batch = 512

    private let epoll: Int32
    private let events: UnsafeMutablePointer<portico_event>
    @exclusivity(unchecked) private var slots: UnsafeMutablePointer<Slot>
    @exclusivity(unchecked) private var slotCapacity = 0
    @exclusivity(unchecked) private var slotCount = 0
    @exclusivity(unchecked) private var firstFree = EventHandler.unregistered
    @exclusivity(unchecked) private var wheel: TimerWheel
    @exclusivity(unchecked) private var due: [UInt32] = []
    @exclusivity(unchecked) private var queue: [Unmanaged<EventHandler>] = []
    @exclusivity(unchecked) private var queueInTurn: [Unmanaged<EventHandler>] = []
    @exclusivity(unchecked) private var retired: [Unmanaged<EventHandler>] = []

    @exclusivity(unchecked) private var time = LoopClock()
    /// Handlers registered now.
    @exclusivity(unchecked) package private(set) var handlerCount = 0

    // Not stored properties: another module's access to those is checked for exclusivity, whatever they say of it.

    /// The clock, read once per turn.
    package var clock: LoopClock { time }
    /// The turn's time in milliseconds.
    package var now: UInt64 { time.milliseconds }

    package init() throws {
        epoll = portico_epoll_create()
        guard epoll >= 0 else { throw SystemError("epoll_create1") }
        events = .allocate(capacity: EventLoop.batch)
        slots = .allocate(capacity: 0)
        wheel = TimerWheel(startTick: time.milliseconds / EventLoop.tickMilliseconds)
        queue.reserveCapacity(256)
        queueInTurn.reserveCapacity(256)
        retired.reserveCapacity(256)
        due.reserveCapacity(256)
    }

    deinit {
        releaseRetired()
        for index in 0..<slotCount { slots[index].handler?.release() }
        slots.deallocate()
        events.deallocate()
        close(epoll)
    }

    // MARK: Registration

    /// Takes `handler` in, with a timer but no descriptor.
    package func register(_ handler: EventHandler) {
        if firstFree == EventHandler.unregistered { growSlots() }
        let slot = firstFree
        firstFree = slots[Int(slot)].nextFree
        slots[Int(slot)].handler = Unmanaged.passRetained(handler)
        handler.slot = slot
        handlerCount += 1
        if handler.deadline != .max { wheel.arm(slot, at: tick(for: handler.deadline)) }
    }

    /// Takes `handler` in for the events of `descriptor`.
    package func register(
        _ handler: EventHandler, descriptor: Int32, for interest: Readiness, edgeTriggered: Bool = true
    ) throws(SystemError) {
        register(handler)
        let edge: Int32 = edgeTriggered ? 1 : 0
        guard portico_epoll_add(epoll, descriptor, interest.rawValue, edge, token(handler.slot)) == 0 else {
            let error = SystemError("epoll_ctl")
            unregister(handler)
            throw error
        }
    }

    /// Changes what a descriptor is watched for; only rare, level-triggered handlers do so.
    package func change(
        _ handler: EventHandler, descriptor: Int32, to interest: Readiness, edgeTriggered: Bool = true
    ) {
        guard handler.slot != EventHandler.unregistered else { return }
        let edge: Int32 = edgeTriggered ? 1 : 0
        _ = portico_epoll_modify(epoll, descriptor, interest.rawValue, edge, token(handler.slot))
    }

    /// Stops watching a descriptor that stays open.
    package func forget(descriptor: Int32) {
        _ = portico_epoll_remove(epoll, descriptor)
    }

    /// Lets go of `handler`; the caller closes the descriptor. It is released at the end of the turn.
    package func unregister(_ handler: EventHandler) {
        let slot = handler.slot
        guard slot != EventHandler.unregistered, let reference = slots[Int(slot)].handler else { return }
        wheel.disarm(slot)
        handler.slot = EventHandler.unregistered
        handler.deadline = .max
        slots[Int(slot)].handler = nil
        slots[Int(slot)].generation &+= 1
        slots[Int(slot)].nextFree = firstFree
        firstFree = slot
        handlerCount -= 1
        retired.append(reference)
    }

    /// Lets go of all handlers: the loop is not used any more.
    package func unregisterAll() {
        forEachHandler { unregister($0) }
        releaseRetired()
    }

    /// Calls `body` with every handler registered now; it may unregister them.
    package func forEachHandler(_ body: (EventHandler) -> Void) {
        for index in 0..<slotCount {
            guard let handler = slots[index].handler else { continue }
            handler._withUnsafeGuaranteedRef { body($0) }
        }
    }

    private func token(_ slot: UInt32) -> UInt64 {
        UInt64(slots[Int(slot)].generation) << 32 | UInt64(slot)
    }

    private func growSlots() {
        let capacity = max(64, slotCapacity * 2)
        let larger = UnsafeMutablePointer<Slot>.allocate(capacity: capacity)
        larger.moveInitialize(from: slots, count: slotCount)
        slots.deallocate()
        slots = larger
        slotCapacity = capacity
        for index in (slotCount..<capacity).reversed() {
            (slots + index).initialize(to: Slot(nextFree: firstFree))
            firstFree = UInt32(index)
        }
        slotCount = capacity
        wheel.grow(to: capacity)
    }

    // MARK: Time

    private func tick(for milliseconds: UInt64) -> UInt64 {
        (milliseconds + EventLoop.tickMilliseconds - 1) / EventLoop.tickMilliseconds
    }

    /// Sets when `deadlinePassed` is called. Moving a deadline later is one store.
    package func setDeadline(_ handler: EventHandler, at milliseconds: UInt64) {
        handler.deadline = milliseconds
        guard milliseconds != .max, handler.slot != EventHandler.unregistered else { return }
        let due = tick(for: milliseconds)
        if due < wheel.armedTick(handler.slot) { wheel.arm(handler.slot, at: due) }
    }

    /// Sets the deadline to `milliseconds` from now.
    package func setDeadline(_ handler: EventHandler, after milliseconds: UInt32) {
        setDeadline(handler, at: time.milliseconds + UInt64(milliseconds))
    }

    // MARK: Turns

    /// Calls `resume` of `handler` in the next turn, before the loop sleeps: for work beyond one turn's budget.
    package func runAgain(_ handler: EventHandler) {
        guard !handler.isQueued else { return }
        handler.isQueued = true
        queue.append(Unmanaged.passRetained(handler))
    }

    /// Waits for events, for at most `milliseconds`, and handles one batch of them.
    package func turn(waitingAtMost milliseconds: UInt64 = 1_000) throws(SystemError) {
        let count = portico_epoll_wait(epoll, events, Int32(EventLoop.batch), Int32(waitTime(atMost: milliseconds)))
        if count < 0, errno != EINTR { throw SystemError("epoll_wait") }
        time.update()
        if count > 0 { dispatch(Int(count)) }
        if !queue.isEmpty { runQueue() }
        fireTimers()
        releaseRetired()
    }

    private func waitTime(atMost limit: UInt64) -> UInt64 {
        if !queue.isEmpty { return 0 }
        guard let ticks = wheel.ticksUntilNext() else { return limit }
        let current = time.milliseconds / EventLoop.tickMilliseconds
        let due = (current + ticks) * EventLoop.tickMilliseconds
        return min(limit, due > time.milliseconds ? due - time.milliseconds : 0)
    }

    private func dispatch(_ count: Int) {
        for index in 0..<count {
            let event = events[index]
            let slot = Int(event.token & 0xFFFF_FFFF)
            guard slot < slotCount, slots[slot].generation == UInt32(event.token >> 32),
                let handler = slots[slot].handler
            else { continue }
            handler._withUnsafeGuaranteedRef { $0.ready(event.events) }
        }
    }

    private func runQueue() {
        swap(&queue, &queueInTurn)
        for reference in queueInTurn {
            reference._withUnsafeGuaranteedRef { handler in
                handler.isQueued = false
                if handler.slot != EventHandler.unregistered { handler.resume() }
            }
        }
        for reference in queueInTurn { reference.release() }
        queueInTurn.removeAll(keepingCapacity: true)
    }

    private func fireTimers() {
        wheel.advance(to: time.milliseconds / EventLoop.tickMilliseconds, due: &due)
        guard !due.isEmpty else { return }
        for slot in due {
            guard let handler = slots[Int(slot)].handler else { continue }
            handler._withUnsafeGuaranteedRef { handler in
                // A handler of an earlier slot may have given this one to somebody else.
                guard handler.slot == slot, handler.deadline != .max else { return }
                if handler.deadline > time.milliseconds {
                    wheel.arm(slot, at: tick(for: handler.deadline))
                } else {
                    handler.deadline = .max
                    handler.deadlinePassed()
                }
            }
        }
        due.removeAll(keepingCapacity: true)
    }

    private func releaseRetired() {
        // Releasing one may retire another.
        while let reference = retired.popLast() { reference.release() }
    }
}
