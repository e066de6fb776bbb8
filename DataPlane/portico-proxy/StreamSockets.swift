import Glibc
import PorticoModel
import ProcessSupervision
import StreamProxy

/// The sockets of TCP and UDP services, and the workers that they are handed to.
///
/// They follow the configuration that the supervisor holds. Each worker has a socket of its own per port and address, as
/// for HTTP, and the supervisor keeps all of them: connections that wait for a worker that died, and datagrams on their
/// way to it, are there for the next one, and which worker a client's datagrams go to does not change.
final class StreamSockets {
    /// How often a port that could not be opened is tried again.
    private static let retryMilliseconds: Milliseconds = 5_000

    private let hosts: [String]
    private let reserved: Set<UInt16>
    private let workers: Int
    private let loop: PollLoop
    private let log: (String) -> Void
    /// By port, then by worker, one for each host.
    private var sockets: [StreamService.Port: [[Int32]]] = [:]
    private var wanted: Set<StreamService.Port> = []
    private var channels: [Int: WorkerChannel] = [:]
    private var complaints: [StreamService.Port: String] = [:]
    private var isRetrying = false
    /// What every worker gets besides.
    private var databases: [GeoDatabaseKind: Int32] = [:]

    /// - Parameter http: where HTTP is served: streams come in at the same addresses, and not at the same ports.
    init(http: [ListenAddress], workers: Int, loop: PollLoop, log: @escaping (String) -> Void) {
        hosts = Array(Set(http.map(\.host))).sorted()
        reserved = Set(http.map(\.port))
        self.workers = workers
        self.loop = loop
        self.log = log
    }

    /// Opens and closes what is different.
    func follow(_ ports: Set<StreamService.Port>) {
        wanted = ports
        for port in sockets.keys.filter({ !ports.contains($0) }) {
            for socket in sockets.removeValue(forKey: port)?.joined() ?? [].joined() { close(socket) }
            for channel in channels.values { channel.send(.close(port)) }
        }
        complaints = complaints.filter { ports.contains($0.key) }
        openMissing()
    }

    private func openMissing() {
        for port in wanted.sorted() where sockets[port] == nil {
            do throws(ListenError) {
                let opened = try open(port)
                sockets[port] = opened
                complaints[port] = nil
                for (worker, channel) in channels { for socket in opened[worker] { channel.send(.open(port), socket) } }
            } catch {
                if complaints.updateValue(error.description, forKey: port) != error.description {
                    log("\(port) is not served: \(error.description)")
                }
            }
        }
        guard wanted.contains(where: { sockets[$0] == nil }), !isRetrying else { return }
        isRetrying = true
        loop.schedule(after: StreamSockets.retryMilliseconds) { [unowned self] in
            self.isRetrying = false
            self.openMissing()
        }
    }

    private func open(_ port: StreamService.Port) throws(ListenError) -> [[Int32]] {
        var opened: [[Int32]] = Array(repeating: [], count: workers)
        for host in hosts {
            let address = ListenAddress(host: host, port: port.number)
            do throws(ListenError) {
                if port.transport == .tcp, reserved.contains(port.number) {
                    throw ListenError(address: address, code: EADDRINUSE)
                }
                let group = try ListeningSocket.openGroup(
                    on: address, count: workers, kind: port.transport == .tcp ? .stream : .datagram)
                for (worker, socket) in group.enumerated() { opened[worker].append(socket) }
            } catch {
                for socket in opened.joined() { close(socket) }
                throw error
            }
        }
        return opened
    }

    // MARK: Workers

    /// - Returns: a new worker's end of its channel, for the caller to close.
    func openChannel(_ worker: Int) throws(SpawnError) -> Int32 {
        closeChannel(worker)
        let channel = try WorkerChannel(loop: loop)
        channels[worker] = channel
        for (kind, file) in databases { channel.send(.database(kind), file) }
        for port in sockets.keys.sorted() {
            for socket in sockets[port]?[worker] ?? [] { channel.send(.open(port), socket) }
        }
        return channel.workersEnd
    }

    /// Hands a database of addresses to all workers, those to come among them; the descriptor stays open here until another
    /// one of its kind comes.
    func hand(_ kind: GeoDatabaseKind, _ file: Int32) {
        if let earlier = databases.updateValue(file, forKey: kind) { close(earlier) }
        for channel in channels.values { channel.send(.database(kind), file) }
    }

    func closeChannel(_ worker: Int) { channels.removeValue(forKey: worker)?.end() }

    /// From here on only the workers hold the sockets.
    func closeAll() {
        wanted = []
        for socket in sockets.values.joined().joined() { close(socket) }
        sockets = [:]
    }
}

/// The supervisor's end of one worker's channel. What a worker that is busy does not take waits.
private final class WorkerChannel {
    let workersEnd: Int32
    private let descriptor: Int32
    private let loop: PollLoop
    private var waiting: [(order: SocketHandover.Order, socket: Int32)] = []

    init(loop: PollLoop) throws(SpawnError) {
        self.loop = loop
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw SpawnError(path: "a worker's socket pair", code: errno)
        }
        (descriptor, workersEnd) = (ends[0], ends[1])
        loop.watch(descriptor, for: []) { [unowned self] _ in self.flush() }
    }

    func send(_ order: SocketHandover.Order, _ socket: Int32 = -1) {
        // The socket may be closed here before it was sent.
        waiting.append((order, socket < 0 ? -1 : fcntl(socket, F_DUPFD_CLOEXEC, 0)))
        flush()
    }

    private func flush() {
        while let first = waiting.first {
            guard SocketHandover.send(first.order, first.socket, over: descriptor) else { break }
            if first.socket >= 0 { close(first.socket) }
            waiting.removeFirst()
        }
        loop.change(descriptor, to: waiting.isEmpty ? [] : .writable)
    }

    func end() {
        loop.unwatch(descriptor)
        close(descriptor)
        for (_, socket) in waiting where socket >= 0 { close(socket) }
    }
}
