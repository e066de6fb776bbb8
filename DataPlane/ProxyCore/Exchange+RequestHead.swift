import EventLoop
import HTTPCore

/// The head that the upstream gets: ingress-nginx's forwarding fields, and of the client's fields those that are meant
/// to go on (RFC 9110 §7.6.1).
extension Exchange {
    /// Room for the fields that are added.
    private static let addition = 1_200

    /// Writes all but the body's framing and the last line.
    /// - Returns: false where the head became too long.
    func writeRequestHead(
        _ bytes: UnsafeRawBufferPointer, _ request: RequestHead, from downstream: Downstream
    ) -> Bool {
        // Forwarding fields repeat values of the request at most five times over.
        let repeated =
            2 * Int(request.authority.count) + forwardedValueCount(bytes, request)
            + clientCertificateByteCount(downstream)
        let capacity = request.byteCount + repeated + Exchange.addition
        guard capacity <= 4 * WorkerCore.maximumWrittenHead else { return false }
        buffers.reserve(capacity, in: &head)
        var writer = ByteWriter(head.space)
        writer.append(bytes, range: request.methodName)
        writer.append(UInt8(ascii: " "))
        let target = bytes[request.originTarget]
        if target.first != UInt8(ascii: "/"), request.form != .asterisk { writer.append(UInt8(ascii: "/")) }
        writer.append(target)
        facts.methodAndTarget = ByteRange(0, writer.count)
        writer.append(policy.usesHTTP10Upstream ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n")
        writeForwardingFields(bytes, request, from: downstream, to: &writer)
        let shown = shownCertificate(downstream)
        if let shown { writeClientCertificate(shown, to: &writer) }
        copyFields(bytes, request, dropsCertificates: shown != nil, to: &writer)
        if wantsUpgrade, let upgrade = request.fields.value(of: .upgrade) {
            writer.append("Connection: upgrade\r\nUpgrade: ")
            writer.append(bytes, range: upgrade)
            writer.appendLineEnd()
        }
        guard !writer.overflowed else { return false }
        head.produced(writer.count)
        headCount = writer.count
        return true
    }

    private func forwardedValueCount(_ bytes: UnsafeRawBufferPointer, _ request: RequestHead) -> Int {
        var count = tables.globals.addsOriginalURIHeader ? Int(request.target.count) : 0
        if let value = request.fields.value(of: .xForwardedFor) { count += 2 * Int(value.count) }
        if tables.usesOwnForwardedFor, let value = forwardedFor(bytes, request) { count += Int(value.count) }
        if tables.globals.usesForwardedHeaders, let value = request.fields.value(of: .xForwardedHost) {
            count += 2 * Int(value.count)
        }
        return count
    }

    private func writeForwardingFields(
        _ bytes: UnsafeRawBufferPointer, _ request: RequestHead, from downstream: Downstream,
        to writer: inout ByteWriter
    ) {
        let fields = request.fields
        let trusts = trustsForwardedFields
        let forwardedHost = trusts ? fields.value(of: .xForwardedHost).map { firstElement(of: bytes[$0]) } : nil
        let host = forwardedHost ?? bytes[request.authority]
        writer.append("Host: ")
        writer.append(host)
        writeRequestID(bytes, request, to: &writer)
        writer.append("\r\nX-Real-IP: ")
        let start = writer.count
        writeAddress(of: client, to: &writer)
        let address = ByteRange(start, writer.count)
        writer.append("\r\nX-Forwarded-For: ")
        if trusts, tables.globals.computesFullForwardedFor {
            if let incoming = fields.value(of: .xForwardedFor), !incoming.isEmpty {
                writer.append(bytes, range: incoming)
                writer.append(", ")
            }
            writeAddress(of: downstream.peer, to: &writer)
        } else {
            writer.append(writer.written, range: address)
        }
        writer.append("\r\nX-Forwarded-Host: ")
        writer.append(host)
        writer.append("\r\nX-Forwarded-Port: ")
        if trusts, let port = fields.value(of: .xForwardedPort), port.count < 8 {
            writer.append(bytes, range: port)
        } else {
            writer.append(decimal: UInt64(downstream.outerPort))
        }
        writeSchemeFields(
            bytes, trusts ? fields.value(of: .xForwardedProto) : nil, isSecure: downstream.isOuterSecure,
            to: &writer)
        if tables.globals.usesProxyProtocol {
            writer.append("\r\n")
            writer.append(tables.proxyProtocolField)
            writer.append(": ")
            writeAddress(of: downstream.peer, to: &writer)
        }
        if tables.globals.addsOriginalURIHeader {
            writer.append("\r\nX-Original-URI: ")
            writer.append(bytes, range: request.target)
        }
        if let original = forwardedFor(bytes, request) {
            writer.append("\r\nX-Original-Forwarded-For: ")
            writer.append(bytes, range: original)
        }
        writer.appendLineEnd()
    }

    private func writeSchemeFields(
        _ bytes: UnsafeRawBufferPointer, _ incoming: ByteRange?, isSecure: Bool, to writer: inout ByteWriter
    ) {
        guard let incoming, incoming.count < 16 else {
            writer.append(
                isSecure
                    ? "\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Scheme: https\r\nX-Scheme: https"
                    : "\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Scheme: http\r\nX-Scheme: http")
            return
        }
        writer.append("\r\nX-Forwarded-Proto: ")
        writer.append(bytes, range: incoming)
        writer.append("\r\nX-Forwarded-Scheme: ")
        writer.append(bytes, range: incoming)
        writer.append("\r\nX-Scheme: ")
        writer.append(bytes, range: incoming)
    }

    /// The incoming identifier is kept, as ingress-nginx keeps it; without one, and where none is made, there is no field.
    private func writeRequestID(
        _ bytes: UnsafeRawBufferPointer, _ request: RequestHead, to writer: inout ByteWriter
    ) {
        let incoming = incomingRequestID(request)
        let generates = tables.globals.generatesRequestID
        guard generates || incoming != nil else {
            facts.requestID = .empty
            return
        }
        writer.append("\r\nX-Request-ID: ")
        let start = writer.count
        if let extras, generates {
            writer.append(extras.bytes(extras.requestID))
        } else if let incoming {
            writer.append(bytes, range: incoming)
        } else {
            core.requestIDs.write(to: &writer)
        }
        facts.requestID = ByteRange(start, writer.count)
    }

    /// The client's own identifier, where it is of a length to be kept.
    @inline(__always)
    func incomingRequestID(_ request: RequestHead) -> ByteRange? {
        guard let incoming = request.fields.value(of: .xRequestID), !incoming.isEmpty, incoming.count <= 256 else {
            return nil
        }
        return incoming
    }

    func writeAddress(of address: SocketAddress, to writer: inout ByteWriter) {
        let count = address.writeAddress(into: core.hostScratch)
        writer.append(UnsafeRawBufferPointer(rebasing: core.hostScratch[..<count]))
    }

    /// Copies runs of fields that stay, line by line as they came.
    private func copyFields(
        _ bytes: UnsafeRawBufferPointer, _ request: RequestHead, dropsCertificates: Bool, to writer: inout ByteWriter
    ) {
        let fields = request.fields
        let droppedFlags = tables.droppedFieldFlags
        var runStart = -1
        for index in 0..<fields.count {
            let field = fields[index]
            if field.flags.rawValue & droppedFlags.rawValue != 0 || core.replacedRequestFields.contains(field.id)
                || dropsCertificates && isClientCertificateField(bytes[field.name])
            {
                if runStart >= 0 { writer.append(bytes, range: ByteRange(runStart, Int(field.nameStart))) }
                runStart = -1
                continue
            }
            if runStart < 0 { runStart = Int(field.nameStart) }
            guard field.id != .other else { continue }
            let place = ByteRange(
                start: UInt32(writer.count + Int(field.valueStart) - runStart), count: field.valueCount)
            switch field.id {
            case .userAgent: facts.userAgent = place
            case .referer: facts.referer = place
            case .authorization: facts.authorization = place
            default: break
            }
        }
        if runStart >= 0 { writer.append(bytes, range: ByteRange(runStart, request.byteCount - 2)) }
    }

    /// Adds the body's framing and the end of the head, once it is known what is sent.
    func completeHead() {
        guard !isHeadComplete else { return }
        isHeadComplete = true
        // Room for it was reserved with the additions.
        var writer = ByteWriter(head.space)
        switch framing {
        case .none, .untilClose: break
        case .length(let count):
            writer.append("Content-Length: ")
            writer.append(decimal: count)
            writer.appendLineEnd()
        case .chunked:
            if streamsBody {
                writer.append("Transfer-Encoding: chunked\r\n")
            } else {
                writer.append("Content-Length: ")
                writer.append(decimal: UInt64(body.count))
                writer.appendLineEnd()
            }
        }
        writer.appendLineEnd()
        head.produced(writer.count)
        headCount = head.count
        if !streamsBody, !body.isInFile, body.count > 0, body.count <= 16 << 10 {
            buffers.append(body.memory.bytes, to: &head)
            bodyIsInHead = true
        }
    }
}
