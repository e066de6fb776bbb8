import ControlClient
import ControlLink
import EventLoop
import Glibc
import PorticoModel
import Routing

/// Drives the control link in the worker's loop: first the supervisor's socket for the state that it keeps, then the
/// control plane's, again and again.
final class LinkAttachment: EventHandler {
    /// What one turn takes in, so that a large snapshot does not hold up requests.
    private static let readBudget = 4
    private static let readCount = 64 << 10

    private unowned let worker: Worker
    private let loop: EventLoop
    private let client: ControlLinkClient
    private let controlSocketPath: String?
    private let buffer: UnsafeMutableRawBufferPointer
    private var descriptor: Int32 = -1
    private var isSupervisors = false
    private var backOff = ReconnectBackOff()
    private var random = SystemRandomNumberGenerator()
    private let fold: MetricsFold
    private let core: WorkerCore

    init(worker: Worker, loop: EventLoop, configuration: WorkerConfiguration) {
        self.worker = worker
        self.loop = loop
        controlSocketPath = configuration.controlSocketPath
        var generator = SystemRandomNumberGenerator()
        client = ControlLinkClient(
            identity: LinkIdentity(
                node: configuration.node, process: configuration.processName, classGroup: configuration.classGroup,
                incarnation: String(generator.next(), radix: 16), processID: UInt32(getpid())))
        buffer = .allocate(byteCount: LinkAttachment.readCount, alignment: 16)
        core = worker.core
        fold = MetricsFold(core: worker.core, streams: worker.streams)
        super.init()
        if let inherited = configuration.supervisorLink {
            UnixSocket.makeNonBlocking(inherited)
            isSupervisors = true
            attach(inherited)
        } else {
            connect()
        }
    }

    deinit { buffer.deallocate() }

    // MARK: Connection

    private func attach(_ descriptor: Int32) {
        self.descriptor = descriptor
        do { try loop.register(self, descriptor: descriptor, for: .stream) } catch {
            close(descriptor)
            self.descriptor = -1
            return waitToConnect()
        }
        client.connectionOpened()
        flush()
    }

    private func detach() {
        guard descriptor >= 0 else { return }
        client.connectionClosed()
        loop.unregister(self)
        close(descriptor)
        descriptor = -1
    }

    private func connect() {
        isSupervisors = false
        guard let controlSocketPath else { return }
        guard let connected = try? UnixSocket.connect(path: controlSocketPath) else { return waitToConnect() }
        UnixSocket.makeNonBlocking(connected)
        attach(connected)
    }

    private func waitToConnect() {
        guard controlSocketPath != nil else { return }
        loop.register(self)
        loop.setDeadline(self, after: UInt32(backOff.next(random: random.next())))
    }

    /// The connection is no longer of use: on to the control plane's socket.
    private func moveOn() {
        let wasSupervisors = isSupervisors
        detach()
        if wasSupervisors { connect() } else { waitToConnect() }
    }

    override func deadlinePassed() {
        guard descriptor < 0 else { return }
        loop.unregister(self)
        connect()
    }

    // MARK: Traffic

    override func ready(_ events: UInt32) {
        let events = Readiness(rawValue: events)
        if events.mayRead { receive() }
        if descriptor >= 0 { flush() }
    }

    override func resume() { if descriptor >= 0 { receive() } }

    private func receive() {
        for _ in 0..<Self.readBudget {
            switch SocketTransfer.read(descriptor, into: buffer) {
            case .read(let count):
                do { try client.receive(UnsafeRawBufferPointer(rebasing: buffer[..<count])) } catch {
                    return moveOn()
                }
                perform()
                guard descriptor >= 0 else { return }
                flush()
                guard descriptor >= 0 else { return }
            case .wouldBlock: return
            case .closed: return moveOn()
            }
        }
        loop.runAgain(self)
    }

    private func flush() {
        if !SocketTransfer.flush(&client.output, to: descriptor) { moveOn() }
    }

    private func perform() {
        while let order = client.nextOrder() {
            switch order {
            case .connected:
                backOff.reset()
                fold.forgetReported()
            case .apply(let update): client.finishApplying(apply(update))
            case .setEndpoints(let sets): for set in sets { worker.apply(set) }
            case .removeUpstreams(let names): for name in names { worker.removeEndpoints(of: name) }
            case .setObjects(let objects): worker.apply(objects)
            case .removeObjects(let names): worker.remove(names)
            case .initialStateComplete: if isSupervisors { return moveOn() }
            case .drain(let milliseconds): worker.drain(milliseconds: milliseconds)
            }
        }
    }

    private func apply(_ update: SnapshotUpdate) -> ApplyOutcome {
        var builder = RoutingTable.Builder(previous: worker.routing)
        for section in update.changed { builder.set(section) }
        for name in update.removed { builder.remove(name) }
        worker.apply(builder.build())
        worker.streams.apply(changed: update.changed, removed: update.removed)
        return .applied
    }

    // MARK: Metrics

    /// Sends the spans that ended since.
    func sendSpans() {
        guard !core.spans.isEmpty, client.isWelcomed, !isSupervisors else { return }
        core.spans.handOver { client.send($0) }
        flush()
    }

    /// Sends what was counted since the last report, and what people should know of.
    func report() {
        guard client.isWelcomed, !isSupervisors else { return }
        tellNotices()
        guard let report = fold.report(connections: loop.handlerCount) else {
            return
        }
        if client.report(report) { flush() } else { fold.forgetReported() }
    }

    private func tellNotices() {
        let notices = worker.core.notices.take()
        for notice in notices { client.log(level: "warning", notice) }
        if !notices.isEmpty { flush() }
    }
}
