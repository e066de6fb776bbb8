import PorticoModel
import PorticoSnapshot

/// A configuration of hosts with one route each, for tests of the control link.
package struct SampleConfiguration {
    package let tree: ManifestTree
    package let sections: [Digest: [UInt8]]

    /// - Parameter changedHost: the index of a host whose route is another one.
    package init(hosts: Int, changedHost: Int? = nil, domain: String = "") {
        var sections: [Digest: [UInt8]] = [:]
        let references = (0..<hosts).map { index in
            let ingress = ObjectName(namespace: "default", name: "host-\(index)")
            let path = index == changedHost ? "/changed" : "/"
            let route = Route(match: .prefix, path: path, ingress: ingress, upstream: "default-host-\(index)-80")
            let section = Section.virtualHost(VirtualHost(host: "host-\(index)\(domain)", routes: [route]))
            let bytes = SectionCodec.encode(section)
            sections[.sha256(of: bytes)] = bytes
            return SectionReference(name: section.name, digest: .sha256(of: bytes))
        }
        tree = ManifestTree(sections: references)
        self.sections = sections
    }
}
