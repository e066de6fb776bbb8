import EventLoop
import Glibc
import PorticoModel
import Routing
import Synchronization

@testable import ProxyCore

/// A worker on a thread of its own, with an endpoint that the test plays.
final class TestWorker: @unchecked Sendable {
    let port: UInt16
    /// Where TLS is spoken.
    let securePort: UInt16
    let endpoints: [TestEndpoint]
    let others: [String: TestEndpoint]
    private let runner: Runner
    private var thread = pthread_t()

    /// - Parameters:
    ///   - endpointCount: endpoints of the one upstream, which takes everything for `shop.example`.
    ///   - others: further upstreams, each with one endpoint.
    ///   - objects: live objects other than endpoints.
    init(
        endpointCount: Int = 1, policy: RoutePolicy? = nil, others names: [String] = [], objects: [LiveObject] = [],
        tls: VirtualHostTLS? = nil,
        _ change: (inout GlobalSettings) -> Void = { _ in }, route changeRoute: (inout Route) -> Void = { _ in }
    ) throws {
        let listener = try Socket.listen(on: .loopback(port: 0))
        port = Socket.localAddress(listener).port
        let secure = try Socket.listen(on: .loopback(port: 0))
        securePort = Socket.localAddress(secure).port
        endpoints = try (0..<endpointCount).map { _ in try TestEndpoint() }
        others = Dictionary(uniqueKeysWithValues: try names.map { ($0, try TestEndpoint()) })
        let worker = try Worker(
            configuration: WorkerConfiguration(
                listeners: [.init(descriptor: listener, kind: .http), .init(descriptor: secure, kind: .https)],
                supervisorLink: nil, controlSocketPath: nil,
                node: "node", processName: "worker-0", index: 0, classGroup: "default"))
        var globals = GlobalSettings()
        globals.logsAccess = false
        change(&globals)
        var builder = RoutingTable.Builder(previous: worker.routing)
        builder.set(.globalSettings(globals))
        var route = Route(
            match: .prefix, path: "/", ingress: ObjectName(namespace: "default", name: "shop"),
            upstream: "default-shop-80", policy: policy == nil ? nil : 0)
        changeRoute(&route)
        builder.set(
            VirtualHost(host: "shop.example", routes: [route], policies: policy.map { [$0] } ?? [], tls: tls))
        worker.apply(builder.build())
        worker.apply(
            EndpointSet(
                upstream: "default-shop-80",
                endpoints: endpoints.map { Endpoint(address: IPAddress(bytes: [127, 0, 0, 1])!, port: $0.port) }))
        for (name, endpoint) in others {
            let address = Endpoint(address: IPAddress(bytes: [127, 0, 0, 1])!, port: endpoint.port)
            worker.apply(EndpointSet(upstream: name, endpoints: [address]))
        }
        for object in objects { worker.core.policies.set(object) }
        let runner = Runner(worker)
        self.runner = runner
        pthread_create(
            &thread, nil,
            { argument in
                Unmanaged<Runner>.fromOpaque(argument!).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(runner).toOpaque())
    }

    deinit {
        runner.isStopped.store(true, ordering: .releasing)
        pthread_join(thread, nil)
    }

    /// Runs `body` in the worker's thread, and waits for it.
    func inLoop<R: Sendable>(_ body: @escaping @Sendable (Worker) -> R) -> R {
        let outcome = Outcome<R>()
        runner.orders.withLock { $0.append { worker in outcome.value.withLock { $0 = body(worker) } } }
        while true {
            if let value = outcome.value.withLock({ $0 }) { return value }
            usleep(500)
        }
    }

    private final class Outcome<R: Sendable>: Sendable {
        let value = Mutex<R?>(nil)
    }

    func client() throws -> TestSocket { try TestSocket.connect(port: port) }

    /// The index of the endpoint that the worker connects to next; nil where it connects to none in time.
    func firstToBeCalled() -> Int? {
        var waiting = endpoints.map { pollfd(fd: $0.listener, events: Int16(POLLIN), revents: 0) }
        guard poll(&waiting, nfds_t(waiting.count), 5_000) > 0 else { return nil }
        return waiting.firstIndex { $0.revents != 0 }
    }

}

/// Turns a worker's loop and does in between what tests order.
private final class Runner: @unchecked Sendable {
    let isStopped = Atomic(false)
    let orders = Mutex<[@Sendable (Worker) -> Void]>([])
    private let worker: Worker

    init(_ worker: Worker) { self.worker = worker }

    func run() {
        while !isStopped.load(ordering: .acquiring) {
            do { try worker.turn(waitingAtMost: 5) } catch { return }
            let taken = orders.withLock { list in
                defer { list = [] }
                return list
            }
            for order in taken { order(worker) }
        }
    }
}

/// A listening socket whose connections the test answers itself.
final class TestEndpoint {
    let listener: Int32
    let port: UInt16

    init() throws {
        listener = try Socket.listen(on: .loopback(port: 0))
        port = Socket.localAddress(listener).port
        _ = fcntl(listener, F_SETFL, fcntl(listener, F_GETFL) & ~O_NONBLOCK)
        var limit = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(listener) }

    /// The next connection of the worker; nil where none comes in time.
    func accept() -> TestSocket? {
        let descriptor = Glibc.accept(listener, nil, nil)
        return descriptor < 0 ? nil : TestSocket(descriptor: descriptor)
    }
}
