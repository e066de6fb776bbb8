import EventLoop
import Glibc
import PorticoModel
import Upstreams

@testable import StreamProxy

/// A stream proxy whose loop the test turns, with clients and endpoints that it plays on the same thread.
final class StreamWorld {
    let loop: EventLoop
    let proxy: StreamProxy
    private let buffers = BufferPool()
    private let upstreams = UpstreamDirectory(offset: 0)
    private(set) var records: [StreamRecord] = []
    private var names = 0

    init() throws {
        loop = try EventLoop()
        proxy = StreamProxy(loop: loop, buffers: buffers, upstreams: upstreams)
        proxy.record = { [unowned self] in self.records.append($0) }
    }

    deinit { loop.unregisterAll() }

    /// Serves a port of the kernel's choice.
    func serve(
        _ transport: StreamService.Transport, at endpoints: [UInt16], _ change: (inout StreamService) -> Void = { _ in }
    ) throws -> StreamService.Port {
        let listener = transport == .tcp ? try Socket.listen(on: .loopback(port: 0)) : StreamPeer.datagramSocket()
        let port = StreamService.Port(transport, Socket.localAddress(listener).port)
        names += 1
        var service = StreamService(port: port, upstream: "upstream-\(names)")
        change(&service)
        let address = IPAddress(bytes: [127, 0, 0, 1])!
        _ = upstreams.apply(
            EndpointSet(upstream: service.upstream, endpoints: endpoints.map { Endpoint(address: address, port: $0) }))
        proxy.apply(changed: [.stream(service)], removed: [])
        proxy.adopt(listener, for: port)
        return port
    }

    /// Turns the loop until `condition` holds.
    /// - Returns: false where that takes too long.
    @discardableResult
    func turn(until condition: () -> Bool) -> Bool {
        let limit = loop.clock.milliseconds + 5_000
        while !condition() {
            guard loop.clock.milliseconds < limit, (try? loop.turn(waitingAtMost: 1)) != nil else { return false }
        }
        return true
    }

    /// What `peer` gets until it has `count` bytes, or its end.
    func receive(_ peer: StreamPeer, count: Int = 1) -> String {
        turn {
            peer.read()
            return peer.received.count >= count || peer.hasEnded
        }
        defer { peer.received = [] }
        return String(decoding: peer.received, as: UTF8.self)
    }

    func counters(_ port: StreamService.Port) -> StreamCounters? { proxy.counters[port] }
}

/// A socket that never blocks.
final class StreamPeer {
    let descriptor: Int32
    var received: [UInt8] = []
    private(set) var hasEnded = false
    /// Where the last datagram came from.
    private var sender: SocketAddress?

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        Socket.setNonBlocking(descriptor)
    }

    deinit { close(descriptor) }

    var port: UInt16 { Socket.localAddress(descriptor).port }

    static func connect(_ port: StreamService.Port) throws -> StreamPeer {
        if port.transport == .tcp { return StreamPeer(try Socket.connect(to: .loopback(port: port.number))) }
        let descriptor = datagramSocket()
        _ = SocketAddress.loopback(port: port.number).withSocketAddress { Glibc.connect(descriptor, $0, $1) }
        return StreamPeer(descriptor)
    }

    static func datagramSocket() -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        _ = SocketAddress.loopback(port: 0).withSocketAddress { bind(descriptor, $0, $1) }
        return descriptor
    }

    static func listener() throws -> StreamPeer { StreamPeer(try Socket.listen(on: .loopback(port: 0))) }

    static func datagrams() -> StreamPeer { StreamPeer(datagramSocket()) }

    /// A port where nobody listens.
    static func deadPort() throws -> UInt16 { try listener().port }

    /// The next connection, if there is one.
    func accept() -> StreamPeer? {
        guard case .success(let (descriptor, _)) = Socket.accept(descriptor) else { return nil }
        return StreamPeer(descriptor)
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) { _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }

    /// Answers the last datagram.
    func reply(_ text: String) {
        let bytes = Array(text.utf8)
        _ = sender?.withSocketAddress { sendto(descriptor, bytes, bytes.count, 0, $0, $1) }
    }

    func shutdown() { Socket.shutdownWriting(descriptor) }

    func read() {
        var storage = sockaddr_storage()
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let count = withUnsafeMutablePointer(to: &storage) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    recvfrom(descriptor, &buffer, buffer.count, 0, $0, &length)
                }
            }
            if count >= 0, length > 0 { sender = SocketAddress(storage) }
            if count > 0 {
                received += buffer[..<count]
            } else {
                if count == 0, sender != nil { continue }
                if count == 0 || errno == ECONNRESET || errno == ECONNREFUSED { hasEnded = true }
                return
            }
        }
    }
}
