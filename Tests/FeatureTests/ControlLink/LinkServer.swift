import ControlLink
import ControlServer
import Glibc
import PorticoModel
import PorticoSnapshot
import Synchronization
import Testing

/// A real listener on a socket of its own, with what it reported.
final class LinkServer: Sendable {
    let path: String
    let listener: LinkListener
    private let reported: Reports

    private final class Reports: Sendable {
        let events = Mutex<[LinkListenerEvent]>([])
    }

    init(
        path: String = "/tmp/portico-link-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock",
        classGroups: [String] = [""], timing: LinkTiming = LinkTiming()
    ) throws {
        let reported = Reports()
        self.path = path
        self.reported = reported
        listener = try LinkListener(path: path, controller: "test", classGroups: classGroups, timing: timing) { event in
            reported.events.withLock { $0.append(event) }
        }
        listener.start()
    }

    deinit { listener.stop() }

    var events: [LinkListenerEvent] { reported.events.withLock { $0 } }

    /// The first event that fits, waited for up to ten seconds.
    func event<Value>(
        sourceLocation: SourceLocation = #_sourceLocation, _ pick: (LinkListenerEvent) -> Value?
    ) throws -> Value {
        let end = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < end {
            if let found = events.lazy.compactMap(pick).first { return found }
            usleep(1000)
        }
        return try #require(nil, "no such event among \(events)", sourceLocation: sourceLocation)
    }

    static func tree(hosts: Int, changedHost: Int? = nil) -> (tree: ManifestTree, sections: [Digest: [UInt8]]) {
        var sections: [Digest: [UInt8]] = [:]
        let references = (0..<hosts).map { index in
            let ingress = ObjectName(namespace: "default", name: "host-\(index)")
            let routes = (0..<10).map { path in
                Route(
                    match: .prefix, path: index == changedHost ? "/changed-\(path)" : "/path-\(path)",
                    ingress: ingress, upstream: "default-host-\(index)-80")
            }
            let section = Section.virtualHost(VirtualHost(host: "host-\(index).example.com", routes: routes))
            let bytes = SectionCodec.encode(section)
            sections[.sha256(of: bytes)] = bytes
            return SectionReference(name: section.name, digest: .sha256(of: bytes))
        }
        return (ManifestTree(sections: references), sections)
    }

    static func snapshot(
        _ epoch: UInt64, _ sequence: UInt64, hosts: Int, changedHost: Int? = nil
    ) -> PublishedSnapshot {
        let (tree, sections) = tree(hosts: hosts, changedHost: changedHost)
        return PublishedSnapshot(version: Version(epoch: epoch, sequence: sequence), tree: tree) { sections[$0] }
    }

    static func set(_ upstream: String, port: UInt16) -> EndpointSet {
        let address = IPAddress(bytes: [127, 0, 0, 1])
        return EndpointSet(upstream: upstream, endpoints: address.map { [Endpoint(address: $0, port: port)] } ?? [])
    }
}
