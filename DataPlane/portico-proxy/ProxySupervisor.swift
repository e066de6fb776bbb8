import CSystem
import ControlClient
import Glibc
import Policies
import PorticoModel
import ProcessSupervision

/// Opens the listening sockets once and keeps the workers alive on them.
///
/// Each worker has a socket of its own per address (SO_REUSEPORT). The supervisor holds them all, so that connections
/// that wait in the accept queue of a dead worker are there for the next one.
final class ProxySupervisor {
    /// Workers end their drain on their own; this only catches one that hangs.
    private static let grace: Milliseconds = 300_000
    /// Under these numbers a worker finds what it inherits.
    private static let stateDescriptor: Int32 = 3
    private static let limitsDescriptor: Int32 = 4
    private static let handoverDescriptor: Int32 = 5
    private static let firstListener: Int32 = 6

    private let options: ProxyOptions
    private let supervisor = Supervisor()
    private let stateLink: StateLink
    /// What limits are counted in, by all workers and beyond each one's life; negative where the system refuses it.
    private let limits = portico_shared_memory(UInt(SharedLimits.byteCount))
    /// By worker, then in the order of the addresses.
    private var listeners: [[Int32]] = []
    private let streams: StreamSockets
    private var sessions: [Int: StateCacheSession] = [:]
    private var health: HealthResponder?
    private var geoFiles: GeoFiles?
    private var isStopping = false

    init(options: ProxyOptions) {
        self.options = options
        let identity = LinkIdentity(
            node: options.node, process: "supervisor", classGroup: options.classGroup,
            incarnation: "\(getpid())-\(UInt64.random(in: 0 ... .max))", processID: UInt32(getpid()))
        stateLink = StateLink(
            path: options.controlSocket, identity: identity, loop: supervisor.loop, log: ProxySupervisor.log)
        streams = StreamSockets(
            http: options.http, workers: options.workers, loop: supervisor.loop, log: ProxySupervisor.log)
    }

    static func log(_ line: String) { writeLine("portico-proxy: \(line)", to: STDERR_FILENO) }

    /// Serves until it is told to stop and the last worker has ended.
    func run() throws {
        raiseDescriptorLimit()
        try openSockets()
        supervisor.log = ProxySupervisor.log
        supervisor.onSignal = { self.take(signal: $0) }
        stateLink.onDrain = { self.stop(grace: Milliseconds($0) + 5_000) }
        stateLink.onUpdate = {
            if !self.isStopping { self.streams.follow(self.stateLink.cache.streamPorts) }
        }
        if let folder = options.geoFolder {
            let streams = streams
            let files = GeoFiles(folder: folder, loop: supervisor.loop, log: ProxySupervisor.log) {
                streams.hand($0, $1)
            }
            files.start()
            geoFiles = files
        }
        stateLink.start()
        for index in 0..<options.workers { addWorker(index) }
        try supervisor.run()
    }

    private func openSockets() throws(ListenError) {
        listeners = Array(repeating: [], count: options.workers)
        for address in options.http + options.https {
            let group = try ListeningSocket.openGroup(on: address, count: options.workers)
            for (index, socket) in group.enumerated() { listeners[index].append(socket) }
        }
        guard let address = options.health else { return }
        let socket = try ListeningSocket.open(on: address)
        health = HealthResponder(listener: socket, loop: supervisor.loop) { [unowned self] in self.isReady }
    }

    /// Every worker runs and there is a state for them to serve.
    private var isReady: Bool {
        !isStopping && stateLink.cache.isComplete && supervisor.processIDs.allSatisfy { $0 != nil }
    }

    private func addWorker(_ index: Int) {
        var (childEnd, handover): (Int32, Int32) = (-1, -1)
        var child = Supervisor.Child(name: "worker-\(index)") { [unowned self] in
            childEnd = try self.openSession(index)
            handover = try self.streams.openChannel(index)
            return self.command(index, state: childEnd, handover: handover)
        }
        child.onStart = { [unowned self] _ in
            close(childEnd)
            close(handover)
            self.stateLink.report(restarts: self.supervisor.restarts.reduce(0, +))
        }
        child.onEnd = { [unowned self] _, _ in
            self.closeSession(index)
            self.streams.closeChannel(index)
        }
        supervisor.add(child)
    }

    private func command(_ index: Int, state: Int32, handover: Int32) -> ChildCommand {
        var worker = WorkerOptions()
        worker.index = index
        worker.workers = options.workers
        worker.controlSocket = options.controlSocket
        worker.stateDescriptor = ProxySupervisor.stateDescriptor
        worker.classGroup = options.classGroup
        worker.node = options.node
        worker.handoverDescriptor = ProxySupervisor.handoverDescriptor
        var descriptors = [worker.stateDescriptor: state, worker.handoverDescriptor: handover]
        if limits >= 0 {
            worker.limitsDescriptor = ProxySupervisor.limitsDescriptor
            descriptors[worker.limitsDescriptor] = limits
        }
        for (offset, socket) in listeners[index].enumerated() {
            let number = ProxySupervisor.firstListener + Int32(offset)
            if offset < options.http.count {
                worker.listeners.append(number)
            } else {
                worker.secureListeners.append(number)
            }
            descriptors[number] = socket
        }
        // The very file that runs, though an upgrade may have put another one in its place.
        return ChildCommand(
            path: "/proc/self/exe", name: "portico-proxy", arguments: worker.arguments, descriptors: descriptors)
    }

    // MARK: State for new workers

    /// - Returns: the worker's end of a new pair.
    private func openSession(_ index: Int) throws(SpawnError) -> Int32 {
        closeSession(index)
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw SpawnError(path: "a worker's socket pair", code: errno)
        }
        let session = StateCacheSession(descriptor: ends[0], cache: stateLink.cache)
        sessions[index] = session
        supervisor.loop.watch(ends[0], for: .readable) { [unowned self] _ in self.pump(session, of: index) }
        return ends[1]
    }

    private func pump(_ session: StateCacheSession, of index: Int) {
        let descriptor = session.descriptor
        if session.pump() {
            supervisor.loop.change(descriptor, to: session.wantsWrite ? [.readable, .writable] : .readable)
        } else {
            supervisor.loop.unwatch(descriptor)
            if sessions[index] === session { sessions[index] = nil }
        }
    }

    private func closeSession(_ index: Int) {
        guard let session = sessions.removeValue(forKey: index) else { return }
        if session.descriptor >= 0 { supervisor.loop.unwatch(session.descriptor) }
    }

    // MARK: The end

    private func take(signal: Int32) {
        guard signal != SIGHUP else { return }
        stop(grace: isStopping ? 0 : ProxySupervisor.grace)
    }

    private func stop(grace: Milliseconds) {
        supervisor.stop(grace: grace)
        guard !isStopping else { return }
        isStopping = true
        // From here on only the workers hold the sockets, and with the last of them new connections are refused.
        for socket in listeners.joined() { close(socket) }
        streams.closeAll()
    }

    /// Workers inherit the limit.
    private func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
