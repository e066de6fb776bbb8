import PorticoModel

/// What a batch of changes makes necessary, stage by stage.
struct CompilerWork {
    var causes: Set<ObjectReference> = []
    var rereadsOptions = false
    var ingresses: Set<ObjectName> = []
    var hosts: Set<String> = []
    var emittedHosts: Set<String> = []
    /// Upstreams whose endpoints may have changed.
    var upstreams: Set<UpstreamKey> = []
    /// The same for retained ones, by name.
    var retained: Set<String> = []
}
