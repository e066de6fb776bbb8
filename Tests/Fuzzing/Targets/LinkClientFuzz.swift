import ControlClient
import ControlLink
import PorticoModel
import PorticoSnapshot

// Whatever a server sends, a worker and a supervisor end the connection or hold a whole version.

private let identity = LinkIdentity(node: "n", process: "p", incarnation: "i", processID: 1)

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    let client = ControlLinkClient(identity: identity)
    client.connectionOpened()
    var applied = 0
    do throws(LinkError) {
        try client.receive(bytes)
        while let order = client.nextOrder() {
            guard case .apply(let update) = order else { continue }
            precondition(update.version >= client.runningVersion)
            precondition(Set(update.changed.map(\.name)).count == update.changed.count)
            client.finishApplying(.applied)
            precondition(client.runningTree == update.tree)
            applied += 1
        }
    } catch {
        // The connection would be closed here.
    }
    let cache = StateCache(identity: identity)
    cache.connectionOpened()
    do throws(LinkError) { try cache.receive(bytes) } catch {}
    if let snapshot = cache.publication.snapshot {
        for section in snapshot.tree.sections { precondition(snapshot.section(section.digest) != nil) }
    }
    return 0
}
