import EventLoop
import Glibc
import PorticoModel
import Testing

@testable import ProxyCore

/// More than all sockets between a client and an endpoint hold, where those of the test are small.
private let largeCount = 16 << 20

/// Bytes that repeat at no power of two.
private func pattern(_ count: Int) -> [UInt8] {
    let piece = (0..<9_973).map { UInt8(truncatingIfNeeded: $0 / 251 &* 31 &+ $0) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + piece.count)
    while bytes.count < count { bytes += piece }
    bytes.removeLast(bytes.count - count)
    return bytes
}

private func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.count == right.count && memcmp(left, right, left.count) == 0
}

/// Leaves the kernel little room on the socket's side.
private func narrow(_ socket: TestSocket) {
    var count: Int32 = 64 << 10
    for option in [SO_RCVBUF, SO_SNDBUF] {
        setsockopt(socket.descriptor, SOL_SOCKET, option, &count, socklen_t(MemoryLayout<Int32>.size))
    }
}

private func waitUntil(_ condition: () -> Bool) {
    let deadline = time(nil) + 10
    while !condition(), time(nil) < deadline { usleep(1_000) }
}

private func buffering(_ change: (inout RoutePolicy) -> Void = { _ in }) -> RoutePolicy {
    var policy = RoutePolicy()
    policy.buffersResponses = true
    change(&policy)
    return policy
}

private let request = "GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n"

/// Everything up to the end of the stream.
private func drain(_ socket: TestSocket) -> [UInt8] {
    var bytes: [UInt8] = []
    while let next = socket.readBytes() { bytes += next }
    return bytes
}

@Suite struct ReadAheadTests {
    enum Framing: CaseIterable {
        case length, chunked, untilClose

        func message(_ body: [UInt8]) -> [UInt8] {
            switch self {
            case .length: Array("HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\n\r\n".utf8) + body
            case .chunked:
                Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(String(body.count, radix: 16))\r\n".utf8)
                    + body + Array("\r\n0\r\n\r\n".utf8)
            case .untilClose: Array("HTTP/1.1 200 OK\r\n\r\n".utf8) + body
            }
        }
    }

    @Test(arguments: Framing.allCases)
    func `the endpoint is done although the client has read nothing`(framing: Framing) throws {
        let worker = try TestWorker(policy: buffering())
        let client = try worker.client()
        narrow(client)
        client.send("GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n")
        let upstream = try #require(worker.endpoints[0].accept())
        narrow(upstream)
        _ = upstream.readMessage()
        let body = pattern(largeCount)
        // Returns once all of it was taken.
        upstream.send(framing.message(body))
        if framing == .untilClose {
            upstream.close()
        } else {
            // The connection is free for the next request.
            waitUntil {
                worker.inLoop { $0.core.upstreams.upstream(named: "default-shop-80").endpoints[0].idleCount } == 1
            }
            let other = try worker.client()
            other.send(request)
            #expect(upstream.readMessage().firstLine == "GET / HTTP/1.1")
            upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            #expect(other.readMessage().body == "ok")
        }
        #expect(worker.inLoop { $0.core.counters.bodiesSpilled } == 1)
        #expect(worker.inLoop { $0.core.buffers.bytesInUse } < 1 << 20)
        #expect(client.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 200 OK\r\n"))
        let received = drain(client)
        if framing == .length {
            #expect(areEqual(received, body))
        } else {
            #expect(received.count > body.count && received.suffix(5) == Array("0\r\n\r\n".utf8))
        }
        #expect(worker.inLoop { $0.core.buffers.bytesInUse } == 0)
    }

    @Test(arguments: [(0, 0), (1 << 20, 1)])
    func `no more is held than the file may be long`(fileBytes: Int, spilled: Int) throws {
        let worker = try TestWorker(policy: buffering { $0.maximumTemporaryFileBytes = UInt64(fileBytes) })
        let client = try worker.client()
        client.send(request)
        let upstream = try #require(worker.endpoints[0].accept())
        _ = upstream.readMessage()
        let body = pattern(largeCount)
        upstream.sendInBackground(Framing.length.message(body))
        _ = client.read(until: "\r\n\r\n")
        var received: [UInt8] = []
        while received.count < body.count, let next = client.readBytes() { received += next }
        #expect(areEqual(received, body))
        #expect(worker.inLoop { $0.core.counters.bodiesSpilled } <= UInt64(largeCount >> 20 * spilled))
        #expect(worker.inLoop { $0.core.buffers.bytesInUse } == 0)
    }

    @Test func `what an endpoint sent before it broke off reaches the client`() throws {
        let worker = try TestWorker(policy: buffering())
        let client = try worker.client()
        client.send(request)
        let upstream = try #require(worker.endpoints[0].accept())
        _ = upstream.readMessage()
        let half = pattern(largeCount / 2)
        upstream.send(Array("HTTP/1.1 200 OK\r\nContent-Length: \(largeCount)\r\n\r\n".utf8) + half)
        upstream.close()
        _ = client.read(until: "\r\n\r\n")
        #expect(areEqual(drain(client), half))
        #expect(worker.inLoop { $0.core.buffers.bytesInUse } == 0)
    }

    @Test func `a slow pace is the client's and not the endpoint's`() throws {
        let worker = try TestWorker(
            policy: buffering { policy in
                var features = RouteFeatures()
                features.limits = RateLimits()
                features.limits?.responseBytesPerSecond = 64 << 10
                policy.features = features
            })
        let client = try worker.client()
        client.send(request)
        let upstream = try #require(worker.endpoints[0].accept())
        _ = upstream.readMessage()
        upstream.send(Framing.length.message(pattern(1 << 20)))
        #expect(client.readMessage(hasBody: false).status == 200)
        waitUntil { worker.inLoop { $0.core.upstreams.upstream(named: "default-shop-80").endpoints[0].idleCount } == 1 }
        let other = try worker.client()
        other.send(request)
        #expect(upstream.readMessage().firstLine == "GET / HTTP/1.1")
        client.close()
        other.close()
        waitUntil { worker.inLoop { $0.core.buffers.bytesInUse } == 0 }
        #expect(worker.inLoop { $0.core.buffers.bytesInUse } == 0)
    }

    @Test(arguments: [(4, 20, 200), (8, 6, 200), (8, 12, 502), (64, 50, 200), (64, 70, 502), (4, 40, 502)])
    func `the head of a response has its limit`(bufferKilobytes: Int, headKilobytes: Int, status: Int) throws {
        let worker = try TestWorker(policy: buffering { $0.responseBufferBytes = UInt32(bufferKilobytes << 10) })
        let client = try worker.client()
        client.send(request)
        let upstream = try #require(worker.endpoints[0].accept())
        _ = upstream.readMessage()
        let line = "X-Filler: " + String(repeating: "x", count: 1_000) + "\r\n"
        let filler = String(repeating: line, count: (headKilobytes << 10) / line.utf8.count)
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\(filler)\r\nok")
        let response = client.readMessage()
        #expect(response.status == status)
        #expect(status != 200 || response.body == "ok")
    }
}
