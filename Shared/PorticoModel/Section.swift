/// The kinds of content-addressed section that a snapshot is made of. Raw values are on the wire and on disk.
package enum SectionKind: UInt32, Hashable, Comparable, Sendable, CaseIterable {
    case virtualHost = 1
    case upstream = 2
    case globalSettings = 3
    case streamService = 4

    package static func < (left: SectionKind, right: SectionKind) -> Bool { left.rawValue < right.rawValue }
}

/// Names one section of a configuration: a host, an upstream, or the global settings (whose name is empty).
package struct SectionName: Hashable, Comparable, Sendable {
    package var kind: SectionKind
    package var name: String

    package init(kind: SectionKind, name: String) {
        self.kind = kind
        self.name = name
    }

    package static let globalSettings = SectionName(kind: .globalSettings, name: "")

    package static func < (left: SectionName, right: SectionName) -> Bool {
        (left.kind, left.name) < (right.kind, right.name)
    }
}

/// One section of a configuration, decoded.
package enum Section: Hashable, Sendable {
    case virtualHost(VirtualHost)
    case upstream(UpstreamSettings)
    case stream(StreamService)
    /// There is one among thousands of others, and it is much larger.
    indirect case globalSettings(GlobalSettings)

    package var name: SectionName {
        switch self {
        case .virtualHost(let host): SectionName(kind: .virtualHost, name: host.host)
        case .upstream(let upstream): SectionName(kind: .upstream, name: upstream.name)
        case .stream(let stream): SectionName(kind: .streamService, name: stream.port.description)
        case .globalSettings: .globalSettings
        }
    }
}
