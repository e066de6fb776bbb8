import EventLoop
import HTTPCore
import Policies
import PorticoModel

/// Asking another service whether the request may pass (`auth-url`), as nginx's `auth_request` does: 2xx lets it pass, 401 and
/// 403 refuse, everything else is an error of the service.
extension Exchange {
    func passesExternal(_ extras: ExchangeExtras) -> Bool {
        guard let access = extras.features?.access else { return true }
        guard let external = access.external, !extras.isSatisfied else {
            // With `satisfy: any`, someone had to be satisfied where the address alone was not enough.
            if access.satisfiesAny, extras.addressIsRefused, !extras.isSatisfied {
                answer(status: 403)
                return false
            }
            return true
        }
        if let answer = extras.externalAnswer {
            extras.externalAnswer = nil
            return take(answer, external, extras)
        }
        let key = cacheKey(external, extras)
        if let key, let kept = core.policies.answers.find(key, at: now) { return take(kept, external, extras) }
        ask(external, key: key, extras)
        return false
    }

    // MARK: The question

    private func ask(_ external: CompiledExternalAuthentication, key: [UInt8]?, _ extras: ExchangeExtras) {
        guard let downstream, let upstream = upstream(of: external.target, extras), !upstream.endpoints.isEmpty else {
            return answer(status: 500)
        }
        var text = buffers.take(extras.savedHead.count + PolicyRuntime.scratchCount / 4)
        guard writeQuestion(external, extras, into: &text) else {
            buffers.give(&text)
            return answer(status: 500)
        }
        let question = Subquestion(core: core, peer: downstream.peer) { [unowned self, unowned extras] answer in
            guard self.extras === extras else { return }
            extras.question = nil
            let answer = answer ?? Subquestion.Answer(status: 500, head: [])
            if let key, answer.mayBeKept, let lifetime = external.cacheDuration(of: answer.status) {
                self.core.policies.answers.keep(answer, under: key, until: self.now + lifetime)
            }
            extras.externalAnswer = answer
            // Whoever is at work below takes its own end first.
            self.core.waiting.resumeLater(self, extras)
        }
        extras.question = question
        let method: HTTPMethod = external.method == Array("HEAD".utf8) ? .head : .get
        core.takeExchange().beginSubrequest(
            question, method: method, head: text.bytes, body: UnsafeRawBufferPointer(start: nil, count: 0),
            to: upstream, policy: external.target.usesTLS ? tables.securePolicy : tables.plainPolicy)
        buffers.give(&text)
    }

    private func cacheKey(_ external: CompiledExternalAuthentication, _ extras: ExchangeExtras) -> [UInt8]? {
        guard let template = external.cacheKey, let route else { return nil }
        // What is kept for one service counts for no other.
        let service = Array(value(of: external.target.requestTarget))
        return Array(external.target.upstream.utf8) + [0] + Array(route.host.utf8) + [0] + service + [0]
            + Array(value(of: template))
    }

    /// The client's fields, save those of its connection and body, and those that tell what is asked.
    private func writeQuestion(
        _ external: CompiledExternalAuthentication, _ extras: ExchangeExtras, into text: inout PooledBuffer
    ) -> Bool {
        let edits = core.policies.edits
        edits.begin()
        for name in Self.unaskedFields { edits.remove(name) }
        edits.set("Host") { external.target.host.write(from: self, to: &$0) }
        edits.set("X-Original-URL") { writer in
            writer.append(self.scheme)
            writer.append("://")
            if let host = self.field("host", extras) { writer.append(host) }
            writer.append(extras.savedHead.bytes[extras.savedTarget])
        }
        edits.set("X-Original-Method") { $0.append(extras.savedHead.bytes[extras.savedMethod]) }
        edits.set("X-Sent-From") { $0.append("nginx-ingress-controller") }
        edits.set("X-Request-ID") { $0.append(extras.bytes(extras.requestID)) }
        edits.set("X-Real-IP") { self.writeAddress(of: self.client, to: &$0) }
        edits.set("X-Forwarded-For") { writer in
            let isFull = self.trustsForwardedFields && self.tables.globals.computesFullForwardedFor
            _ = self.write(isFull ? .fullForwardedFor : .remoteAddress, to: &writer)
        }
        edits.set("X-Auth-Request-Redirect") { writer in
            if let redirect = external.requestRedirect {
                redirect.write(from: self, to: &writer)
            } else {
                writer.append(extras.savedHead.bytes[extras.savedTarget])
            }
        }
        for assignment in external.setHeaders {
            assignment.name.withUnsafeBytes { name in
                if Self.isFree(name) { edits.set(name) { assignment.value.write(from: self, to: &$0) } }
            }
        }
        if let snippet = external.snippet { collect(snippet.requestHeaders, extras, edits) }
        return writeQuestionHead(external, extras, edits, into: &text)
    }

