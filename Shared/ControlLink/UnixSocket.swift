import Glibc

/// A socket call that failed.
package struct SocketError: Error, Hashable, Sendable, CustomStringConvertible {
    package let operation: String
    package let path: String
    /// The value of `errno`.
    package let code: Int32

    package init(operation: String, path: String, code: Int32) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    package var description: String {
        code == EADDRINUSE && operation == "listen"
            ? "\(path): another process is listening on this socket"
            : "\(path): \(operation): \(String(cString: strerror(code)))"
    }
}

/// Unix stream sockets of the control link. All descriptors are non-blocking and closed on exec.
package enum UnixSocket {
    /// Who is at the other end.
    package struct PeerCredentials: Hashable, Sendable {
        package var processID: Int32
        package var userID: UInt32
        package var groupID: UInt32

        package init(processID: Int32, userID: UInt32, groupID: UInt32) {
            self.processID = processID
            self.userID = userID
            self.groupID = groupID
        }
    }

    /// Listens at `path`, which only the owner and its group may reach. The file of a listener that is gone is replaced;
    /// one that answers, or a file that is no socket, is an error.
    package static func listen(path: String, backlog: Int32 = 128) throws(SocketError) -> Int32 {
        func failed(_ operation: String) -> SocketError {
            SocketError(operation: operation, path: path, code: errno)
        }
        try removeStale(path: path)
        let descriptor = try makeSocket(path: path)
        guard try withAddress(path, { bind(descriptor, $0, $1) }) == 0 else {
            let error = failed("bind")
            close(descriptor)
            throw error
        }
        guard chmod(path, 0o660) == 0, Glibc.listen(descriptor, backlog) == 0 else {
            let error = failed("listen")
            close(descriptor)
            unlink(path)
            throw error
        }
        return descriptor
    }

    private static func removeStale(path: String) throws(SocketError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw SocketError(operation: "bind", path: path, code: ENOTSOCK)
        }
        do throws(SocketError) {
            close(try connect(path: path))
        } catch  where error.code == ECONNREFUSED || error.code == ENOENT {
            unlink(path)
            return
        } catch  where error.code == EAGAIN {
            // Its queue is full, so there is someone.
        }
        throw SocketError(operation: "listen", path: path, code: EADDRINUSE)
    }

    /// Connects to a listener. On Unix sockets this either succeeds or fails at once.
    package static func connect(path: String) throws(SocketError) -> Int32 {
        let descriptor = try makeSocket(path: path)
        guard try withAddress(path, { Glibc.connect(descriptor, $0, $1) }) == 0 else {
            let code = errno
            close(descriptor)
            throw SocketError(operation: "connect", path: path, code: code)
        }
        return descriptor
    }

    /// - Returns: nil when no connection waits, or the one that did is gone.
    package static func accept(_ listener: Int32) -> Int32? {
        // Swift sees no accept4.
        let descriptor = Glibc.accept(listener, nil, nil)
        guard descriptor >= 0 else { return nil }
        makeNonBlocking(descriptor)
        return descriptor
    }

    /// Makes a descriptor that came from elsewhere fit for a link: non-blocking and closed on exec.
    package static func makeNonBlocking(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    package static func peerCredentials(_ descriptor: Int32) -> PeerCredentials? {
        // struct ucred: pid, uid, gid.
        var credentials: (Int32, UInt32, UInt32) = (0, 0, 0)
        var length = socklen_t(MemoryLayout.size(ofValue: credentials))
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0 else { return nil }
        return PeerCredentials(processID: credentials.0, userID: credentials.1, groupID: credentials.2)
    }

    /// Whether the peer runs as this process's user or as root. The mode of the socket lets the group in; this keeps
    /// other members of the group out.
    package static func isTrusted(_ peer: PeerCredentials, userID: UInt32 = geteuid()) -> Bool {
        peer.userID == userID || peer.userID == 0
    }

    private static func makeSocket(path: String) throws(SocketError) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { throw SocketError(operation: "socket", path: path, code: errno) }
        return descriptor
    }

    private static func withAddress(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(SocketError) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw SocketError(operation: "address", path: path, code: ENAMETOOLONG)
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}

/// Moves bytes between a non-blocking socket and a link's buffers.
package enum SocketTransfer {
    package enum ReadResult: Hashable, Sendable {
        /// This many bytes were read; there may be more.
        case read(Int)
        case wouldBlock
        /// The peer is gone, cleanly or not.
        case closed
    }

    /// Reads once into `buffer`.
    package static func read(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) -> ReadResult {
        while true {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count > 0 { return .read(count) }
            if count == 0 { return .closed }
            if errno == EINTR { continue }
            return errno == EAGAIN ? .wouldBlock : .closed
        }
    }

    /// Sends as much of `output` as the socket takes.
    /// - Returns: false when the peer is gone.
    package static func flush(_ output: inout OutputBuffer, to descriptor: Int32) -> Bool {
        while !output.isEmpty {
            let count = output.withUnsentBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count >= 0 {
                output.consume(count)
            } else if errno == EAGAIN {
                return true
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }
}
