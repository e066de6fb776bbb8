import PorticoModel

/// The diagnostics of every object, kept by where they come from, so that each source can replace its own.
struct DiagnosticTable {
    /// What a diagnostic comes from.
    enum Source: Hashable {
        /// The object itself.
        case object
        /// The merge of a host's Ingresses.
        case host(String)
        /// The ConfigMaps of the class group.
        case settings
        /// The endpoints of an upstream.
        case upstream(UpstreamKey)
        /// What the authorities say of the certificate of a Secret.
        case stapling
        /// The Secret that keys of tickets are derived from.
        case sessionTickets
        /// The entries of TCP or UDP services.
        case streams(StreamService.Transport)
    }

    private var entries: [ObjectReference: [Source: [Diagnostic]]] = [:]
    private var touched: Set<ObjectReference> = []

    var objects: [ObjectReference] { Array(entries.keys) }

    mutating func takeTouched() -> Set<ObjectReference> {
        defer { touched = [] }
        return touched
    }

    mutating func touch(_ object: ObjectReference) { touched.insert(object) }

    mutating func replace(_ object: ObjectReference, _ source: Source, with diagnostics: [Diagnostic]) {
        if diagnostics.isEmpty {
            guard entries[object]?[source] != nil else { return }
            entries[object]?[source] = nil
            if entries[object]?.isEmpty == true { entries[object] = nil }
        } else {
            entries[object, default: [:]][source] = diagnostics
        }
        touched.insert(object)
    }

    /// Sorted, with each said once.
    func diagnostics(of object: ObjectReference) -> [Diagnostic] {
        guard let sources = entries[object] else { return [] }
        return Set(sources.values.joined()).sorted()
    }
}
