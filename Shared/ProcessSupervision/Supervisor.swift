import CSystem
import Glibc

/// Keeps child processes alive until told to stop, and then sees every one of them end.
///
/// The thin shell around `ChildLifecycle`: it owns the descriptors and the clock, and decides nothing. All calls, and
/// all the callbacks, are on the thread that calls `run`.
package final class Supervisor {
    /// One supervised child and how to start it.
    package struct Child {
        package var name: String
        /// Called for every start; descriptors made for the child are the caller's to close afterwards.
        package var command: () throws -> ChildCommand
        package var onStart: (ChildProcess) -> Void = { _ in }
        /// The process ended; `isStopping` tells an end that was asked for from a crash.
        package var onEnd: (ProcessEnd, _ isStopping: Bool) -> Void = { _, _ in }

        package init(name: String, command: @escaping () throws -> ChildCommand) {
            self.name = name
            self.command = command
        }
    }

    private struct Slot {
        var child: Child
        var lifecycle: ChildLifecycle
        var process: ChildProcess?
    }

    package let loop: PollLoop
    /// Called for each SIGTERM, SIGINT and SIGHUP, in place of ending the process.
    package var onSignal: (Int32) -> Void = { _ in }
    /// Lines for people: starts, ends, failures.
    package var log: (String) -> Void = { _ in }
    private var slots: [Slot] = []
    private var isStopping = false

    package init(loop: PollLoop = PollLoop()) {
        self.loop = loop
    }

    /// Starts after the first one, of each child in the order they were added.
    package var restarts: [Int] { slots.map(\.lifecycle.restarts) }

    package var processIDs: [pid_t?] { slots.map { $0.process?.id } }

    /// Adds a child; it is started by the next turn of `run`.
    package func add(_ child: Child, policy: RestartPolicy = RestartPolicy()) {
        let now = PollLoop.now
        slots.append(Slot(child: child, lifecycle: ChildLifecycle(policy: policy, now: now)))
        let index = slots.count - 1
        loop.schedule(at: now) { self.tick(index) }
    }

    /// Asks every child to end with SIGTERM and kills what is left after `grace`; `run` returns when all have ended.
    /// A second call can only shorten the grace.
    package func stop(grace: Milliseconds) {
        isStopping = true
        for index in slots.indices {
            let order = slots[index].lifecycle.stop(now: PollLoop.now, grace: grace)
            perform(order, index)
            scheduleTick(index)
        }
        stopLoopIfDone()
    }

    /// Supervises until `stop` was called and the last child has ended.
    package func run() throws(SpawnError) {
        let signals = portico_signal_pipe()
        guard signals >= 0 else { throw SpawnError(path: "signal handling", code: -signals) }
        loop.watch(signals, for: .readable) { _ in self.takeSignals(signals) }
        stopLoopIfDone()
        loop.run()
        loop.unwatch(signals)
    }

    private func takeSignals(_ descriptor: Int32) {
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = read(descriptor, &bytes, bytes.count)
        for byte in bytes.prefix(max(0, count)) { onSignal(Int32(byte)) }
    }

    private func tick(_ index: Int) {
        perform(slots[index].lifecycle.tick(now: PollLoop.now), index)
    }

    private func scheduleTick(_ index: Int) {
        guard let deadline = slots[index].lifecycle.deadline else { return }
        loop.schedule(at: deadline) { self.tick(index) }
    }

    private func perform(_ order: ChildLifecycle.Order?, _ index: Int) {
        switch order {
        case .start: start(index)
        case .terminate: slots[index].process?.send(signal: SIGTERM)
        case .kill:
            log("\(slots[index].child.name) did not end in time and is killed")
            slots[index].process?.send(signal: SIGKILL)
        case nil: break
        }
    }

    private func start(_ index: Int) {
        do {
            let process = try ChildProcess.start(slots[index].child.command())
            slots[index].process = process
            slots[index].lifecycle.started(now: PollLoop.now)
            loop.watch(process.descriptor, for: .readable) { _ in self.takeEnd(index) }
            slots[index].child.onStart(process)
        } catch {
            log("\(slots[index].child.name): \(error)")
            slots[index].lifecycle.ended(now: PollLoop.now)
            scheduleTick(index)
        }
    }

    private func takeEnd(_ index: Int) {
        guard let process = slots[index].process else { return }
        loop.unwatch(process.descriptor)
        guard let status = process.reap() else {
            loop.watch(process.descriptor, for: .readable) { _ in self.takeEnd(index) }
            return
        }
        slots[index].process = nil
        slots[index].lifecycle.ended(now: PollLoop.now)
        if !isStopping { log("\(slots[index].child.name) (process \(process.id)) \(status)") }
        slots[index].child.onEnd(status, isStopping)
        scheduleTick(index)
        stopLoopIfDone()
    }

    private func stopLoopIfDone() {
        if isStopping && slots.allSatisfy(\.lifecycle.hasEnded) { loop.stop() }
    }
}
