import EventLoop
import HTTPCore
import Policies
import PorticoModel

/// A copy of the request goes elsewhere (`mirror-target`); what comes back is thrown away, and the request itself neither waits
/// for it nor fails with it.
extension Exchange {
    /// Copies under way in one worker; beyond it none is sent.
    private static let maximumMirrors = 1_024
    /// Larger bodies are not copied, nor those that go on as they come.
    private static let maximumBody = 1 << 20

    /// Called when the request is whole, with its head complete.
    func mirrorRequest(_ extras: ExchangeExtras) {
        guard let mirror = extras.features?.mirror, !extras.isMirrored, let downstream else { return }
        extras.isMirrored = true
        let runtime = core.policies
        guard runtime.mirrors < Self.maximumMirrors, let upstream = upstream(of: mirror.target, extras),
            !upstream.endpoints.isEmpty, !mirror.sendsBody || !streamsBody && body.count <= Self.maximumBody
        else {
            core.counters.mirrorsDropped += 1
            return
        }
        var text = buffers.take(head.count + PolicyRuntime.scratchCount / 4)
        guard writeCopy(mirror, extras, into: &text) else { return buffers.give(&text) }
        let copy = Subquestion(core: core, peer: downstream.peer) { [unowned runtime] _ in runtime.mirrors -= 1 }
        runtime.mirrors += 1
        var content = PooledBuffer()
        if mirror.sendsBody { copyBody(into: &content) }
        core.takeExchange().beginSubrequest(
            copy, method: method, head: text.bytes, body: content.bytes, to: upstream,
            policy: mirror.target.usesTLS ? tables.securePolicy : tables.plainPolicy)
        buffers.give(&text)
        buffers.give(&content)
    }

    private func copyBody(into content: inout PooledBuffer) {
        buffers.append(body.memory.bytes, to: &content)
        var offset = 0
        while body.isInFile, offset < body.fileCount, let count = body.read(at: offset, into: core.upstreamRead) {
            buffers.append(UnsafeRawBufferPointer(rebasing: core.upstreamRead[..<count]), to: &content)
            offset += count
        }
    }

    private func writeCopy(_ mirror: CompiledMirror, _ extras: ExchangeExtras, into text: inout PooledBuffer) -> Bool {
        let edits = core.policies.edits
        edits.begin()
        for name: StaticString in ["Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "Expect"] {
            edits.remove(name)
        }
        edits.set("Host") { mirror.target.host.write(from: self, to: &$0) }
        var writer = ByteWriter(text.space)
        writer.append(extras.savedHead.bytes[extras.savedMethod])
        writer.append(" ")
        let start = writer.count
        mirror.target.requestTarget.write(from: self, to: &writer)
        let target = writer.written[start...]
        guard target.first == UInt8(ascii: "/"), target.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { return false }
        writer.append(" HTTP/1.1\r\n")
        let head = UnsafeRawBufferPointer(rebasing: head.bytes[..<headCount])
        guard let lineEnd = head.firstIndex(of: UInt8(ascii: "\n")), head.count >= lineEnd + 3 else { return false }
        edits.apply(to: UnsafeRawBufferPointer(rebasing: head[(lineEnd + 1)..<(head.count - 2)]), into: &writer)
        guard !writer.overflowed, !edits.overflowed else { return false }
        text.produced(writer.count)
        return true
    }
}
