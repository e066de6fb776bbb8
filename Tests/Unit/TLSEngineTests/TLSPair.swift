import COpenSSL
import EventLoop
import Glibc
import PorticoModel
import PorticoSnapshot
import TLSEngine

/// A client's and a server's session on the two ends of a socket pair.
final class TLSPair {
    let channel = TLSChannel(buffers: BufferPool())
    let directory = TLSDirectory()
    private(set) var client: TLSSession
    private(set) var server: TLSSession?
    let ends: (client: Int32, server: Int32)
    private(set) var serverFailure: HandshakeFailure?
    private(set) var clientFailure: HandshakeFailure?
    /// What the server chooses by.
    private(set) var hello: ClientHello?

    init(with peer: TLSPeer) throws {
        var pair: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &pair) == 0 else { throw TLSError("socketpair") }
        ends = (pair[0], pair[1])
        client = try TLSSession(with: peer, endpoint: 0, channel: channel)
    }

    deinit {
        close(ends.client)
        close(ends.server)
    }

    func send(_ descriptor: Int32) {
        let staged = channel.takeStaged()
        if !staged.isEmpty { _ = Socket.send(descriptor, staged) }
    }

    /// Carries both handshakes to their end.
    /// - Parameter hosts: what the server says about TLS, by the name that clients give.
    func shakeHands(_ hosts: [String: VirtualHostTLS] = [:]) throws {
        for _ in 0..<10 {
            if case .failed(let failure) = client.handshake(ends.client) { clientFailure = failure }
            send(ends.client)
            if server == nil { try begin(hosts) }
            guard let server else { return }
            switch server.handshake(ends.server) {
            case .complete: server.examineClient()
            case .waiting: break
            case .failed(let failure): serverFailure = failure
            }
            send(ends.server)
            if client.isEstablished, server.isEstablished || serverFailure != nil { break }
        }
        // Tickets come with the first bytes behind the handshake.
        if let server, server.isEstablished {
            _ = [UInt8(0)].withUnsafeBytes { server.encrypt($0) }
            send(ends.server)
        }
        var memory = [UInt8](repeating: 0, count: 16)
        _ = memory.withUnsafeMutableBytes { client.receive(ends.client, into: $0) }
    }

    private func begin(_ hosts: [String: VirtualHostTLS]) throws {
        var bytes = [UInt8](repeating: 0, count: 20_000)
        guard case .bytes(let count) = bytes.withUnsafeMutableBytes({ Socket.receive(ends.server, into: $0) }) else {
            return
        }
        try bytes[..<count].withUnsafeBytes { received in
            guard case .complete(let hello) = ClientHelloReader.read(received) else { return }
            self.hello = hello
            let name = String(decoding: hello.serverName, as: UTF8.self)
            guard let context = directory.serverContext(for: hosts[name] == nil ? "" : name, hosts[name]) else {
                return
            }
            server = try TLSSession(server: context, channel: channel, received: received)
        }
    }

    /// Carries plain bytes from one side to the other.
    func carry(_ text: [UInt8], from sender: TLSSession, _ out: Int32, to receiver: TLSSession, _ into: Int32)
        -> [UInt8]
    {
        var received: [UInt8] = []
        var memory = [UInt8](repeating: 0, count: 3_000)
        for start in stride(from: 0, to: text.count, by: 50_000) {
            let part = Array(text[start..<min(start + 50_000, text.count)])
            guard part.withUnsafeBytes({ sender.encrypt($0) }) else { return received }
            send(out)
            while case .bytes(let count) = memory.withUnsafeMutableBytes({ receiver.receive(into, into: $0) }) {
                received += memory[..<count]
                if receiver.isDrained { break }
            }
        }
        return received
    }
}
