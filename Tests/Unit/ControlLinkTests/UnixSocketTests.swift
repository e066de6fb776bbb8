import ControlLink
import Glibc
import Testing

@Suite struct UnixSocketTests {
    /// A path of its own for every test.
    private let path = "/tmp/portico-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"

    @Test func `A listener lets in its group at most, and knows its peers`() throws {
        let listener = try UnixSocket.listen(path: path)
        defer {
            close(listener)
            unlink(path)
        }
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o660)
        let client = try UnixSocket.connect(path: path)
        defer { close(client) }
        let accepted = try #require(UnixSocket.accept(listener))
        defer { close(accepted) }
        let peer = try #require(UnixSocket.peerCredentials(accepted))
        #expect(peer.processID == getpid())
        #expect(peer.userID == geteuid())
        #expect(UnixSocket.isTrusted(peer))
        #expect(!UnixSocket.isTrusted(UnixSocket.PeerCredentials(processID: 1, userID: 5, groupID: 5), userID: 6))
        #expect(UnixSocket.isTrusted(UnixSocket.PeerCredentials(processID: 1, userID: 0, groupID: 5), userID: 6))
    }

    @Test func `The file of a dead listener is replaced`() throws {
        close(try UnixSocket.listen(path: path))
        let listener = try UnixSocket.listen(path: path)
        close(listener)
        unlink(path)
    }

    @Test func `A live listener is left alone`() throws {
        let listener = try UnixSocket.listen(path: path)
        defer {
            close(listener)
            unlink(path)
        }
        #expect(throws: SocketError(operation: "listen", path: path, code: EADDRINUSE)) {
            try UnixSocket.listen(path: path)
        }
    }

    @Test func `A file that is no socket is left alone`() throws {
        close(open(path, O_CREAT | O_WRONLY, 0o600))
        defer { unlink(path) }
        #expect(throws: SocketError(operation: "bind", path: path, code: ENOTSOCK)) {
            try UnixSocket.listen(path: path)
        }
    }

    @Test func `A path that is too long is an error`() {
        let long = "/tmp/" + String(repeating: "x", count: 120)
        #expect(throws: SocketError(operation: "address", path: long, code: ENAMETOOLONG)) {
            try UnixSocket.listen(path: long)
        }
    }

    @Test func `A peer that is gone is no error of ours`() throws {
        let listener = try UnixSocket.listen(path: path)
        defer {
            close(listener)
            unlink(path)
        }
        let client = try UnixSocket.connect(path: path)
        let accepted = try #require(UnixSocket.accept(listener))
        defer { close(accepted) }
        close(client)
        var output = OutputBuffer()
        output.append(.ping(token: 1))
        #expect(!SocketTransfer.flush(&output, to: accepted))
        withUnsafeTemporaryAllocation(byteCount: 16, alignment: 1) {
            #expect(SocketTransfer.read(accepted, into: $0) == .closed)
        }
    }
}
