import COpenSSL
import ClusterState
import Foundation
import KubernetesAPI
import PorticoModel
import ProcessSupervision
import Synchronization

/// A small Kubernetes API server on a real socket, with HTTPS or without, that can also fail on demand.
///
/// It has list (with pages), watch (with bookmarks), get, create, update, merge patch and delete of the usual
/// resources, optimistic concurrency, the status subresource, RBAC, TokenReview, selectors and partial metadata. A
/// thread serves each connection; it speaks HTTP/1.1. It serves until `stop`.
package final class TestAPIServer: Sendable {
    package struct Options: Sendable {
        package var usesTLS = true
        package var host = "127.0.0.1"
        package var port: UInt16 = 0
        /// In PEM, what it serves with and whose client certificates it takes; nil for those of `certificates`.
        package var serving: TestCertificates.Pair?
        package var clientAuthority: [UInt8]?
        package var bookmarkSeconds = 1.0
        package var refusesLoopbackEndpoints = true
        /// Bearer tokens and who they stand for.
        package var users: [String: APIUser] = ["admin": APIUser("admin", groups: ["system:masters"])]
        package var namespaces = ["default", "kube-system"]

        package init() {}
    }

    struct State {
        var store = ResourceStore()
        var faults: [Fault] = []
        var requests: [RequestRecord] = []
        var users: [String: APIUser]
        /// What is left of lists that were begun, by their continue token.
        var pages: [String: ListPage] = [:]
        var connections: [UInt64: ServerConnection] = [:]
        var nextConnection: UInt64 = 1
        var listener: Int32 = -1
        /// The version of the last bookmark, by resource.
        var bookmarks: [String: Int] = [:]
    }

    package let options: Options
    package let certificates = TestCertificates()
    package let address: ListenAddress
    let tlsContext: OpaquePointerBox
    let state: Mutex<State>

    package init(_ options: Options = Options()) throws {
        // OpenSSL writes with no regard to a peer that is gone.
        signal(SIGPIPE, SIG_IGN)
        self.options = options
        let pair =
            options.serving
            ?? certificates.server("apiserver", alternatives: ["IP:\(options.host)", "DNS:kubernetes.test"])
        tlsContext = OpaquePointerBox(
            options.usesTLS ? certificates.serverContext(pair, authority: options.clientAuthority) : nil)
        let wanted = ListenAddress(host: options.host, port: options.port)
        let listener = try ListeningSocket.open(on: wanted)
        address = ListeningSocket.localAddress(of: listener, like: wanted)
        var first = State(users: options.users)
        for name in options.namespaces {
            let node: ObjectNode = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .text(name)]]
            _ = first.store.put(node, .namespaces, ObjectName(namespace: "", name: name))
        }
        state = Mutex(first)
        accept(from: listener)
    }

    package var url: String { "\(options.usesTLS ? "https" : "http")://\(address)" }

    /// How a holder of this token connects.
    package func connection(token: String = "admin") -> ConnectionParameters {
        var parameters = ConnectionParameters(server: url)
        parameters.bearerToken = token
        if options.usesTLS { parameters.certificateAuthority = certificates.authority }
        return parameters
    }

    /// The same as a kubeconfig.
    package func kubeconfig(token: String = "admin") -> String {
        let authority = Data(certificates.authority).base64EncodedString()
        let trust = options.usesTLS ? "certificate-authority-data: \(authority)" : ""
        return """
            apiVersion: v1
            kind: Config
            current-context: test
            contexts: [{name: test, context: {cluster: test, user: test}}]
            users: [{name: test, user: {token: \(token)}}]
            clusters: [{name: test, cluster: {server: "\(url)", \(trust)}}]

            """
    }

    // MARK: Connections

    private func accept(from listener: Int32) {
        _ = fcntl(listener, F_SETFL, 0)
        state.withLock { $0.listener = listener }
        let context = tlsContext
        Thread.detachNewThread { [self] in
            while true {
                let descriptor = Glibc.accept(listener, nil, nil)
                guard descriptor >= 0 else { return }
                serve(descriptor, context)
            }
        }
    }

    private func serve(_ descriptor: Int32, _ context: OpaquePointerBox) {
        Thread.detachNewThread { [self] in
            guard let stream = ByteStream(descriptor: descriptor, context: context.pointer) else { return }
            let connection = ServerConnection(stream: stream)
            let identifier = state.withLock { state in
                state.nextConnection += 1
                state.connections[state.nextConnection] = connection
                return state.nextConnection
            }
            let handler = RequestHandler(server: self, connection: connection)
            while let request = try? WireRequest(from: stream), (try? handler.handle(request)) == true {}
            stream.cut()
            state.withLock { $0.connections[identifier] = nil }
        }
    }

    /// Closes every connection.
    package func cutConnections() {
        let connections = state.withLock { $0.connections.values }
        for connection in connections { connection.stream.cut() }
    }

    /// The connections that are open now stay open, and nothing more is ever said on them.
    package func silenceConnections() {
        let connections = state.withLock { $0.connections.values }
        for connection in connections { connection.silence() }
    }

    /// Nobody can connect any more, and every connection is closed.
    package func stop() {
        let listener = state.withLock { state in
            defer { state.listener = -1 }
            return state.listener
        }
        if listener >= 0 {
            shutdown(listener, Int32(SHUT_RDWR))
            close(listener)
        }
        cutConnections()
    }

    /// Listens again on the same address.
    package func resume() throws { accept(from: try ListeningSocket.open(on: address)) }

    // MARK: History

    /// Closes every connection and numbers all objects anew, as a restore from a backup does.
    package func resetHistory(_ numbering: RestoredNumbering = .fromOne) {
        state.withLock { state in
            state.store.resetHistory(numbering)
            state.pages = [:]
        }
        cutConnections()
    }

    /// Watches can no longer start at any version so far, and lists that were begun cannot go on.
    package func compact() {
        state.withLock { state in
            state.store.compact()
            state.pages = [:]
        }
    }

    package var version: Int { state.withLock { $0.store.version } }

    // MARK: What tests ask and order

    package func inject(_ fault: Fault) { state.withLock { $0.faults.append(fault) } }

    package func clearFaults() { state.withLock { $0.faults = [] } }

    package func setUser(_ user: APIUser?, token: String) { state.withLock { $0.users[token] = user } }

    package var requests: [RequestRecord] { state.withLock { $0.requests } }

    package func requestCount(_ verb: String, _ resource: APIResource) -> Int {
        requests.count { $0.verb == verb && $0.resource == resource.plural }
    }

    /// The version of the last bookmark that a watch was sent; 0 before the first.
    package func lastBookmark(of resource: APIResource) -> Int {
        state.withLock { $0.bookmarks[resource.plural] ?? 0 }
    }

    package func forgetRequests() { state.withLock { $0.requests = [] } }

    package var connectionCount: Int { state.withLock { $0.connections.count } }

    /// The objects as they are, in order of name.
    package func objects(of resource: APIResource) -> [ObjectNode] {
        state.withLock { $0.store.objects(of: resource).map(\.node) }
    }

    /// Stores an object as it is, with no check and no rights.
    package func put(_ node: ObjectNode, _ resource: APIResource) {
        let name = ObjectName(
            namespace: resource.isNamespaced ? node.at("metadata", "namespace")?.string ?? "default" : "",
            name: node.at("metadata", "name")?.string ?? "")
        state.withLock { _ = $0.store.put(node, resource, name) }
        wakeWatches(of: resource)
    }

    func wakeWatches(of resource: APIResource) {
        let connections = state.withLock { $0.connections.values.filter { $0.watches(resource) } }
        for connection in connections { connection.wake() }
    }
}

