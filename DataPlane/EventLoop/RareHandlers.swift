import CSystem
import Glibc

/// Watches a descriptor for somebody off the data path, who gets a closure call.
package final class DescriptorHandler: EventHandler {
    private var body: ((Readiness) -> Void)?

    package init(_ body: @escaping (Readiness) -> Void) {
        self.body = body
    }

    override package func ready(_ events: UInt32) { body?(Readiness(rawValue: events)) }

    /// Breaks a cycle through the closure.
    package func cancel() { body = nil }
}

/// Calls a closure again and again.
package final class PeriodicTimer: EventHandler {
    private let loop: EventLoop
    private let milliseconds: UInt32
    private let body: () -> Void

    package init(in loop: EventLoop, every milliseconds: UInt32, _ body: @escaping () -> Void) {
        self.loop = loop
        self.milliseconds = milliseconds
        self.body = body
        super.init()
        loop.register(self)
        loop.setDeadline(self, after: milliseconds)
    }

    override package func deadlinePassed() {
        loop.setDeadline(self, after: milliseconds)
        body()
    }
}

/// Signals as events.
package final class SignalHandler: EventHandler {
    private let descriptor: Int32
    private let body: (Int32) -> Void

    /// Blocks `signals` for this thread and reports them to `body` in the loop.
    package init(for signals: [Int32], in loop: EventLoop, _ body: @escaping (Int32) -> Void) throws {
        descriptor = portico_signalfd(signals, Int32(signals.count))
        guard descriptor >= 0 else { throw SystemError("signalfd") }
        self.body = body
        super.init()
        try loop.register(self, descriptor: descriptor, for: .readable)
    }

    deinit { close(descriptor) }

    override package func ready(_ events: UInt32) {
        while true {
            let signal = portico_signalfd_read(descriptor)
            if signal == 0 { return }
            body(signal)
        }
    }
}

/// Wakes a loop from another thread.
package final class WakeUp: EventHandler, @unchecked Sendable {
    private let descriptor: Int32
    private let body: () -> Void

    package init(in loop: EventLoop, _ body: @escaping () -> Void) throws {
        descriptor = portico_eventfd()
        guard descriptor >= 0 else { throw SystemError("eventfd") }
        self.body = body
        super.init()
        try loop.register(self, descriptor: descriptor, for: .readable)
    }

    deinit { close(descriptor) }

    /// From any thread; several calls may come to one.
    package func signal() {
        var one: UInt64 = 1
        _ = write(descriptor, &one, 8)
    }

    override package func ready(_ events: UInt32) {
        var count: UInt64 = 0
        _ = read(descriptor, &count, 8)
        body()
    }
}
