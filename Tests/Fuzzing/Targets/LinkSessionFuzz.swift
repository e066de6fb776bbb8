import ControlLink
import PorticoModel
import PorticoSnapshot

// Whatever a client sends, a session ends the connection or says only what is whole, and what it keeps is bounded.

private let publication: LinkPublication = {
    let section = Section.virtualHost(VirtualHost(host: "a", routes: []))
    let bytes = SectionCodec.encode(section)
    let tree = ManifestTree(sections: [SectionReference(name: section.name, digest: .sha256(of: bytes))])
    var publication = LinkPublication()
    publication.publish(PublishedSnapshot(version: Version(epoch: 1, sequence: 1), tree: tree) { _ in bytes })
    _ = publication.update(changed: [EndpointSet(upstream: "u", endpoints: [])], removed: [])
    return publication
}()

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    var session = LinkServerSession()
    var reader = FrameReader()
    var output = OutputBuffer()
    do throws(LinkError) {
        for position in stride(from: 0, to: bytes.count, by: 64) {
            let piece = UnsafeRawBufferPointer(rebasing: bytes[position..<min(position + 64, bytes.count)])
            try session.receive(piece, publication: publication)
            session.markDirty([.endpoints(upstream: "u"), .endpoints(upstream: "v")])
            session.produce(into: &output, publication: publication)
            precondition(output.count < 1 << 20)
            output.withUnsentBytes { reader.append($0) }
            output.removeAll()
        }
    } catch {
        // The connection would be closed here.
    }
    do throws(LinkError) {
        while try reader.next() != nil {}
    } catch {
        fatalError("the session said \(error)")
    }
    precondition(reader.bufferedBytes == 0)
    return 0
}
