import CSystem
import Glibc

/// What a non-blocking read or write came to.
package enum Transfer: Equatable {
    /// This many bytes, at least one.
    case bytes(Int)
    /// Nothing can be moved now; the loop will tell.
    case wouldBlock
    /// The peer sends no more. Reads only.
    case ended
    case failed(Int32)
}

/// The calls on stream sockets, as plain functions of a descriptor.
package enum Socket {
    @inline(__always)
    package static func receive(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Transfer {
        while true {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count > 0 { return .bytes(count) }
            if count == 0 { return .ended }
            let code = errno
            if code == EAGAIN { return .wouldBlock }
            if code != EINTR { return .failed(code) }
        }
    }

    @inline(__always)
    package static func send(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Transfer {
        while true {
            let count = Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            if count >= 0 { return .bytes(count) }
            let code = errno
            if code == EAGAIN { return .wouldBlock }
            if code != EINTR { return .failed(code) }
        }
    }

    /// The next connection that waits on a listener.
    package static func accept(_ listener: Int32) -> Result<(descriptor: Int32, peer: SocketAddress), SystemError> {
        var storage = sockaddr_storage()
        while true {
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let descriptor = portico_accept(listener, &storage, &length)
            if descriptor >= 0 { return .success((descriptor, SocketAddress(storage))) }
            if errno != EINTR, errno != ECONNABORTED { return .failure(SystemError("accept4")) }
        }
    }

    /// Whether a connection is open with nothing to read.
    package static func isQuiet(_ descriptor: Int32) -> Bool {
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) < 0 && errno == EAGAIN
    }

    /// Begins to connect; the descriptor turns writable when the outcome is known (`connectionError`).
    package static func connect(to address: SocketAddress) throws(SystemError) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.isIPv6 ? AF_INET6 : AF_INET, type, 0)
        guard descriptor >= 0 else { throw SystemError("socket") }
        setNoDelay(descriptor)
        let result = address.withSocketAddress { Glibc.connect(descriptor, $0, $1) }
        if result != 0, errno != EINPROGRESS, errno != EINTR {
            let error = SystemError("connect")
            close(descriptor)
            throw error
        }
        return descriptor
    }

    /// The outcome of `connect`: 0, or the error.
    package static func connectionError(_ descriptor: Int32) -> Int32 {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length) == 0 else { return errno }
        return code
    }

    /// Small writes leave at once. Sockets accepted from a listener inherit it.
    package static func setNoDelay(_ descriptor: Int32) {
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Connections are shown to `accept` when their first bytes have come, or after a second or so without any.
    package static func deferAccept(_ listener: Int32) {
        var seconds: Int32 = 1
        setsockopt(
            listener, Int32(IPPROTO_TCP), TCP_DEFER_ACCEPT, &seconds, socklen_t(MemoryLayout<Int32>.size))
    }

    package static func setNonBlocking(_ descriptor: Int32) {
        let flags = fcntl(descriptor, F_GETFL)
        if flags >= 0 { _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) }
    }

    /// Sends the end of stream; reading goes on.
    package static func shutdownWriting(_ descriptor: Int32) {
        _ = Glibc.shutdown(descriptor, Int32(SHUT_WR))
    }

    /// The local address of a socket.
    package static func localAddress(_ descriptor: Int32) -> SocketAddress {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(descriptor, $0, &length) }
        }
        return SocketAddress(storage)
    }

    /// A listening socket, non-blocking, for the supervisor and for tests. Port 0 takes a free one.
    package static func listen(
        on address: SocketAddress, backlog: Int32 = 4_096, reusesPort: Bool = true
    ) throws(SystemError) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.isIPv6 ? AF_INET6 : AF_INET, type, 0)
        guard descriptor >= 0 else { throw SystemError("socket") }
        var on: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, size)
        if reusesPort { setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, size) }
        if address.isIPv6 { setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &on, size) }
        setNoDelay(descriptor)
        let isBound = address.withSocketAddress { bind(descriptor, $0, $1) } == 0
        guard isBound, Glibc.listen(descriptor, backlog) == 0 else {
            let error = SystemError("listen on \(address)")
            close(descriptor)
            throw error
        }
        return descriptor
    }
}
