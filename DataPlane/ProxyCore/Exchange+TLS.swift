import HTTPCore
import PorticoModel
import Routing
import TLSEngine

/// The first phase: requests that belong on TLS are sent there, and clients show the certificates that their host asks
/// for.
extension Exchange {
    /// Whether the phase has anything to look at.
    @inline(__always)
    func concernsTLS(_ route: RouteEntry) -> Bool {
        // A pattern, for `==` of another module's enumeration is a call.
        if case .always = policyRecord.values.tlsRedirect { return true }
        return route.tls != nil
    }

    /// - Returns: whether the request goes on; else it was answered.
    func passTLS(
        _ route: RouteEntry, _ bytes: UnsafeRawBufferPointer, _ request: RequestHead, from downstream: Downstream
    ) -> Bool {
        guard downstream.flags.contains(.isSecure) else {
            guard redirectsToTLS(route, bytes, request) else { return true }
            redirectToTLS(bytes, request)
            return false
        }
        guard let tls = route.tls, let clients = tls.values.clientCertificates, clients.verification != .off else {
            return true
        }
        // What was asked of the client was asked for the host that the handshake named (RFC 9110 §7.4).
        guard let session = downstream.tls, session.serverContext?.host == tls.host else {
            answer(status: 421)
            return false
        }
        return admits(session, tls, clients)
    }

    private func admits(_ session: TLSSession, _ tls: HostTLS, _ clients: ClientCertificatePolicy) -> Bool {
        guard let shown = session.clientCertificate, shown.verdict == .allowed else {
            if clients.errorPage.isEmpty { answer(status: 400) } else { redirect(to: clients.errorPage, status: 302) }
            return false
        }
        if let pattern = tls.subjectPattern, !pattern.matches(shown.subject) {
            answer(status: 403)
            return false
        }
        return true
    }

    // MARK: Redirects

    private func redirectsToTLS(
        _ route: RouteEntry, _ bytes: UnsafeRawBufferPointer, _ request: RequestHead
    ) -> Bool {
        switch policyRecord.values.tlsRedirect {
        case .never: return false
        case .ifHostHasTLS: guard route.tls?.values.isServed == true else { return false }
        case .always: break
        }
        // Something in front may have had TLS already.
        if downstream?.announcedPort == 443 { return false }
        if trustsForwardedFields, let proto = request.fields.value(of: .xForwardedProto),
            !bytes[proto].elementsEqual("http".utf8)
        {
            return false
        }
        return !tables.globals.tls.unredirectedPaths.contains { route.route.path.hasPrefix($0) }
    }

    /// The same request over HTTPS. Without `preserve-trailing-slash` a slash at the end is left out, as ingress-nginx
    /// does it.
    private func redirectToTLS(_ bytes: UnsafeRawBufferPointer, _ request: RequestHead) {
        var location = Array("https://".utf8)
        let fields = request.fields
        let forwarded = trustsForwardedFields ? fields.value(of: .xForwardedHost) : nil
        location += host(in: bytes[forwarded ?? request.authority])
        if policyRecord.values.namesPortInRedirects, let port = core.securePort {
            location += Array(":\(port)".utf8)
        }
        let target = bytes[request.originTarget]
        if target.first != UInt8(ascii: "/") { location.append(UInt8(ascii: "/")) }
        location += target
        if !policyRecord.values.preservesTrailingSlash, location.last == UInt8(ascii: "/") { location.removeLast() }
        redirect(to: location, status: Int(tables.globals.redirectStatus))
    }

    /// The authority without its port.
    private func host(in authority: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        guard let colon = authority.lastIndex(of: UInt8(ascii: ":")),
            !authority[colon...].contains(UInt8(ascii: "]"))
        else { return authority }
        return UnsafeRawBufferPointer(rebasing: authority[..<colon])
    }

    private func redirect(to location: String, status: Int) { redirect(to: Array(location.utf8), status: status) }

    /// Ends the exchange with a redirect of the proxy's own.
    private func redirect(to location: [UInt8], status: Int) {
        answer(status: status, fields: Array("Location: ".utf8) + location + Array("\r\n".utf8))
    }

    // MARK: What endpoints are told

    /// Room for the fields about the client's certificate.
    func clientCertificateByteCount(_ downstream: Downstream) -> Int {
        guard let shown = shownCertificate(downstream) else { return 0 }
        return 160 + shown.subject.utf8.count + shown.issuer.utf8.count + shown.verification.utf8.count
            + shown.escapedCertificate.utf8.count
    }

    /// What the client showed, where its host asks for it.
    @inline(__always)
    func shownCertificate(_ downstream: Downstream) -> ClientCertificateResult? {
        guard downstream.flags.rawValue & Downstream.Flags.isSecure.rawValue != 0 else { return nil }
        return downstream.tls?.clientCertificate
    }

    func writeClientCertificate(_ shown: ClientCertificateResult, to writer: inout ByteWriter) {
        writeField("ssl-client-verify: ", shown.verification, to: &writer)
        writeField("ssl-client-subject-dn: ", shown.subject, to: &writer)
        writeField("ssl-client-issuer-dn: ", shown.issuer, to: &writer)
        writeField("ssl-client-cert: ", shown.escapedCertificate, to: &writer)
    }

    /// An empty value is no field, as with nginx.
    private func writeField(_ name: StaticString, _ value: String, to writer: inout ByteWriter) {
        guard !value.isEmpty else { return }
        writer.append(name)
        var value = value
        value.withUTF8 { bytes in
            // A distinguished name may hold anything, and a header may not.
            for byte in bytes { writer.append(byte < 0x20 || byte == 0x7F ? UInt8(ascii: "?") : byte) }
        }
        writer.appendLineEnd()
    }

    /// Whether a client's field claims to be one that only the proxy writes.
    func isClientCertificateField(_ name: UnsafeRawBufferPointer) -> Bool {
        begins(name, with: "ssl-client-")
    }

    func isStrictTransportSecurity(_ name: UnsafeRawBufferPointer) -> Bool {
        name.count == 25 && begins(name, with: "strict-transport-security")
    }

    /// - Parameter prefix: in lower case.
    private func begins(_ name: UnsafeRawBufferPointer, with prefix: StaticString) -> Bool {
        guard name.count >= prefix.utf8CodeUnitCount else { return false }
        for index in 0..<prefix.utf8CodeUnitCount where name[index] | 0x20 != prefix.utf8Start[index] { return false }
        return true
    }

    // MARK: What clients are told

    /// Whether responses say that the host is for HTTPS alone (RFC 6797 §7.2).
    func addsStrictTransportSecurity(_ downstream: Downstream) -> Bool {
        downstream.flags.rawValue & Downstream.Flags.isSecure.rawValue != 0 && route?.tls?.values.isServed == true
            && !tables.strictTransportSecurity.isEmpty
    }

    /// The whole line.
    var strictTransportSecurity: [UInt8] { tables.strictTransportSecurity }
}
