import EventLoop
import Glibc
import Testing

private final class Probe: EventHandler {
    var events = 0
    var deadlines = 0
    var resumes = 0
    var body: (() -> Void)?

    override func ready(_ events: UInt32) {
        self.events += 1
        body?()
    }

    override func deadlinePassed() { deadlines += 1 }

    override func resume() { resumes += 1 }
}

private func pair() -> (Int32, Int32) {
    var descriptors: [Int32] = [0, 0]
    socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &descriptors)
    return (descriptors[0], descriptors[1])
}

@Suite struct EventLoopTests {
    @Test func `a handler hears of its descriptor once per edge`() throws {
        let loop = try EventLoop()
        let (near, far) = pair()
        let probe = Probe()
        try loop.register(probe, descriptor: near, for: .readable)
        #expect(Glibc.write(far, "x", 1) == 1)
        try loop.turn(waitingAtMost: 1_000)
        #expect(probe.events == 1)
        try loop.turn(waitingAtMost: 0)
        #expect(probe.events == 1)
        loop.unregister(probe)
        close(near)
        close(far)
    }

    @Test func `an event of the same batch does not reach a handler that was unregistered`() throws {
        let loop = try EventLoop()
        let (first, firstFar) = pair()
        let (second, secondFar) = pair()
        let probes = [Probe(), Probe()]
        try loop.register(probes[0], descriptor: first, for: .readable)
        try loop.register(probes[1], descriptor: second, for: .readable)
        probes[0].body = { loop.unregister(probes[1]) }
        probes[1].body = { loop.unregister(probes[0]) }
        #expect(Glibc.write(firstFar, "x", 1) + Glibc.write(secondFar, "x", 1) == 2)
        try loop.turn(waitingAtMost: 1_000)
        #expect(probes[0].events + probes[1].events == 1)
        for probe in probes {
            probe.body = nil
            loop.unregister(probe)
        }
        for descriptor in [first, firstFar, second, secondFar] { close(descriptor) }
    }

    @Test func `a handler is released at the end of the turn`() throws {
        let loop = try EventLoop()
        weak var watched: Probe?
        do {
            let probe = Probe()
            watched = probe
            loop.register(probe)
            loop.unregister(probe)
        }
        #expect(watched != nil)
        try loop.turn(waitingAtMost: 0)
        #expect(watched == nil)
    }

    @Test func `a deadline that moves on does not pass`() throws {
        let loop = try EventLoop()
        let probes = [Probe(), Probe()]
        for probe in probes {
            loop.register(probe)
            loop.setDeadline(probe, after: 20)
        }
        loop.setDeadline(probes[0], after: 60_000)
        while probes[1].deadlines == 0 { try loop.turn(waitingAtMost: 100) }
        #expect(probes[0].deadlines == 0)
        loop.setDeadline(probes[0], after: 1)
        while probes[0].deadlines == 0 { try loop.turn(waitingAtMost: 100) }
        #expect(probes[1].deadlines == 1)
    }

    @Test func `a handler that asks for another turn gets it without waiting`() throws {
        let loop = try EventLoop()
        let probe = Probe()
        loop.register(probe)
        loop.runAgain(probe)
        loop.runAgain(probe)
        try loop.turn(waitingAtMost: 60_000)
        #expect(probe.resumes == 1)
    }
}

@Suite struct BufferPoolTests {
    @Test func `a buffer grows with what is appended and keeps its bytes`() {
        let pool = BufferPool()
        var buffer = PooledBuffer()
        var expected: [UInt8] = []
        for round in 0..<300 {
            let bytes = [UInt8](repeating: UInt8(round & 255), count: round * 7)
            bytes.withUnsafeBytes { pool.append($0, to: &buffer) }
            expected += bytes
            let dropped = min(expected.count, round)
            buffer.consumed(dropped)
            expected.removeFirst(dropped)
        }
        #expect(Array(buffer.bytes) == expected)
        pool.give(&buffer)
        #expect(pool.bytesInUse == 0)
        #expect(!buffer.isAllocated)
    }
}

@Suite struct SocketAddressTests {
    @Test(arguments: ["10.0.0.1", "255.255.255.255", "0.0.0.0", "2001:db8::1"])
    func `an address is written as it was read`(text: String) throws {
        let address = try #require(SocketAddress(text: text, port: 80))
        #expect(address.description == (text.contains(":") ? "[\(text)]:80" : "\(text):80"))
        #expect(address.withSocketAddress { pointer, _ in pointer.pointee.sa_family } == (address.isIPv6 ? 10 : 2))
    }

    @Test func `a mapped address is the IPv4 address`() throws {
        #expect(SocketAddress(text: "::ffff:10.1.2.3", port: 5) == SocketAddress(text: "10.1.2.3", port: 5))
    }
}
