import CSystem

/// What the kernel says of a descriptor, as epoll's bits. Asked twice per event, hence inlinable.
@usableFromInline
package struct Readiness: OptionSet, Sendable {
    @usableFromInline
    package let rawValue: UInt32
    @inlinable
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let readable = Readiness(rawValue: UInt32(PORTICO_READABLE))
    package static let writable = Readiness(rawValue: UInt32(PORTICO_WRITABLE))
    package static let failed = Readiness(rawValue: UInt32(PORTICO_FAILED))
    /// Both directions are shut.
    package static let hungUp = Readiness(rawValue: UInt32(PORTICO_HUNG_UP))
    /// The peer will send no more.
    package static let peerClosed = Readiness(rawValue: UInt32(PORTICO_PEER_CLOSED))

    /// What a stream socket is registered for.
    package static let stream = Readiness(
        rawValue: UInt32(PORTICO_READABLE | PORTICO_WRITABLE | PORTICO_PEER_CLOSED))
    /// What one is registered for that may never have to wait before it writes.
    package static let incoming = Readiness(rawValue: UInt32(PORTICO_READABLE | PORTICO_PEER_CLOSED))

    // The questions of every event, as plain bits: set algebra of another module is generic code at run time.

    /// There is something to read, were it the end or an error.
    @inlinable package var mayRead: Bool {
        rawValue & UInt32(PORTICO_READABLE | PORTICO_PEER_CLOSED | PORTICO_HUNG_UP | PORTICO_FAILED) != 0
    }

    /// The end of the stream, or of the connection, is near.
    @inlinable package var willEnd: Bool {
        rawValue & UInt32(PORTICO_PEER_CLOSED | PORTICO_HUNG_UP | PORTICO_FAILED) != 0
    }

    /// The outcome of connecting is known.
    @inlinable package var hasConnected: Bool {
        rawValue & UInt32(PORTICO_WRITABLE | PORTICO_HUNG_UP | PORTICO_FAILED) != 0
    }

    @inlinable package var isWritable: Bool { rawValue & UInt32(PORTICO_WRITABLE) != 0 }
    @inlinable package var hasFailed: Bool { rawValue & UInt32(PORTICO_FAILED) != 0 }
    @inlinable package var hasHungUp: Bool { rawValue & UInt32(PORTICO_HUNG_UP) != 0 }
}

/// Owns one descriptor, or only a timer, in an event loop. Subclassed once per role.
///
/// A class rather than a closure or an existential: the loop reaches it through one virtual call and no reference count.
open class EventHandler {
    /// The place in the loop's slab; `unregistered` outside of a loop.
    @exclusivity(unchecked) package final var slot: UInt32 = EventHandler.unregistered
    /// The loop's time in milliseconds after which `deadlinePassed` is called; kept here so that moving it is one store.
    @exclusivity(unchecked) package final var deadline: UInt64 = .max
    /// Waiting in the loop's queue for another turn.
    @exclusivity(unchecked) final var isQueued = false

    package static let unregistered = UInt32.max

    public init() {}

    /// The descriptor is ready. Edge-triggered handlers read and write until the kernel has no more.
    open func ready(_ events: UInt32) {}

    /// The deadline has passed; it is unset by now.
    open func deadlinePassed() {}

    /// The handler had asked for another turn (`EventLoop.runAgain`).
    open func resume() {}
}