    private static let unaskedFields: [StaticString] = [
        "Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
        "Content-Length", "Expect", "Proxy", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port",
    ]

    private func writeQuestionHead(
        _ external: CompiledExternalAuthentication, _ extras: ExchangeExtras, _ edits: HeaderEdits,
        into text: inout PooledBuffer
    ) -> Bool {
        var writer = ByteWriter(text.space)
        if external.method.isEmpty { writer.append("GET") } else { writer.append(external.method) }
        writer.append(" ")
        let start = writer.count
        external.target.requestTarget.write(from: self, to: &writer)
        let target = writer.written[start...]
        guard target.first == UInt8(ascii: "/"), target.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { return false }
        writer.append(" HTTP/1.1\r\n")
        let head = extras.savedHead.bytes
        guard let lineEnd = head.firstIndex(of: UInt8(ascii: "\n")), head.count >= lineEnd + 3 else { return false }
        edits.apply(to: UnsafeRawBufferPointer(rebasing: head[(lineEnd + 1)..<(head.count - 2)]), into: &writer)
        guard !writer.overflowed, !edits.overflowed else { return false }
        text.produced(writer.count)
        return true
    }

    // MARK: The answer

    private func take(
        _ answer: Subquestion.Answer, _ external: CompiledExternalAuthentication, _ extras: ExchangeExtras
    ) -> Bool {
        answer.head.withUnsafeBytes { keepCookies($0, extras) }
        switch answer.status {
        case 200..<300:
            answer.head.withUnsafeBytes { keepFields($0, external, extras) }
            return true
        case 401:
            if let signIn = external.signInURL {
                redirect(to: signIn, status: 302)
            } else {
                refuse(by: answer)
            }
        case 403: refuse(by: answer)
        default: self.answer(status: 500)
        }
        return false
    }

    private func refuse(by answer: Subquestion.Answer) {
        self.answer(status: answer.status) { edits in
            answer.head.withUnsafeBytes { head in
                if let challenge = FieldSearch.value(of: "www-authenticate", in: head) {
                    edits.add("WWW-Authenticate") { $0.append(challenge) }
                }
            }
        }
    }

    private func keepFields(
        _ head: UnsafeRawBufferPointer, _ external: CompiledExternalAuthentication, _ extras: ExchangeExtras
    ) {
        for name in external.responseHeaders {
            name.withUnsafeBytes { name in
                // A field that the answer lacks is taken away from the client's: it must not pass for the service's.
                let value = FieldSearch.value(of: name, in: head) ?? UnsafeRawBufferPointer(start: nil, count: 0)
                append(name, ": ", to: &extras.authenticationFields)
                append(value, "\n", to: &extras.authenticationFields)
            }
        }
    }

    private func keepCookies(_ head: UnsafeRawBufferPointer, _ extras: ExchangeExtras) {
        let name: StaticString = "set-cookie"
        let field = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        var offset = 0
        while let (value, end) = FieldSearch.next(field, in: head, from: offset) {
            append(value, "\n", to: &extras.authenticationCookies)
            offset = end
        }
    }

    private func append(_ bytes: UnsafeRawBufferPointer, _ text: StaticString, to buffer: inout PooledBuffer) {
        buffers.append(bytes, to: &buffer)
        buffers.append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount), to: &buffer)
    }
}

extension Subquestion.Answer {
    /// As nginx's cache: not where it sets cookies, which are one client's, or says that it is not for others.
    fileprivate var mayBeKept: Bool {
        head.withUnsafeBytes { head in
            if FieldSearch.value(of: "set-cookie", in: head) != nil { return false }
            guard let control = FieldSearch.value(of: "cache-control", in: head) else { return true }
            let text = String(decoding: control, as: UTF8.self).lowercased()
            return !["no-cache", "no-store", "private", "max-age=0"].contains { text.contains($0) }
        }
    }
}

/// Answers of authentication services that are kept for a while (`auth-cache-key`). Bounded; the older half is forgotten when it is
/// full.
struct AuthenticationCache {
    private struct Entry {
        var answer: Subquestion.Answer
        var expiresAt: UInt64
    }

    private static let capacity = 4_096
    private static let maximumKey = 4_096
    private static let maximumHead = 8 << 10
    private var recent: [[UInt8]: Entry] = [:]
    private var older: [[UInt8]: Entry] = [:]

    func find(_ key: [UInt8], at milliseconds: UInt64) -> Subquestion.Answer? {
        guard let entry = recent[key] ?? older[key], milliseconds < entry.expiresAt else { return nil }
        return entry.answer
    }

    mutating func keep(_ answer: Subquestion.Answer, under key: [UInt8], until milliseconds: UInt64) {
        guard key.count <= Self.maximumKey, answer.head.count <= Self.maximumHead else { return }
        if recent.count >= Self.capacity / 2 { (older, recent) = (recent, [:]) }
        recent[key] = Entry(answer: answer, expiresAt: milliseconds)
    }
}
