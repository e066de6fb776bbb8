import PorticoModel

/// Which objects of a cluster are read.
package struct ClusterSelection: Sendable {
    /// Empty for all namespaces (`--watch-namespace`).
    package var namespace = ""
    /// A label selector; empty for all namespaces (`--watch-namespace-selector`).
    package var namespaceSelector = ""
    /// Named by flags.
    package var configMaps: Set<ObjectName> = []
    /// Named by flags: read wherever they are.
    package var services: Set<ObjectName> = []
    package var reflectors = Reflector.Settings()

    package init() {}

    /// What is followed, and whether nothing works without it.
    var targets: [(target: WatchTarget, isNeeded: Bool)] {
        var slices = WatchTarget(.endpointSlices, namespace: namespace)
        slices.labelSelector = ClusterSelection.serviceLabel
        var targets: [(WatchTarget, Bool)] = [
            (WatchTarget(.ingresses, namespace: namespace), true), (WatchTarget(.services, namespace: namespace), true),
            (slices, true), (WatchTarget(.ingressClasses), false),
        ]
        for name in configMaps.sorted() {
            targets.append((ClusterSelection.configMap(name), false))
        }
        for name in services.sorted() where !namespace.isEmpty && name.namespace != namespace {
            let slices = WatchTarget(
                .endpointSlices, namespace: name.namespace, labelSelector: "\(Self.serviceLabel)=\(name.name)")
            targets += [(ClusterSelection.single(.services, name), false), (slices, false)]
        }
        return targets
    }

    static func configMap(_ name: ObjectName) -> WatchTarget { single(.configMaps, name) }

    private static let serviceLabel = "kubernetes.io/service-name"

    private static func single(_ resource: APIResource, _ name: ObjectName) -> WatchTarget {
        WatchTarget(resource, namespace: name.namespace, fieldSelector: "metadata.name=\(name.name)")
    }

    /// Whether the selector of namespaces decides about it: not about what flags name, nor what has no namespace.
    static func isSelectable(_ target: WatchTarget) -> Bool {
        target.resource.isNamespaced && target.namespace.isEmpty
    }

    /// What is lost where an optional collection cannot be read.
    static func consequence(without target: WatchTarget) -> String {
        switch target.resource {
        case .ingressClasses: "Ingresses are chosen by the annotation kubernetes.io/ingress.class alone"
        case .secrets: "the Secrets that Ingresses name are read again every half minute"
        case .configMaps: "what it holds does not apply"
        default: "what it holds does not take effect"
        }
    }
}
