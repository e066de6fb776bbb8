import Foundation
import ProcessSupervision

/// A connection error of a test's client or backend.
package struct ConnectionError: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) { self.description = description }
}

/// A blocking TCP connection with a deadline on every call, that sends exactly the bytes it is given.
package final class RawConnection: @unchecked Sendable {
    package let descriptor: Int32
    private var received: [UInt8] = []

    package init(descriptor: Int32, seconds: Int = 10) {
        self.descriptor = descriptor
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    package convenience init(to address: ListenAddress, seconds: Int = 10) throws {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.isIPv6 ? AF_INET6 : AF_INET, kind, 0)
        guard address.withSocketAddress({ connect(descriptor, $0, $1) }) == 0 else {
            let reason = String(cString: strerror(errno))
            close(descriptor)
            throw ConnectionError(description: "cannot connect to \(address): \(reason)")
        }
        self.init(descriptor: descriptor, seconds: seconds)
    }

    deinit { close(descriptor) }

    package func send(_ text: String) throws { try send(Array(text.utf8)) }

    package func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { throw ConnectionError(description: "send: \(String(cString: strerror(errno)))") }
            rest = rest.dropFirst(count)
        }
    }

    package func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// - Returns: false at the end of the stream.
    package func receiveMore() throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count >= 0 else { throw ConnectionError(description: "receive: \(String(cString: strerror(errno)))") }
        received += buffer.prefix(count)
        return count > 0
    }

    /// Exactly `count` bytes.
    package func receive(_ count: Int) throws -> [UInt8] {
        while received.count < count {
            guard try receiveMore() else { throw ConnectionError(description: "ended \(received.count) of \(count)") }
        }
        defer { received.removeFirst(count) }
        return Array(received.prefix(count))
    }

    /// All bytes up to and including the first occurrence of `mark`; nil when the stream ends before its first byte.
    package func receive(through mark: String) throws -> String? {
        let wanted = Array(mark.utf8)
        while true {
            if let end = received.firstRange(of: wanted)?.upperBound {
                return String(decoding: try receive(end), as: UTF8.self)
            }
            if try !receiveMore() {
                if received.isEmpty { return nil }
                throw ConnectionError(description: "ended before \(mark.debugDescription)")
            }
        }
    }

    package func receiveToEnd() throws -> [UInt8] {
        while try receiveMore() {}
        return try receive(received.count)
    }
}
