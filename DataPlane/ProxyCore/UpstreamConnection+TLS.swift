import EventLoop
import Glibc
import TLSEngine

/// TLS below a connection to an endpoint. `output` holds records that the kernel did not take; while there are any, no
/// more bytes are taken from the exchange.
extension UpstreamConnection {
    /// Begins the handshake, once the connection is there. Its time is that of connecting.
    func beginHandshake(with peer: TLSPeer) {
        state = .handshake
        do {
            let tls = try TLSSession(with: peer, endpoint: endpoint.key, channel: core.tlsChannel)
            self.tls = tls
            shakeHands(tls)
        } catch {
            handshakeFailed(error.description)
        }
    }

    func shakeHands(_ tls: TLSSession) {
        guard flushRecords() else { return handshakeFailed("the connection was lost") }
        let outcome = tls.handshake(descriptor)
        let isSent = sendStaged()
        if tls.isDrained, !willEnd { mayRead = false }
        switch outcome {
        case .complete:
            guard isSent else { return handshakeFailed("the connection was lost") }
            if tls.isResumed {
                core.counters.resumedUpstreamHandshakes += 1
            } else {
                core.counters.upstreamHandshakes += 1
            }
            opened()
        case .waiting:
            guard isSent else { return handshakeFailed("the connection was lost") }
            // A short read does not mean that nothing is left.
            if willEnd { loop.runAgain(self) }
        case .failed(let failure):
            handshakeFailed(failure.reason.isEmpty ? "the endpoint ended the connection" : failure.reason)
        }
    }

    private func handshakeFailed(_ reason: String) {
        core.notices.tell(
            "TLS with \(endpoint.address) of upstream \(endpoint.upstream.name) failed: \(reason)",
            about: "\(endpoint.upstream.name) \(reason)", at: loop.now)
        connectFailed(.handshakeFailed)
    }

    // MARK: Traffic

    func receive(over tls: TLSSession, into memory: UnsafeMutableRawBufferPointer) -> Transfer {
        let transfer = tls.receive(descriptor, into: memory)
        // An answer to the endpoint's change of keys.
        guard sendStaged() else { return .failed(0) }
        switch transfer {
        case .bytes: if tls.isDrained, !willEnd { mayRead = false }
        case .wouldBlock: if willEnd { loop.runAgain(self) } else { mayRead = false }
        case .ended, .failed: break
        }
        return transfer
    }

    func send(_ bytes: UnsafeRawBufferPointer, over tls: TLSSession) -> Transfer {
        guard flushRecords() else { return .failed(0) }
        guard output.isEmpty else { return .wouldBlock }
        let count = min(bytes.count, TLSChannel.encryptedAtOnce)
        guard tls.encrypt(UnsafeRawBufferPointer(rebasing: bytes[..<count])), sendStaged() else { return .failed(0) }
        return .bytes(count)
    }

    /// Sends what OpenSSL wrote.
    /// - Returns: false where the connection was lost.
    private func sendStaged() -> Bool {
        let staged = core.tlsChannel.takeStaged()
        if staged.isEmpty { return true }
        if !output.isEmpty {
            core.buffers.append(staged, to: &output)
            return true
        }
        switch Socket.send(descriptor, staged) {
        case .bytes(let count):
            if count < staged.count { core.buffers.append(.init(rebasing: staged[count...]), to: &output) }
            return true
        case .wouldBlock:
            core.buffers.append(staged, to: &output)
            return true
        case .ended, .failed: return false
        }
    }

    /// Sends records that wait.
    /// - Returns: false where the connection was lost.
    func flushRecords() -> Bool {
        while !output.isEmpty {
            switch Socket.send(descriptor, output.bytes) {
            case .bytes(let count): output.consumed(count)
            case .wouldBlock: return true
            case .ended, .failed: return false
            }
        }
        core.buffers.give(&output)
        if endsAfterOutput {
            endsAfterOutput = false
            Socket.shutdownWriting(descriptor)
        }
        return true
    }

    // MARK: The end

    /// Whether what came between two requests was TLS's own, a ticket for instance.
    func isStillQuiet(_ tls: TLSSession) -> Bool {
        guard !willEnd, receive(over: tls, into: core.scratch) == .wouldBlock, output.isEmpty else { return false }
        return true
    }

    func shutdownWriting(_ tls: TLSSession) {
        tls.close()
        guard sendStaged(), output.isEmpty else {
            endsAfterOutput = true
            return
        }
        Socket.shutdownWriting(descriptor)
    }

    /// The connection ends: the endpoint is told where it may still listen.
    func endSession(_ tls: TLSSession) {
        self.tls = nil
        defer { core.buffers.give(&output) }
        guard output.isEmpty, !willEnd else { return }
        tls.close()
        let staged = core.tlsChannel.takeStaged()
        if !staged.isEmpty { _ = Socket.send(descriptor, staged) }
    }
}
