import ClusterState
import PorticoModel
import RouteCompiler

/// Which Secrets the served Ingresses and the flags name.
struct WantedSecrets {
    /// Annotations whose value is a Secret, as `name` or `namespace/name`.
    private static let annotations = ["auth-secret", "auth-tls-secret", "proxy-ssl-secret"]

    private let groups: [ClassGroup]
    private let fixed: Set<ObjectName>
    private var secretsOfIngress: [ObjectName: Set<ObjectName>] = [:]
    private var mentions: [ObjectName: Int] = [:]

    /// - Parameter fixed: those that flags name.
    init(_ groups: [ClassGroup], fixed: Set<ObjectName>) {
        self.groups = groups
        self.fixed = fixed
    }

    var names: Set<ObjectName> { fixed.union(mentions.keys) }

    /// - Returns: whether the names are others now.
    mutating func update(after changes: [AppliedChange], _ state: ClusterState) -> Bool {
        let before = mentions.count
        var isChanged = false
        if changes.contains(where: { $0.reference.kind == ObjectKind.ingressClass.rawValue && $0.effect == .changed }) {
            for ingress in state.ingresses.values {
                isChanged = replace(ingress.metadata.name, ingress, state) || isChanged
            }
        }
        for change in changes
        where change.reference.kind == ObjectKind.ingress.rawValue && change.effect == .changed {
            let name = change.reference.name
            isChanged = replace(name, state.ingresses[name], state) || isChanged
        }
        return isChanged || mentions.count != before
    }

    private mutating func replace(_ name: ObjectName, _ ingress: Ingress?, _ state: ClusterState) -> Bool {
        let new = ingress.map { secrets(of: $0, state) } ?? []
        let old = secretsOfIngress[name] ?? []
        guard new != old else { return false }
        secretsOfIngress[name] = new.isEmpty ? nil : new
        for secret in new.subtracting(old) { mentions[secret, default: 0] += 1 }
        for secret in old.subtracting(new) {
            mentions[secret, default: 1] -= 1
            if mentions[secret] == 0 { mentions[secret] = nil }
        }
        return true
    }

    /// None where nobody serves the Ingress: its Secrets are not ours to read.
    private func secrets(of ingress: Ingress, _ state: ClusterState) -> Set<ObjectName> {
        var names = ingress.secretNames
        for key in WantedSecrets.annotations {
            guard let prefix = groups.first?.compiler.annotationPrefix,
                let value = ingress.metadata.annotation("\(prefix)/\(key)")?.value
            else { continue }
            if let name = WantedSecrets.parse(value, in: ingress.metadata.name.namespace) { names.insert(name) }
        }
        guard !names.isEmpty else { return [] }
        let isServed = groups.contains { $0.compiler.classes.serves(ingress, classes: state.ingressClasses) }
        return isServed ? names : []
    }

    private static func parse(_ value: String, in namespace: String) -> ObjectName? {
        let parts = value.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 2, parts.allSatisfy({ NameSyntax.subdomainFault($0) == nil }) else { return nil }
        return ObjectName(namespace: parts.count == 2 ? parts[0] : namespace, name: parts[parts.count - 1])
    }
}
