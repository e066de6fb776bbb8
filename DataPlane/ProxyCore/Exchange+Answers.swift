import EventLoop
import HTTPCore
import Policies
import PorticoModel

/// Answers made here for routes with features: redirects, challenges, texts, each with the fields that policies add.
extension Exchange {
    /// Answers with a small page, or with the value of `text`.
    func answer(status: Int, text: CompiledTemplate? = nil, _ fields: (HeaderEdits) -> Void = { _ in }) {
        guard let downstream, let extras, prepareAnswer(status, downstream) else { return }
        answer(status, text, extras, for: downstream, fields)
    }

    func answer(
        _ status: Int, _ text: CompiledTemplate?, _ extras: ExchangeExtras, for downstream: Downstream,
        _ fields: (HeaderEdits) -> Void
    ) {
        if !Self.isBeyondPages(status), !isCallRefusal(status), hasErrorPage(for: status, isResponse: false, extras) {
            return startErrorPage(for: status, extras)
        }
        let body = writeBody(status, text)
        guard let head = writeHead(status, bodyCount: body.count, extras, for: downstream, fields) else {
            // What was to be added does not fit: without it the answer might say something else.
            return downstream.close()
        }
        let sendsBody = method != .head
        responseCount = sendsBody ? UInt64(body.count) : 0
        headSentCount = UInt64(head.count)
        var whole = buffers.take(head.count + body.count)
        buffers.append(head, to: &whole)
        if sendsBody { buffers.append(UnsafeRawBufferPointer(rebasing: body[...]), to: &whole) }
        downstream.state = .waiting
        loop.setDeadline(downstream, at: .max)
        let isWritten = downstream.write(whole.bytes, headCount: head.count, isLast: true)
        buffers.give(&whole)
        guard isWritten else { return }
        finish()
        downstream.finishResponse()
    }

    /// Of these nobody makes a page: the request itself is in doubt, or the client is gone.
    private static func isBeyondPages(_ status: Int) -> Bool { status == 400 || status == 408 || status == 444 }

    /// What a gRPC call is refused with is a gRPC status, whatever the route has for others.
    private func isCallRefusal(_ status: Int) -> Bool { isGRPC && status >= 400 }

    /// Into the second half of the loop's scratch memory, because templates use the others.
    private func writeBody(_ status: Int, _ text: CompiledTemplate?) -> UnsafeRawBufferPointer {
        if status == 204 || status == 304 || isCallRefusal(status) {
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        var writer = ByteWriter(UnsafeMutableRawBufferPointer(rebasing: core.scratch[(core.scratch.count / 2)...]))
        if let text {
            text.write(from: self, to: &writer)
        } else {
            ErrorAnswer.writeBody(status, to: &writer)
        }
        if writer.overflowed { writer.truncate(to: 0) }
        return writer.written
    }

    private func writeHead(
        _ status: Int, bodyCount: Int, _ extras: ExchangeExtras, for downstream: Downstream,
        _ fields: (HeaderEdits) -> Void
    ) -> UnsafeRawBufferPointer? {
        var writer = ByteWriter(UnsafeMutableRawBufferPointer(rebasing: core.scratch[..<(core.scratch.count / 2)]))
        if isCallRefusal(status) {
            writeGRPCAnswer(status: status, to: &writer)
            return edited(writer.written, isOwn: true, extras, fields)
        }
        writer.appendStatusLine(status)
        writer.append("Date: ")
        writer.append(core.time.date)
        if status != 204, status != 304 {
            writer.append("\r\nContent-Type: text/html\r\nContent-Length: ")
            writer.append(decimal: bodyCount)
        }
        let closes = downstream.flags.contains(.closesAfterResponse)
        writer.append(closes ? "\r\nConnection: close\r\n" : "\r\nConnection: keep-alive\r\n")
        if addsStrictTransportSecurity(downstream) { writer.append(tables.strictTransportSecurity) }
        writer.appendLineEnd()
        return edited(writer.written, isOwn: true, extras, fields)
    }

    // MARK: Redirects

    /// Redirects to a template's value.
    func redirect(to location: CompiledTemplate, status: Int) {
        answer(status: status) { edits in
            edits.set("Location") { writer in
                let start = writer.count
                location.write(from: self, to: &writer)
                self.completeLocation(from: start, in: &writer)
            }
        }
    }

    /// - Parameter location: in the runtime's scratch memory for values.
    func redirect(toText location: UnsafeRawBufferPointer, status: Int) {
        answer(status: status) { edits in
            edits.set("Location") { writer in
                let start = writer.count
                writer.append(location)
                self.completeLocation(from: start, in: &writer)
            }
        }
    }

    /// A path becomes a URL of the requested host, as nginx has it unless `relative-redirects` is on.
    func completeLocation(from start: Int, in writer: inout ByteWriter) {
        guard !policy.makesRelativeRedirects, start < writer.count, writer.written[start] == UInt8(ascii: "/"),
            let extras
        else { return }
        let count = writer.count - start
        withUnsafeTemporaryAllocation(byteCount: count, alignment: 1) { copy in
            copy.copyMemory(from: UnsafeRawBufferPointer(rebasing: writer.written[start...]))
            writer.truncate(to: start)
            writer.append(scheme)
            writer.append("://")
            writeHost(extras, to: &writer)
            if policy.namesPortInRedirects, let port = downstream?.localPort, port != (isSecure ? 443 : 80) {
                writer.append(UInt8(ascii: ":"))
                writer.append(decimal: UInt64(port))
            }
            writer.append(UnsafeRawBufferPointer(copy))
        }
    }
}
