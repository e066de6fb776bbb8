import PorticoModel

/// One message of the control link. `Shared/Proto/control_link.proto` says who sends which.
package enum LinkFrame: Hashable, Sendable {
    case hello(Hello)
    case welcome(Welcome)
    case blob(Blob)
    case manifest(Manifest)
    case ack(Version)
    case nack(Version, error: String)
    case liveState(LiveState)
    /// Finish requests, close connections, exit.
    case drain(deadlineMilliseconds: UInt32)
    case ping(token: UInt64)
    case pong(token: UInt64)
    case metrics(MetricsReport)
    case logEvent(LogEvent)
    /// Spans that ended.
    case spans([Span])
    /// A frame of a later protocol; it means nothing to this build and is skipped.
    case unknown

    /// Who a client is and what it has.
    package struct Hello: Hashable, Sendable {
        package var protocolMinimum: UInt32
        package var protocolMaximum: UInt32
        package var node: String
        package var process: String
        package var isWorker: Bool
        package var classGroup: String
        package var version: Version
        /// The root of the manifest it runs; nil when it has none.
        package var rootDigest: Digest?
        package var incarnation: String
        package var processID: UInt32
        /// What it refused last, and does not want again.
        package var refusedVersion: Version?

        package init(
            protocolMinimum: UInt32, protocolMaximum: UInt32, node: String, process: String, isWorker: Bool,
            classGroup: String, version: Version, rootDigest: Digest?, incarnation: String, processID: UInt32,
            refusedVersion: Version? = nil
        ) {
            self.protocolMinimum = protocolMinimum
            self.protocolMaximum = protocolMaximum
            self.node = node
            self.process = process
            self.isWorker = isWorker
            self.classGroup = classGroup
            self.version = version
            self.rootDigest = rootDigest
            self.incarnation = incarnation
            self.processID = processID
            self.refusedVersion = refusedVersion
        }
    }

    /// The server's answer to a hello.
    package struct Welcome: Hashable, Sendable {
        /// The protocol to speak; 0 when there is none that both know, or when there is a refusal.
        package var protocolVersion: UInt32
        package var controller: String
        /// Why the client is turned away; empty when it is not.
        package var refusal: String

        package init(protocolVersion: UInt32, controller: String, refusal: String = "") {
            self.protocolVersion = protocolVersion
            self.controller = controller
            self.refusal = refusal
        }
    }

    /// A manifest group or a section.
    package struct Blob: Hashable, Sendable {
        package var digest: Digest
        package var isGroup: Bool
        package var content: [UInt8]

        package init(digest: Digest, isGroup: Bool, content: [UInt8]) {
            self.digest = digest
            self.isGroup = isGroup
            self.content = content
        }
    }

    /// The order to run a version.
    package struct Manifest: Hashable, Sendable {
        package var version: Version
        package var rootDigest: Digest
        package var root: [UInt8]
        package var isPinned: Bool

        package init(version: Version, rootDigest: Digest, root: [UInt8], isPinned: Bool) {
            self.version = version
            self.rootDigest = rootDigest
            self.root = root
            self.isPinned = isPinned
        }
    }

    /// A change of live state, or a part of a complete listing.
    package struct LiveState: Hashable, Sendable {
        package var endpointSets: [EndpointSet]
        package var removedUpstreams: [String]
        package var beginsListing: Bool
        package var endsListing: Bool
        package var objects: [LiveObject]
        package var removedObjects: [LiveObjectName]

        package init(
            endpointSets: [EndpointSet] = [], removedUpstreams: [String] = [], objects: [LiveObject] = [],
            removedObjects: [LiveObjectName] = [], beginsListing: Bool = false, endsListing: Bool = false
        ) {
            self.objects = objects
            self.removedObjects = removedObjects
            self.endpointSets = endpointSets
            self.removedUpstreams = removedUpstreams
            self.beginsListing = beginsListing
            self.endsListing = endsListing
        }
    }

    /// Something that a client wants in the log of the control plane.
    package struct LogEvent: Hashable, Sendable {
        package var level: String
        package var message: String

        package init(level: String, message: String) {
            self.level = level
            self.message = message
        }
    }
}

extension LinkFrame {
    /// Bytes of the length in front of every frame.
    package static let prefixBytes = 4
    /// The longest frame that is sent or taken, without its length.
    package static let maximumBytes = 16 << 20
}
