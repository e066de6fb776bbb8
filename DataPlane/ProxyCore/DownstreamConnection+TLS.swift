import EventLoop
import HTTPCore
import Routing
import TLSEngine

/// TLS below a client's connection. `output` holds what goes over the wire, so flushing and back-pressure are the same
/// with and without it.
extension DownstreamConnection {
    /// What an alert of the name that is not served says (RFC 6066 §3).
    private static let unrecognisedName: [UInt8] = [21, 3, 3, 0, 2, 2, 112]

    /// The connection is there, or its PROXY protocol header is.
    func awaitFirstBytes() {
        guard flags.contains(.isSecure) else {
            state = .idle
            return loop.setDeadline(self, after: core.tables.globals.clientHeaderTimeoutMilliseconds)
        }
        guard core.handshakes < core.tables.globals.tls.maximumHandshakes else {
            core.counters.refusedHandshakes += 1
            return close()
        }
        state = .handshake
        flags.insert(.isShakingHands)
        core.handshakes += 1
        loop.setDeadline(self, after: core.tables.globals.tls.handshakeTimeoutMilliseconds)
    }

    private func leaveHandshake() {
        guard flags.contains(.isShakingHands) else { return }
        flags.remove(.isShakingHands)
        core.handshakes -= 1
    }

    // MARK: Handshake

    func readHandshake() {
        if let tls { return shakeHands(tls) }
        if input.isEmpty {
            let memory = core.downstreamRead
            switch receive(into: memory) {
            case .bytes(let count):
                let bytes = UnsafeRawBufferPointer(rebasing: memory[..<count])
                if !takeClientHello(bytes), state == .handshake { core.buffers.append(bytes, to: &input) }
            case .wouldBlock: return
            case .ended, .failed: close()
            }
        } else {
            if takeClientHello(input.bytes) { return }
            guard state == .handshake, flags.contains(.mayRead), fillInput() else { return }
            if !takeClientHello(input.bytes), state == .handshake, flags.contains(.mayRead) { loop.runAgain(self) }
        }
    }

    /// Looks at the client's first message, and begins a session with the context of the host that it names.
    /// - Returns: whether the bytes were taken.
    private func takeClientHello(_ bytes: UnsafeRawBufferPointer) -> Bool {
        switch ClientHelloReader.read(bytes) {
        case .incomplete: return false
        case .complete(let hello): begin(hello, bytes)
        case .failed(.notHandshake):
            refusePlainText()
        case .failed:
            // OpenSSL finds the words for it. No host is known, so nothing of any host is at stake.
            begin(ClientHello(), bytes)
        }
        core.buffers.give(&input)
        return true
    }

    /// A client that speaks HTTP here is told so in HTTP.
    private func refusePlainText() {
        leaveHandshake()
        core.counters.failedHandshakes += 1
        core.counters.malformedRequests += 1
        refuse(status: 400)
    }

    private func begin(_ hello: ClientHello, _ bytes: UnsafeRawBufferPointer) {
        let host = hello.serverName.withUnsafeBytes { core.tables.routing.virtualHost($0) }
        if !hello.serverName.isEmpty, let upstream = host?.tls?.values.passthroughUpstream, !upstream.isEmpty {
            return passThrough(to: upstream, bytes)
        }
        let context = core.tls.serverContext(for: host?.host ?? "", host?.tls?.values)
        guard let context else {
            core.counters.failedHandshakes += 1
            if Self.unrecognisedName.withUnsafeBytes({ send($0) }) { close() }
            return
        }
        do {
            let tls = try TLSSession(server: context, channel: core.tlsChannel, received: bytes)
            self.tls = tls
            shakeHands(tls)
        } catch { close() }
    }

    /// The host's endpoints end TLS themselves: the connection leaves as it is, with what was read of it.
    private func passThrough(to upstream: String, _ bytes: UnsafeRawBufferPointer) {
        leaveHandshake()
        state = .closed
        loop.forget(descriptor: descriptor)
        loop.unregister(self)
        core.counters.openConnections -= 1
        core.streams.carry(descriptor, of: peer, at: localPort, received: bytes, to: upstream)
    }

    private func shakeHands(_ tls: TLSSession) {
        let outcome = tls.handshake(descriptor)
        guard sendStaged() else { return }
        if tls.isDrained, !flags.contains(.willEnd) { flags.remove(.mayRead) }
        switch outcome {
        case .waiting: if flags.contains(.willEnd) { loop.runAgain(self) }
        case .failed:
            core.counters.failedHandshakes += 1
            close()
        case .complete:
            leaveHandshake()
            if tls.isResumed {
                core.counters.resumedHandshakes[tls.versionIndex] += 1
            } else {
                core.counters.handshakes[tls.versionIndex] += 1
            }
            tls.examineClient()
            handshakeFinished(tls)
        }
    }

    private func handshakeFinished(_ tls: TLSSession) {
        state = .idle
        loop.setDeadline(self, after: core.tables.globals.clientHeaderTimeoutMilliseconds)
        if tls.negotiatedHTTP2 { return beginHTTP2() }
        readRequests()
    }

    // MARK: Traffic

    func receive(over tls: TLSSession, into memory: UnsafeMutableRawBufferPointer) -> Transfer {
        let transfer = tls.receive(descriptor, into: memory)
        if case .bytes(let count) = transfer { core.counters.downstreamBytesRead += UInt64(count) }
        // An answer to the client's change of keys, or an alert.
        guard sendStaged() else { return .failed(0) }
        if transfer == .ended || tls.isDrained && !flags.contains(.willEnd) { flags.remove(.mayRead) }
        return transfer
    }

    func write(_ bytes: UnsafeRawBufferPointer, over tls: TLSSession) -> Bool {
        var rest = bytes
        while true {
            let count = min(rest.count, TLSChannel.encryptedAtOnce)
            guard tls.encrypt(UnsafeRawBufferPointer(rebasing: rest[..<count])) else {
                close()
                return false
            }
            guard sendStaged() else { return false }
            if count == rest.count { return true }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// Sends what OpenSSL wrote.
    /// - Returns: false where the connection was lost, and closed.
    private func sendStaged() -> Bool {
        let staged = core.tlsChannel.takeStaged()
        return staged.isEmpty || send(staged)
    }

    /// Says that nothing more is sent.
    func close(_ tls: TLSSession) {
        tls.close()
        _ = sendStaged()
    }

    /// The connection ends: the client is told where it may still listen.
    func endSession() {
        leaveHandshake()
        guard let tls else { return }
        self.tls = nil
        guard output.isEmpty, !flags.contains(.willEnd), !flags.contains(.hasEnded), tls.isEstablished else { return }
        tls.close()
        let staged = core.tlsChannel.takeStaged()
        if !staged.isEmpty { _ = Socket.send(descriptor, staged) }
    }
}
