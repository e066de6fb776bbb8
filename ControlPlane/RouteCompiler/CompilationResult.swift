import PorticoModel

/// An upstream whose endpoints are the addresses of a name, which the control plane resolves.
package struct ExternalNameTarget: Hashable, Sendable {
    package var upstream: String
    package var hostname: String
    package var port: UInt16

    package init(upstream: String, hostname: String, port: UInt16) {
        self.upstream = upstream
        self.hostname = hostname
        self.port = port
    }
}

/// What a batch of changes means for the configuration and the live state: only what differs from before.
package struct CompilationResult: Hashable, Sendable {
    /// In order of name.
    package var changedSections: [Section] = []
    package var removedSections: [SectionName] = []
    /// Live state. An upstream is either here or among the external names, never in both.
    package var changedEndpointSets: [EndpointSet] = []
    package var removedEndpointSets: [String] = []
    /// Upstreams whose endpoints come from name resolution: new ones, and those whose name or port changed.
    package var changedExternalNames: [ExternalNameTarget] = []
    /// Upstreams that no longer need name resolution.
    package var removedExternalNames: [String] = []
    /// Live state other than endpoints, in order of name.
    package var changedObjects: [LiveObject] = []
    package var removedObjects: [LiveObjectName] = []
    /// Every object whose diagnostics changed, with all of its diagnostics; an empty list clears them.
    package var changedDiagnostics: [ObjectReference: [Diagnostic]] = [:]
    /// The objects that the batch changed, in order: the cause that a version is stored with.
    package var causes: [ObjectReference] = []

    package init() {}

    package var changesConfiguration: Bool { !changedSections.isEmpty || !removedSections.isEmpty }
}
