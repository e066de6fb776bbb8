import EventLoop
import HTTPCore
import Policies
import PorticoModel

/// Changes of the head that goes to the client, whoever made the answer: CORS, sessions, cookies and locations rewritten, fields
/// added, set and hidden.
extension Exchange {
    /// Edits a head that was written for the client.
    ///
    /// - Parameters:
    ///   - text: the whole head.
    ///   - isOwn: the answer was made here; else it came from an endpoint.
    /// - Returns: the edited head, valid until the next one, or `text` where nothing is to change; nil where it became too
    ///   long.
    func edited(
        _ text: UnsafeRawBufferPointer, isOwn: Bool, _ extras: ExchangeExtras,
        _ fields: (HeaderEdits) -> Void = { _ in }
    ) -> UnsafeRawBufferPointer? {
        keepResponseHead(text, extras)
        let edits = core.policies.edits
        edits.begin()
        fields(edits)
        if !isOwn { collectUpstreamEdits(text, extras, edits) }
        collectCrossOrigin(extras, edits)
        collectSession(extras, edits)
        collectCookies(extras, edits)
        for assignment in tables.compiled.responseHeaders { set(response: assignment, edits) }
        if let headers = extras.features?.headers {
            for assignment in headers.responseHeaders { set(response: assignment, edits) }
        }
        if let snippet = extras.features?.snippet { collect(snippet, text, extras, edits) }
        return edits.isEmpty && !edits.overflowed ? text : apply(edits, to: text)
    }

    /// Edits the head of an endpoint's response in the memory that it was written to.
    /// - Returns: false where it became too long.
    func edit(_ head: inout ByteWriter, varies: Bool, _ extras: ExchangeExtras) -> Bool {
        if extras.isSubrequest { return true }
        let text = head.written
        let result = edited(text, isOwn: false, extras) { edits in
            if varies { self.collectCompression(text, extras, edits) }
        }
        guard let result else { return false }
        if result.baseAddress == text.baseAddress { return true }
        head.truncate(to: 0)
        head.append(result)
        return !head.overflowed
    }

    private func apply(_ edits: HeaderEdits, to text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        guard let lineEnd = text.firstIndex(of: UInt8(ascii: "\n")), text.count >= lineEnd + 3 else { return text }
        var writer = ByteWriter(core.policies.headScratch)
        writer.append(UnsafeRawBufferPointer(rebasing: text[...lineEnd]))
        // The empty line at the end comes after what is added.
        edits.apply(to: UnsafeRawBufferPointer(rebasing: text[(lineEnd + 1)..<(text.count - 2)]), into: &writer)
        writer.appendLineEnd()
        return writer.overflowed || edits.overflowed || writer.count > WorkerCore.maximumWrittenHead
            ? nil : writer.written
    }

    /// The log, and fields that refer to others, may ask for it.
    private func keepResponseHead(_ text: UnsafeRawBufferPointer, _ extras: ExchangeExtras) {
        buffers.give(&extras.savedResponse)
        buffers.append(text, to: &extras.savedResponse)
    }

    private func set(response assignment: CompiledAssignment, _ edits: HeaderEdits) {
        assignment.name.withUnsafeBytes { name in
            if Self.isFree(name) { edits.set(name) { assignment.value.write(from: self, to: &$0) } }
        }
    }

    // MARK: Fields of the proxy's own

    private func collectCrossOrigin(_ extras: ExchangeExtras, _ edits: HeaderEdits) {
        guard let policy = extras.features?.crossOrigin else { return }
        let origin = field("origin", extras) ?? UnsafeRawBufferPointer(start: nil, count: 0)
        if policy.allows(origin) { policy.collect(edits, origin: origin) }
    }

    private func collectSession(_ extras: ExchangeExtras, _ edits: HeaderEdits) {
        guard extras.setsSession, let key = extras.session, let affinity = extras.features?.affinity else { return }
        let agent = field("user-agent", extras) ?? UnsafeRawBufferPointer(start: nil, count: 0)
        edits.add("Set-Cookie") { writer in
            affinity.write(
                key, isSecure: self.isSecure, agent: agent, epochSeconds: self.loop.clock.secondsOfDay, to: &writer)
        }
    }

