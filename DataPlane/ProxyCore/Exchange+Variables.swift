import EventLoop
import Glibc
import HTTPCore
import Policies
import PorticoModel
import Upstreams

/// The values of variables, read from where the exchange keeps them. Only exchanges with extras are asked.
extension Exchange: VariableSource {
    func write(_ variable: NamedVariable, to writer: inout ByteWriter) -> Bool {
        let start = writer.count
        guard let extras else { return false }
        if writeRequestPart(variable, extras, to: &writer) || writeConnectionPart(variable, extras, to: &writer)
            || writeRoutePart(variable, to: &writer) || writeOutcome(variable, to: &writer)
            || writeTLSPart(variable, to: &writer) || writeTracePart(variable, extras, to: &writer)
        {
            return writer.count > start
        }
        return false
    }

    func write(geo index: Int, to writer: inout ByteWriter) -> Bool {
        tables.globals.usesGeoDatabases && core.geo.write(index, of: client, to: &writer)
    }

    func write(_ family: VariableFamily, named name: UnsafeRawBufferPointer, to writer: inout ByteWriter) -> Bool {
        guard let extras else { return false }
        let value: UnsafeRawBufferPointer? =
            switch family {
            case .argument: QueryReader.value(of: name, in: query(extras))
            case .requestField: FieldSearch.value(of: name, in: extras.savedHead.bytes)
            case .cookie: cookie(name, extras)
            case .sentField, .upstreamField: FieldSearch.value(of: name, in: extras.savedResponse.bytes)
            case .upstreamCookie: setCookie(name, extras)
            }
        guard let value else { return false }
        writer.append(value)
        return true
    }

    func write(capture index: Int, to writer: inout ByteWriter) -> Bool {
        guard let extras, index < extras.captures.count, let value = extras.captures[index] else { return false }
        writer.append(extras.bytes(value))
        return true
    }

    func write(custom index: Int, to writer: inout ByteWriter) -> Bool {
        guard let extras, index < extras.customs.count else { return false }
        writer.append(extras.bytes(extras.customs[index]))
        return !extras.customs[index].isEmpty
    }

    // MARK: Parts

