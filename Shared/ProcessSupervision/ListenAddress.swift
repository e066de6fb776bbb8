import Glibc

/// An address and port to listen on, as the command line writes it: `ADDR:PORT`, `[IPv6]:PORT` or `:PORT`.
package struct ListenAddress: Hashable, Sendable {
    /// Numeric, without brackets.
    package let host: String
    package let port: UInt16

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    package var isIPv6: Bool { host.contains(":") }
}

extension ListenAddress: LosslessStringConvertible {
    /// - Returns: nil unless the address is numeric and the port lies in 0...65535. Without an address, every
    ///   IPv4 address of the machine is meant.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = String(text[..<colon])
        if host.isEmpty { host = "0.0.0.0" }
        if host.hasPrefix("[") && host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
            guard host.contains(":") else { return nil }
        } else if host.contains(":") {
            return nil
        }
        self.init(host: host, port: port)
        guard withSocketAddress({ _, _ in true }) == true else { return nil }
    }

    package var description: String { isIPv6 ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// The same port on an address that this machine can connect to: wildcards become loopback.
    package var reachable: ListenAddress {
        switch host {
        case "0.0.0.0": ListenAddress(host: "127.0.0.1", port: port)
        case "::": ListenAddress(host: "::1", port: port)
        default: self
        }
    }

    /// Calls `body` with the address as the socket calls take it; nil when it is not numeric.
    package func withSocketAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result? {
        if isIPv6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            guard inet_pton(AF_INET6, host, &address.sin6_addr) == 1 else { return nil }
            return withUnsafePointer(to: address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    body($0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else { return nil }
        return withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}

/// An address could not be listened on.
package struct ListenError: Error, Hashable, CustomStringConvertible {
    package var address: ListenAddress
    package var code: Int32

    package init(address: ListenAddress, code: Int32) {
        self.address = address
        self.code = code
    }

    package var description: String {
        switch code {
        case EADDRINUSE: "\(address) is in use by another program; give another port"
        case EACCES: "\(address) needs more rights: ports below 1024 are for root or CAP_NET_BIND_SERVICE"
        case EADDRNOTAVAIL: "\(address) is not an address of this machine"
        default: "cannot listen on \(address): \(String(cString: strerror(code)))"
        }
    }
}

/// Listening sockets, opened once and handed down.
package enum ListeningSocket {
    package enum Kind: Sendable { case stream, datagram }

    /// Opens `count` sockets on one address among which the kernel spreads new connections (SO_REUSEPORT).
    ///
    /// SO_REUSEPORT alone would let two gateways of one user share a port unnoticed, so the port is first claimed
    /// without it. Port 0 takes one free port for all the sockets.
    package static func openGroup(
        on address: ListenAddress, count: Int, kind: Kind = .stream
    ) throws(ListenError) -> [Int32] {
        let claim = try bound(to: address, sharesPort: false, kind)
        let actual = localAddress(of: claim, like: address)
        close(claim)
        var sockets: [Int32] = []
        for _ in 0..<count {
            do {
                sockets.append(try listening(on: actual, sharesPort: true, kind))
            } catch {
                for socket in sockets { close(socket) }
                throw error
            }
        }
        return sockets
    }

    /// One socket that shares its port with no other.
    package static func open(on address: ListenAddress) throws(ListenError) -> Int32 {
        try listening(on: address, sharesPort: false)
    }

    /// Finds out whether the address can be had at this moment.
    package static func check(_ address: ListenAddress) throws(ListenError) {
        close(try listening(on: address, sharesPort: false))
    }

    /// Where a socket listens, its port filled in where 0 was asked for.
    package static func localAddress(of socket: Int32, like address: ListenAddress) -> ListenAddress {
        var storage = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let answer = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) }
        }
        // The port lies at the same place in both families' addresses.
        return answer == 0 ? ListenAddress(host: address.host, port: UInt16(bigEndian: storage.sin6_port)) : address
    }

    private static func listening(
        on address: ListenAddress, sharesPort: Bool, _ kind: Kind = .stream
    ) throws(ListenError) -> Int32 {
        let socket = try bound(to: address, sharesPort: sharesPort, kind)
        guard kind == .datagram || listen(socket, 4_096) == 0 else {
            let code = errno
            close(socket)
            throw ListenError(address: address, code: code)
        }
        return socket
    }

    private static func bound(
        to address: ListenAddress, sharesPort: Bool, _ kind: Kind
    ) throws(ListenError) -> Int32 {
        let type = Int32((kind == .stream ? SOCK_STREAM : SOCK_DGRAM).rawValue) | O_NONBLOCK | O_CLOEXEC
        let descriptor = socket(address.isIPv6 ? AF_INET6 : AF_INET, type, 0)
        guard descriptor >= 0 else { throw ListenError(address: address, code: errno) }
        var on: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        // Of datagram sockets it would let two programs share a port.
        if kind == .stream { setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, size) }
        if sharesPort { setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, size) }
        // [::] and 0.0.0.0 are separate addresses, so that both can be given.
        if address.isIPv6 { setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &on, size) }
        let answer = address.withSocketAddress { bind(descriptor, $0, $1) } ?? -1
        guard answer == 0 else {
            let code = errno
            close(descriptor)
            throw ListenError(address: address, code: code)
        }
        return descriptor
    }
}
