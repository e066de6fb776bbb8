import ClusterState
import IngressAnnotations
import PorticoModel

/// What the ConfigMaps of a class group say together: the controller's, and those that IngressClasses name as their
/// parameters.
///
/// Where all classes of the group name the same ConfigMap, it bears on the whole data plane; else each class's Ingresses get
/// what their own says about them.
package struct GroupSettings {
    /// Of the data plane, and of Ingresses whose class says nothing else.
    package private(set) var options: GlobalOptions
    private(set) var snippets: GlobalSnippets
    /// By the name of the IngressClass.
    private(set) var classes: [String: ClassSettings] = [:]
    /// ConfigMaps and Secrets that matter to this, whether they are there or not.
    package private(set) var references: Set<ObjectReference> = []
    private(set) var diagnostics: [ObjectReference: [Diagnostic]] = [:]

    /// Before anything has been read.
    init() {
        options = GlobalOptions()
        snippets = GlobalSnippets()
    }

    package init(_ configuration: CompilerConfiguration, _ state: ClusterState) {
        let base = configuration.configMap.flatMap { state.configMaps[$0] }
        var diagnostics: [Diagnostic]
        (options, diagnostics) = GlobalOptionRegistry.options(
            of: base, redirectsNamePorts: configuration.redirectsNamePorts)
        snippets = GlobalSnippets(options)
        if let name = configuration.configMap {
            references.insert(ObjectReference(kind: ObjectKind.configMap.rawValue, name: name))
            diagnostics += snippets.diagnostics(of: name)
        }
        let parameters = ClassParameters(configuration, state)
        references.formUnion(parameters.references)
        diagnostics += parameters.diagnostics
        var headerOwners = (request: base, response: base)
        for (configMap, classes) in parameters.classes {
            let own = GlobalOptionRegistry.options(
                of: configMap, over: base, isAlone: parameters.areShared,
                redirectsNamePorts: configuration.redirectsNamePorts)
            let ownSnippets = GlobalSnippets(own.options)
            let keys = Set(configMap.data.map { "data[\($0.key)]" })
            diagnostics += own.diagnostics
            diagnostics += ownSnippets.diagnostics(of: configMap.metadata.name).filter { keys.contains($0.field) }
            if parameters.areShared {
                if own.options.requestHeaders != options.requestHeaders { headerOwners.request = configMap }
                if own.options.responseHeaders != options.responseHeaders { headerOwners.response = configMap }
                (options, snippets) = (own.options, ownSnippets)
            } else {
                let settings = ClassSettings(options: own.options, snippets: ownSnippets)
                for name in classes { self.classes[name] = settings }
            }
        }
        diagnostics += resolveHeaders(headerOwners, state)
        noteKeyExchange()
        self.diagnostics = Dictionary(grouping: diagnostics.filter { $0.object != nil }) { $0.object! }
    }

    /// Those that differ from the group's.
    func settings(of ingressClass: IngressClass?) -> ClassSettings? {
        guard !classes.isEmpty, let ingressClass else { return nil }
        return classes[ingressClass.metadata.name.name]
    }

    /// The classes whose Ingresses may mean something else by these settings than by others.
    func classesThatDiffer(from other: GroupSettings) -> Set<String> {
        Set(classes.keys).union(other.classes.keys).filter { name in
            let (new, old) = (classes[name]?.options ?? options, other.classes[name]?.options ?? other.options)
            return new.bearsOnIngresses(differentlyFrom: old)
        }
    }

    /// The ConfigMaps with headers for all routes.
    private mutating func resolveHeaders(
        _ owners: (request: ConfigMap?, response: ConfigMap?), _ state: ClusterState
    ) -> [Diagnostic] {
        let request = options.requestHeaders.flatMap { reference in
            owners.request.map { GlobalHeaderPass(state: state, configMap: $0.metadata.name).resolve(reference) }
        }
        let response = options.responseHeaders.flatMap { reference in
            owners.response.map { GlobalHeaderPass(state: state, configMap: $0.metadata.name).resolve(reference) }
        }
        options.settings.requestHeaders = request?.headers ?? []
        options.settings.responseHeaders = response?.headers ?? []
        let found = [request, response].compactMap { $0 }
        references.formUnion(found.map(\.reference))
        return found.flatMap(\.diagnostics)
    }

    private mutating func noteKeyExchange() {
        guard let secret = ObjectName(slashed: options.settings.tls.keyExchangeParameters) else { return }
        references.insert(ObjectReference(kind: ObjectKind.secret.rawValue, name: secret))
    }
}

/// What holds for the Ingresses of one class.
struct ClassSettings: Hashable {
    var options: GlobalOptions
    var snippets: GlobalSnippets
}
