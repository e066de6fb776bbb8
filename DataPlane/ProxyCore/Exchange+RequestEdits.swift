import HTTPCore
import Policies
import PorticoModel

/// Changes of the head that goes to the upstream: the rewritten target, and the fields that policies set or remove.
extension Exchange {
    /// - Returns: false where the head became too long.
    func editRequestHead(_ extras: ExchangeExtras) -> Bool {
        let edits = core.policies.edits
        edits.begin()
        collectRequestEdits(extras, edits)
        let usesHTTP10 = policy.usesHTTP10Upstream
        guard !edits.isEmpty || extras.isRewritten || usesHTTP10 else { return true }
        guard !edits.overflowed else { return false }
        let old = head.bytes
        guard let lineEnd = old.firstIndex(of: UInt8(ascii: "\n")) else { return false }
        var edited = buffers.take(old.count + PolicyRuntime.scratchCount / 4 + Int(extras.target.count) + 256)
        var writer = ByteWriter(edited.space)
        if extras.isRewritten || usesHTTP10 {
            writer.append(extras.savedHead.bytes[extras.savedMethod])
            writer.append(UInt8(ascii: " "))
            writer.append(currentTarget(extras))
            writer.append(usesHTTP10 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n")
        } else {
            writer.append(UnsafeRawBufferPointer(rebasing: old[...lineEnd]))
        }
        edits.apply(to: UnsafeRawBufferPointer(rebasing: old[(lineEnd + 1)...]), into: &writer)
        // Room for the lines that `completeHead` adds.
        guard !writer.overflowed, writer.capacity - writer.count > 64 else {
            buffers.give(&edited)
            return false
        }
        edited.produced(writer.count)
        headCount = writer.count
        buffers.give(&head)
        head = edited
        return true
    }

    private func collectRequestEdits(_ extras: ExchangeExtras, _ edits: HeaderEdits) {
        if let trace = extras.trace { collectTraceFields(trace, edits) }
        for assignment in tables.compiled.requestHeaders { set(assignment, edits) }
        appendLines(extras.authenticationFields.bytes, to: edits)
        guard let features = extras.features else { return }
        if let rewrite = features.rewrite {
            if let host = rewrite.upstreamHost { edits.set("Host") { host.write(from: self, to: &$0) } }
            if extras.isRewritten, let prefix = rewrite.forwardedPrefix {
                edits.set("X-Forwarded-Prefix") { prefix.write(from: self, to: &$0) }
            }
        }
        if let headers = features.headers {
            if let connection = headers.connectionHeader, !wantsUpgrade {
                edits.set("Connection") { connection.write(from: self, to: &$0) }
            }
            for assignment in headers.requestHeaders { set(assignment, edits) }
        }
        if let snippet = features.snippet { collect(snippet.requestHeaders, extras, edits) }
    }

    private func set(_ assignment: CompiledAssignment, _ edits: HeaderEdits) {
        assignment.name.withUnsafeBytes { name in
            if Self.isFree(name) { edits.set(name) { assignment.value.write(from: self, to: &$0) } }
        }
    }

    func collect(_ headers: [CompiledSnippet.Header], _ extras: ExchangeExtras, _ edits: HeaderEdits) {
        for header in headers where isGuardOpen(header.guardIndex, extras) {
            header.name.withUnsafeBytes { name in
                guard Self.isFree(name) else { return }
                switch header.action {
                case .add: edits.add(name) { header.value?.write(from: self, to: &$0) }
                case .set: edits.set(name) { header.value?.write(from: self, to: &$0) }
                case .setIfPresent: edits.setIfPresent(name) { header.value?.write(from: self, to: &$0) }
                case .clear, .hide: edits.remove(name)
                case .expires: return
                }
            }
        }
    }

    func isGuardOpen(_ index: Int, _ extras: ExchangeExtras) -> Bool {
        index < 0 || index < 64 && extras.conditions & (1 << UInt64(index)) != 0
    }

    /// Sets each of the lines `Name: value` in place of what there is of the name.
    func appendLines(_ lines: UnsafeRawBufferPointer, to edits: HeaderEdits) {
        for line in lines.split(separator: UInt8(ascii: "\n")) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let name = UnsafeRawBufferPointer(rebasing: lines[line.startIndex..<colon])
            let value = UnsafeRawBufferPointer(rebasing: lines[(colon + 1)..<line.endIndex])
            if Self.isFree(name) { edits.set(name) { $0.append(value) } }
        }
    }

    /// Fields of the message's framing are the proxy's own: nobody's words may make two requests of one.
    static func isFree(_ name: UnsafeRawBufferPointer) -> Bool {
        !isEqual(name, "content-length") && !isEqual(name, "transfer-encoding") && !isEqual(name, "te")
            && !isEqual(name, "trailer") && !isEqual(name, "upgrade")
    }

    private static func isEqual(_ name: UnsafeRawBufferPointer, _ wanted: StaticString) -> Bool {
        isEqualIgnoringCase(name, UnsafeRawBufferPointer(start: wanted.utf8Start, count: wanted.utf8CodeUnitCount))
    }
}
