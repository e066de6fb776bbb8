import ClusterState
import PorticoModel

/// The ConfigMaps that the IngressClasses of a group name as their parameters.
struct ClassParameters {
    /// Those that are there, in order of name, with the classes that name them.
    private(set) var classes: [(configMap: ConfigMap, classes: [String])] = []
    /// Every class of the group names the same one.
    private(set) var areShared = false
    private(set) var references: Set<ObjectReference> = []
    /// About IngressClasses.
    private(set) var diagnostics: [Diagnostic] = []

    init(_ configuration: CompilerConfiguration, _ state: ClusterState) {
        let own = ClassPass(selection: configuration.classes, classes: state.ingressClasses).ownClasses
        var byName: [ObjectName: [String]] = [:]
        for ingressClass in own {
            guard let parameters = ingressClass.parameters, let name = configMap(parameters, of: ingressClass) else {
                continue
            }
            references.insert(ObjectReference(kind: ObjectKind.configMap.rawValue, name: name))
            // The controller's own says nothing new.
            if name == configuration.configMap { continue }
            if state.configMaps[name] == nil {
                warn(ingressClass, parameters, "there is no ConfigMap \(name)")
            } else {
                byName[name, default: []].append(ingressClass.metadata.name.name)
            }
        }
        classes = byName.sorted { $0.key < $1.key }.compactMap { name, classes in
            state.configMaps[name].map { ($0, classes) }
        }
        areShared = classes.first?.classes.count == own.count
    }

    private mutating func configMap(
        _ parameters: IngressClass.Parameters, of ingressClass: IngressClass
    ) -> ObjectName? {
        guard parameters.apiGroup.isEmpty, parameters.kind == "ConfigMap" else {
            let kind = parameters.apiGroup.isEmpty ? parameters.kind : "\(parameters.kind).\(parameters.apiGroup)"
            warn(ingressClass, parameters, "must name a ConfigMap, not \(kind)")
            return nil
        }
        guard let namespace = parameters.namespace else {
            warn(ingressClass, parameters, "a ConfigMap needs scope Namespace and a namespace")
            return nil
        }
        return ObjectName(namespace: namespace, name: parameters.name)
    }

    private mutating func warn(
        _ ingressClass: IngressClass, _ parameters: IngressClass.Parameters, _ reason: String
    ) {
        diagnostics.append(
            Diagnostic(
                severity: .warning, kind: .invalid,
                object: ObjectReference(kind: ObjectKind.ingressClass.rawValue, name: ingressClass.metadata.name),
                line: Int(parameters.line), field: "spec.parameters", reason: reason,
                consequence: "the settings of the controller hold for the class"))
    }
}