    /// Cookies that an authentication's answer set.
    private func collectCookies(_ extras: ExchangeExtras, _ edits: HeaderEdits) {
        guard !extras.authenticationCookies.isEmpty, let external = extras.features?.access?.external,
            external.alwaysSetsCookie || CompiledSnippet.Header.usual.contains(status)
        else { return }
        let lines = extras.authenticationCookies.bytes
        for line in lines.split(separator: UInt8(ascii: "\n")) {
            let value = UnsafeRawBufferPointer(rebasing: lines[line.startIndex..<line.endIndex])
            edits.add("Set-Cookie") { $0.append(value) }
        }
    }

    // MARK: Fields of the endpoint's

    private func collectUpstreamEdits(_ text: UnsafeRawBufferPointer, _ extras: ExchangeExtras, _ edits: HeaderEdits) {
        for name in tables.compiled.hiddenHeaders { name.withUnsafeBytes { edits.remove($0) } }
        guard let features = extras.features else { return }
        if let headers = features.headers {
            for name in headers.hiddenHeaders { name.withUnsafeBytes { edits.remove($0) } }
        }
        if let rewriting = features.responseRewriting { rewrite(text, rewriting, edits) }
    }

    private func rewrite(
        _ text: UnsafeRawBufferPointer, _ rewriting: CompiledResponseRewriting, _ edits: HeaderEdits
    ) {
        let captures = core.policies.captures
        let names: [StaticString] = rewriting.locations.isEmpty ? [] : ["location", "refresh"]
        for (index, name) in names.enumerated() {
            guard let value = FieldSearch.value(of: name, in: text) else { continue }
            var writer = ByteWriter(core.policies.valueScratch)
            let isChanged = rewriting.locations.contains { rule in
                writer.truncate(to: 0)
                return rule.write(value, from: self, captures, to: &writer)
            }
            if isChanged, index == 0 { completeLocation(from: 0, in: &writer) }
            if isChanged, !writer.overflowed { edits.set(name) { $0.append(writer.written) } }
        }
        if !rewriting.cookieDomains.isEmpty || !rewriting.cookiePaths.isEmpty {
            rewriteCookies(text, rewriting, edits)
        }
    }

    private func rewriteCookies(
        _ text: UnsafeRawBufferPointer, _ rewriting: CompiledResponseRewriting, _ edits: HeaderEdits
    ) {
        let captures = core.policies.captures
        let name: StaticString = "set-cookie"
        let field = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        guard FieldSearch.value(of: field, in: text) != nil else { return }
        edits.remove(field)
        var offset = 0
        while let (value, end) = FieldSearch.next(field, in: text, from: offset) {
            var half = PolicyRuntime.scratchCount / 2
            half = min(half, core.policies.valueScratch.count)
            var first = ByteWriter(UnsafeMutableRawBufferPointer(rebasing: core.policies.valueScratch[..<half]))
            CookieAttributeRule.write(value, rewriting.cookieDomains, from: self, captures, to: &first)
            var second = ByteWriter(UnsafeMutableRawBufferPointer(rebasing: core.policies.valueScratch[half...]))
            CookieAttributeRule.write(first.written, rewriting.cookiePaths, from: self, captures, to: &second)
            edits.add("Set-Cookie") { $0.append(second.overflowed ? value : second.written) }
            offset = end
        }
    }

    // MARK: Snippets

    private func collect(
        _ snippet: CompiledSnippet, _ text: UnsafeRawBufferPointer, _ extras: ExchangeExtras, _ edits: HeaderEdits
    ) {
        let type = FieldSearch.value(of: "content-type", in: text) ?? UnsafeRawBufferPointer(start: nil, count: 0)
        for header in snippet.responseHeaders
        where isGuardOpen(header.guardIndex, extras) && header.applies(status: status, contentType: type) {
            header.name.withUnsafeBytes { name in
                guard header.action == .expires || Self.isFree(name) else { return }
                switch header.action {
                case .add: edits.add(name) { header.value?.write(from: self, to: &$0) }
                case .set: edits.set(name) { header.value?.write(from: self, to: &$0) }
                case .setIfPresent: edits.setIfPresent(name) { header.value?.write(from: self, to: &$0) }
                case .clear, .hide: edits.remove(name)
                case .expires: collectExpiry(header.seconds, edits)
                }
            }
        }
    }

    private func collectExpiry(_ seconds: Int64, _ edits: HeaderEdits) {
        let time = loop.clock.secondsOfDay + Int(clamping: seconds)
        edits.set("Expires") { HTTPTime(epochSeconds: max(time, 0)).writeDate(to: &$0) }
        edits.set("Cache-Control") { writer in
            if seconds < 0 { return writer.append("no-cache") }
            writer.append("max-age=")
            writer.append(decimal: UInt64(seconds))
        }
    }
}
