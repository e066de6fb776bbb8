/// What a worker is started with. Everything else arrives over the link.
package struct WorkerConfiguration: Sendable {
    /// A listening socket handed down by the supervisor.
    package struct Listener: Sendable {
        package enum Kind: Sendable {
            case http
            /// HTTP over TLS.
            case https
        }

        package var descriptor: Int32
        package var kind: Kind

        package init(descriptor: Int32, kind: Kind) {
            self.descriptor = descriptor
            self.kind = kind
        }
    }

    package var listeners: [Listener]
    /// A socket to the supervisor, who tells the state it keeps; nil runs without one.
    package var supervisorLink: Int32?
    /// The control plane's Unix socket; nil runs without one.
    package var controlSocketPath: String?
    package var node: String
    /// `worker-0` and so on.
    package var processName: String
    /// Which of the node's workers it is, from 0.
    package var index: Int
    package var classGroup: String
    /// Shared memory of the node's workers for limits (`SharedLimits`); nil counts for this worker alone.
    package var limitsDescriptor: Int32?
    /// Where the supervisor hands over the sockets of TCP and UDP services.
    package var handoverDescriptor: Int32?
    /// Where request bodies go that do not fit in memory.
    package var temporaryDirectory: String

    package init(
        listeners: [Listener], supervisorLink: Int32?, controlSocketPath: String?, node: String, processName: String,
        index: Int, classGroup: String, limitsDescriptor: Int32? = nil, handoverDescriptor: Int32? = nil,
        temporaryDirectory: String = "/tmp"
    ) {
        self.listeners = listeners
        self.supervisorLink = supervisorLink
        self.controlSocketPath = controlSocketPath
        self.node = node
        self.processName = processName
        self.index = index
        self.classGroup = classGroup
        self.limitsDescriptor = limitsDescriptor
        self.handoverDescriptor = handoverDescriptor
        self.temporaryDirectory = temporaryDirectory
    }
}
