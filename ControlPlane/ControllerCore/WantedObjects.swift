import ClusterState
import IngressAnnotations
import KubernetesAPI
import PorticoModel
import RouteCompiler

/// Which Secrets and ConfigMaps the flags, the settings and the Ingresses that are served name.
struct WantedObjects {
    private struct Group {
        var configuration: CompilerConfiguration
        var references: Set<ObjectReference> = []
        var allowsOtherNamespaces = false

        init(_ configuration: CompilerConfiguration, _ state: ClusterState) {
            self.configuration = configuration
            read(state)
        }

        mutating func read(_ state: ClusterState) {
            let settings = GroupSettings(configuration, state)
            references = settings.references
            for case let secret? in [configuration.defaultCertificate, configuration.ticketSeed] {
                references.insert(ObjectReference(kind: ObjectKind.secret.rawValue, name: secret))
            }
            allowsOtherNamespaces = settings.options.security.allowsCrossNamespaceReferences
        }
    }

    private var groups: [Group]
    /// Keys of annotations with what they name.
    private let annotations: [(key: String, kind: ObjectKind)]
    private var referencesOfIngress: [ObjectName: Set<ObjectReference>] = [:]
    private var mentions: [ObjectReference: Int] = [:]

    init(_ groups: [ClassGroup]) {
        self.groups = groups.map { Group($0.compiler, ClusterState()) }
        let prefix = groups.first?.compiler.annotationPrefix ?? ""
        annotations = AnnotationDialect.namedObjects.map { ("\(prefix)/\($0.key)", $0.value) }
    }

    var names: NamedObjects {
        var names = NamedObjects()
        for reference in groups.reduce(into: Set(mentions.keys), { $0.formUnion($1.references) }) {
            switch ObjectKind(rawValue: reference.kind) {
            case .secret: names.secrets.insert(reference.name)
            case .configMap: names.configMaps.insert(reference.name)
            default: break
            }
        }
        return names
    }

    /// - Returns: whether the names may be others now.
    mutating func update(after changes: [AppliedChange], _ state: ClusterState) -> Bool {
        let changes = changes.filter { $0.effect == .changed }
        let concernsClasses = changes.contains { $0.reference.kind == ObjectKind.ingressClass.rawValue }
        var isChanged = false
        var isOfAll = concernsClasses
        for index in groups.indices {
            let old = groups[index]
            guard concernsClasses || changes.contains(where: { old.references.contains($0.reference) }) else {
                continue
            }
            groups[index].read(state)
            if groups[index].references != old.references { isChanged = true }
            if groups[index].allowsOtherNamespaces != old.allowsOtherNamespaces { isOfAll = true }
        }
        let ingresses = changes.lazy.filter { $0.reference.kind == ObjectKind.ingress.rawValue }.map(\.reference.name)
        for name in isOfAll ? Set(state.ingresses.keys).union(ingresses) : Set(ingresses) {
            isChanged = replace(name, state) || isChanged
        }
        return isChanged
    }

    private mutating func replace(_ name: ObjectName, _ state: ClusterState) -> Bool {
        let new = state.ingresses[name].map { references(of: $0, state) } ?? []
        let old = referencesOfIngress[name] ?? []
        guard new != old else { return false }
        referencesOfIngress[name] = new.isEmpty ? nil : new
        for reference in new.subtracting(old) { mentions[reference, default: 0] += 1 }
        for reference in old.subtracting(new) {
            mentions[reference, default: 1] -= 1
            if mentions[reference] == 0 { mentions[reference] = nil }
        }
        return true
    }

    /// None where nobody serves the Ingress: what it names is not ours to read. The same holds for what is of another
    /// namespace, unless the administrator allows that.
    private func references(of ingress: Ingress, _ state: ClusterState) -> Set<ObjectReference> {
        let own = ingress.metadata.name.namespace
        var found = Set(ingress.secretNames.map { ObjectReference(kind: ObjectKind.secret.rawValue, name: $0) })
        for (key, kind) in annotations {
            guard let text = ingress.metadata.annotation(key)?.value,
                let name = WantedObjects.parse(text, in: own)
            else { continue }
            found.insert(ObjectReference(kind: kind.rawValue, name: name))
        }
        guard !found.isEmpty else { return [] }
        let serving = groups.filter {
            $0.configuration.classes.serves(ingress, classes: state.ingressClasses)
        }
        guard !serving.isEmpty else { return [] }
        return serving.contains(where: \.allowsOtherNamespaces) ? found : found.filter { $0.name.namespace == own }
    }

    private static func parse(_ text: String, in namespace: String) -> ObjectName? {
        let text = text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
        let parts = String(text).split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 2, parts.allSatisfy({ NameSyntax.subdomainFault($0) == nil }) else { return nil }
        return ObjectName(namespace: parts.count == 2 ? parts[0] : namespace, name: parts[parts.count - 1])
    }
}