    /// The query as it stands now, without the question mark.
    func query(_ extras: ExchangeExtras) -> UnsafeRawBufferPointer {
        let target = currentTarget(extras)
        guard let mark = target.firstIndex(of: UInt8(ascii: "?")) else {
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        return UnsafeRawBufferPointer(rebasing: target[(mark + 1)...])
    }

    /// The target as it came, or as it was rewritten.
    func currentTarget(_ extras: ExchangeExtras) -> UnsafeRawBufferPointer {
        extras.isRewritten ? extras.bytes(extras.target) : extras.savedHead.bytes[extras.savedTarget]
    }

    func field(_ name: StaticString, _ extras: ExchangeExtras) -> UnsafeRawBufferPointer? {
        FieldSearch.value(of: name, in: extras.savedHead.bytes)
    }

    func cookie(_ name: UnsafeRawBufferPointer, _ extras: ExchangeExtras) -> UnsafeRawBufferPointer? {
        let head = extras.savedHead.bytes
        let field: StaticString = "cookie"
        let fieldName = UnsafeRawBufferPointer(start: field.utf8Start, count: field.utf8CodeUnitCount)
        var offset = 0
        while let (value, end) = FieldSearch.next(fieldName, in: head, from: offset) {
            if let found = CookieReader.value(of: name, in: value) { return found }
            offset = end
        }
        return nil
    }

    private func setCookie(_ name: UnsafeRawBufferPointer, _ extras: ExchangeExtras) -> UnsafeRawBufferPointer? {
        let field: StaticString = "set-cookie"
        let fieldName = UnsafeRawBufferPointer(start: field.utf8Start, count: field.utf8CodeUnitCount)
        var offset = 0
        while let (value, end) = FieldSearch.next(fieldName, in: extras.savedResponse.bytes, from: offset) {
            if let found = CookieReader.value(of: name, in: value) { return found }
            offset = end
        }
        return nil
    }

    /// - Returns: whether the variable is one of the request's.
    private func writeRequestPart(
        _ variable: NamedVariable, _ extras: ExchangeExtras, to writer: inout ByteWriter
    ) -> Bool {
        let head = extras.savedHead.bytes
        switch variable {
        case .request:
            writer.append(head[extras.savedMethod])
            writer.append(UInt8(ascii: " "))
            writer.append(head[extras.savedTarget])
            writer.append(UInt8(ascii: " "))
            writer.append(protocolName)
        case .requestURI: writer.append(head[extras.savedTarget])
        case .uri, .documentURI: writer.append(extras.bytes(extras.path))
        case .fastCGIScriptName: writeScriptName(extras, to: &writer)
        case .args, .queryString: writer.append(query(extras))
        case .isArgs: if !query(extras).isEmpty { writer.append(UInt8(ascii: "?")) }
        case .requestMethod: writer.append(head[extras.savedMethod])
        case .escapedRequestURI: PercentEncoding.component.append(head[extras.savedTarget], to: &writer)
        case .scheme: writer.append(scheme)
        case .host: writeHost(extras, to: &writer)
        case .bestHTTPHost: writer.append(bestHost(extras))
        case .contentLength: if let value = field("content-length", extras) { writer.append(value) }
        case .contentType: if let value = field("content-type", extras) { writer.append(value) }
        case .requestID, .reqID: writer.append(extras.bytes(extras.requestID))
        case .requestLength: writer.append(decimal: UInt64(facts.receivedHeadCount) + receivedBody)
        case .connectionUpgrade: writer.append(wantsUpgrade ? "upgrade" : "")
        case .serverProtocol: writer.append(protocolName)
        case .passAccessScheme:
            if trustsForwardedFields, let value = field("x-forwarded-proto", extras) {
                writer.append(value)
            } else {
                writer.append(downstream?.isOuterSecure == true ? "https" : "http")
            }
        case .passServerPort, .passPort:
            if trustsForwardedFields, let value = field("x-forwarded-port", extras) {
                writer.append(value)
            } else {
                writer.append(decimal: UInt64(downstream?.outerPort ?? 80))
            }
        default: return false
        }
        return true
    }

    /// The client came over TLS.
    var isSecure: Bool { downstream?.flags.contains(.isSecure) ?? false }

    var scheme: StaticString { isSecure ? "https" : "http" }

    private var protocolName: StaticString {
        if downstream?.isStream == true { return "HTTP/2.0" }
        return isHTTP10 ? "HTTP/1.0" : "HTTP/1.1"
    }

    private func bestHost(_ extras: ExchangeExtras) -> UnsafeRawBufferPointer {
        if trustsForwardedFields, let value = field("x-forwarded-host", extras) { return firstElement(of: value) }
        return field("host", extras) ?? UnsafeRawBufferPointer(start: nil, count: 0)
    }

    /// In lower case and without port.
    func writeHost(_ extras: ExchangeExtras, to writer: inout ByteWriter) {
        guard let host = field("host", extras) else { return }
        var end = host.count
        if let colon = host.lastIndex(of: UInt8(ascii: ":")), !host[colon...].contains(UInt8(ascii: "]")) {
            end = colon
        }
        for byte in host[..<end] { writer.append(byte &- 0x41 < 26 ? byte | 0x20 : byte) }
    }

    private func writeConnectionPart(
        _ variable: NamedVariable, _ extras: ExchangeExtras, to writer: inout ByteWriter
    ) -> Bool {
        switch variable {
        case .remoteAddress, .theRealIP: writeAddress(of: client, to: &writer)
        case .realIPRemoteAddress, .proxyProtocolAddress:
            if let downstream { writeAddress(of: downstream.peer, to: &writer) }
        case .remotePort, .proxyProtocolPort: writer.append(decimal: UInt64(client.port))
        case .binaryRemoteAddress:
            let words = client.addressWords
            if client.isIPv6 {
                withUnsafeBytes(of: (words.high.bigEndian, words.low.bigEndian)) { writer.append($0) }
            } else {
                withUnsafeBytes(of: UInt32(truncatingIfNeeded: words.low).bigEndian) { writer.append($0) }
            }
        case .remoteUser: writeUser(extras, to: &writer)
        case .serverPort: writer.append(decimal: UInt64(downstream?.localPort ?? 80))
        case .proxyAddForwardedFor, .fullForwardedFor:
            if let value = field("x-forwarded-for", extras), !value.isEmpty {
                writer.append(value)
                writer.append(", ")
            }
            if let downstream { writeAddress(of: downstream.peer, to: &writer) }
        case .serverAddress: if let address = downstream?.localAddress { writeAddress(of: address, to: &writer) }
        case .connectionRequests: writer.append(decimal: UInt64(downstream?.requestCount ?? 1))
        case .https: if isSecure { writer.append("on") }
        case .http2: if downstream?.isStream == true { writer.append(isSecure ? "h2" : "h2c") }
        case .hostname: writer.append(text: MachineName.text)
        case .pid: writer.append(decimal: Int(getpid()))
        case .msec: WallClock.writeSeconds(to: &writer)
        case .timeISO8601: WallClock.writeISO8601(to: &writer)
        case .timeLocal: writer.append(core.time.logTime)
        default: return false
        }
        return true
    }

    /// What a handshake agreed upon, and whom the client showed itself to be; nothing without TLS.
    private func writeTLSPart(_ variable: NamedVariable, to writer: inout ByteWriter) -> Bool {
        guard let session = downstream?.tls else { return false }
        switch variable {
        case .sslProtocol: writer.append(text: session.protocolName)
        case .sslCipher: writer.append(text: session.cipherName)
        case .sslServerName: writer.append(text: session.serverName)
        case .sslSessionReused: writer.append(session.isResumed ? "r" : ".")
        case .sslClientVerify: writer.append(text: session.clientCertificate?.verification ?? "NONE")
        case .sslClientSubject: writer.append(text: session.clientCertificate?.subject ?? "")
        case .sslClientIssuer: writer.append(text: session.clientCertificate?.issuer ?? "")
        case .sslClientCertificate: writer.append(text: session.clientCertificate?.escapedCertificate ?? "")
        default: return false
        }
        return true
    }

    private func writeTracePart(
        _ variable: NamedVariable, _ extras: ExchangeExtras, to writer: inout ByteWriter
    ) -> Bool {
        guard let trace = extras.trace?.context else { return false }
        switch variable {
        case .openTelemetryTraceID: trace.writeTrace(to: &writer)
        case .openTelemetrySpanID: writer.append(sixteenHexadecimalDigits: trace.span)
        case .openTelemetryTraceParent: trace.writeTraceParent(to: &writer)
        default: return false
        }
        return true
    }

    private func writeUser(_ extras: ExchangeExtras, to writer: inout ByteWriter) {
        if !extras.user.isEmpty { return writer.append(extras.bytes(extras.user)) }
        if let value = field("authorization", extras) { BasicCredentials.writeName(of: value, to: &writer) }
    }

    private func writeRoutePart(_ variable: NamedVariable, to writer: inout ByteWriter) -> Bool {
        switch variable {
        case .proxyUpstreamName, .proxyHost: if let route { writer.append(route.upstreamName) }
        case .proxyAlternativeUpstreamName:
            if let canary = extras?.canary { writer.append(Array(canary.upstream.utf8)) }
        case .serverName: if let route { writer.append(Array((route.host.isEmpty ? "_" : route.host).utf8)) }
        case .namespace: if let route { writer.append(Array(route.route.ingress.namespace.utf8)) }
        case .ingressName: if let route { writer.append(Array(route.route.ingress.name.utf8)) }
        case .locationPath: if let route { writer.append(Array(route.route.path.utf8)) }
        case .serviceName: if let settings = upstreamSettings { writer.append(Array(settings.service.name.utf8)) }
        case .servicePort: if let settings = upstreamSettings { writer.append(Array(settings.port.utf8)) }
        default: return false
        }
        return true
    }

    /// The path with the index behind a final slash, as `SCRIPT_NAME` has it.
    private func writeScriptName(_ extras: ExchangeExtras, to writer: inout ByteWriter) {
        if extras.isRewritten {
            let target = extras.bytes(extras.target)
            writer.append(UnsafeRawBufferPointer(rebasing: target.prefix { $0 != UInt8(ascii: "?") }))
        } else {
            writer.append(extras.bytes(extras.path))
        }
        guard writer.written.last == UInt8(ascii: "/"), var index = extras.features?.fastCGI?.index else { return }
        index.withUTF8 { writer.append(UnsafeRawBufferPointer($0)) }
    }

    var upstreamSettings: UpstreamSettings? {
        route.flatMap { tables.routing.settings(ofUpstream: $0.route.upstream) }
    }

    private func writeOutcome(_ variable: NamedVariable, to writer: inout ByteWriter) -> Bool {
        switch variable {
        case .status: writer.append(decimal: UInt64(status), digits: 3)
        case .bodyBytesSent: writer.append(decimal: responseCount)
        case .bytesSent: writer.append(decimal: headSentCount + responseCount)
        case .requestTime: writer.append(secondsFromMilliseconds: now - startedAt)
        case .requestCompletion: if hasResponded { writer.append("OK") }
        case .upstreamAddress: writeAttempts(to: &writer) { $1.append($0.endpoint.text) }
        case .upstreamStatus:
            writeAttempts(to: &writer) { attempt, writer in
                if attempt.status == 0 { writer.append("-") } else { writer.append(decimal: attempt.status) }
            }
        case .upstreamResponseTime: writeAttempts(to: &writer) { $1.append(secondsFromMilliseconds: $0.milliseconds) }
        case .upstreamConnectTime: writeAttempts(to: &writer) { $1.append(seconds: $0.connectMilliseconds) }
        case .upstreamHeaderTime: writeAttempts(to: &writer) { $1.append(seconds: $0.headMilliseconds) }
        case .upstreamResponseLength: writeAttempts(to: &writer) { $1.append(decimal: $0.responseCount) }
        default: return false
        }
        return true
    }

    /// Attempts in order, with commas in between.
    private func writeAttempts(
        to writer: inout ByteWriter, _ body: (borrowing AttemptRecord, inout ByteWriter) -> Void
    ) {
        for index in attemptLog.indices {
            if index > 0 { writer.append(", ") }
            body(attemptLog[index], &writer)
        }
    }
}

extension ByteWriter {
    /// Seconds with three decimals, a hyphen for none.
    fileprivate mutating func append(seconds milliseconds: UInt32?) {
        if let milliseconds {
            append(secondsFromMilliseconds: UInt64(milliseconds))
        } else {
            append(UInt8(ascii: "-"))
        }
    }
}
