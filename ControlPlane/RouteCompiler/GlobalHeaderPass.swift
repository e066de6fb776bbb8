import ClusterState
import IngressAnnotations
import PorticoModel

/// Reads the ConfigMaps whose headers hold for all routes.
struct GlobalHeaderPass {
    struct Resolution {
        var reference: ObjectReference
        var headers: [HeaderAssignment] = []
        /// About the ConfigMap that names it.
        var diagnostics: [Diagnostic] = []
    }

    let state: ClusterState
    /// The one with the options.
    let configMap: ObjectName

    func resolve(_ reference: PolicyReferences.Reference) -> Resolution {
        let name = ObjectName(namespace: reference.namespace ?? configMap.namespace, name: reference.name)
        var found = Resolution(reference: ObjectReference(kind: ObjectKind.configMap.rawValue, name: name))
        guard let table = state.configMaps[name] else {
            found.diagnostics = [diagnostic(reference.key, "there is no ConfigMap \(name)", "no header is set")]
            return found
        }
        let (headers, faults) = HeaderTable.headers(of: table)
        found.headers = headers
        found.diagnostics = faults.map {
            diagnostic(reference.key, "ConfigMap \(name): \($0.key): \($0.reason)", "the header is not set")
        }
        return found
    }

    private func diagnostic(_ key: String, _ reason: String, _ consequence: String) -> Diagnostic {
        Diagnostic(
            severity: .warning, kind: .annotation,
            object: ObjectReference(kind: ObjectKind.configMap.rawValue, name: configMap), line: 0,
            field: "data[\(key)]", reason: reason, consequence: consequence)
    }
}