/// OpenSSL's contexts count references and are safe among threads.
struct OpaquePointerBox: @unchecked Sendable {
    let pointer: OpaquePointer?

    init(_ pointer: OpaquePointer?) { self.pointer = pointer }
}

/// What is left of a list that was begun.
struct ListPage: Sendable {
    var objects: ArraySlice<StoredObject>
    var version: Int
}

/// A connection, and the watch that may run on it.
final class ServerConnection: Sendable {
    let stream: ByteStream
    private let pipeEnds: (read: Int32, write: Int32)
    private let watched = Mutex<APIResource?>(nil)
    private let silent = Atomic<Bool>(false)

    init(stream: ByteStream) {
        self.stream = stream
        var ends: [Int32] = [-1, -1]
        _ = pipe(&ends)
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        pipeEnds = (ends[0], ends[1])
    }

    deinit {
        close(pipeEnds.read)
        close(pipeEnds.write)
    }

    var isSilent: Bool { silent.load(ordering: .relaxed) }

    func silence() {
        silent.store(true, ordering: .relaxed)
        wake()
    }

    func watch(_ resource: APIResource?) { watched.withLock { $0 = resource } }

    func watches(_ resource: APIResource) -> Bool { watched.withLock { $0 == resource } }

    func wake() {
        var byte: UInt8 = 1
        _ = write(pipeEnds.write, &byte, 1)
    }

    /// Waits until it is woken, the peer is gone, or the time is over.
    /// - Returns: false when the peer is gone.
    func wait(seconds: Double) -> Bool {
        var descriptors = [
            pollfd(fd: stream.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: pipeEnds.read, events: Int16(POLLIN), revents: 0),
        ]
        _ = poll(&descriptors, 2, Int32((max(0, seconds) * 1_000).rounded(.up)))
        if descriptors[1].revents != 0 {
            var buffer = [UInt8](repeating: 0, count: 512)
            while read(pipeEnds.read, &buffer, buffer.count) > 0 {}
        }
        // Nobody sends during a watch: it is the end of the stream, or TLS's word before it.
        return descriptors[0].revents == 0
    }

    /// Says nothing until the peer is gone.
    func staySilent() {
        silence()
        while wait(seconds: 3_600) {}
    }
}
