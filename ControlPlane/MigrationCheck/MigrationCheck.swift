import ClusterState
import IngressAnnotations
import PorticoModel
import RouteCompiler

/// Compares objects that were written for ingress-nginx with what they mean here: compiles them and sorts what the compiler
/// says by object. Pure.
package struct MigrationCheck {
    private let configuration: CompilerConfiguration
    private let dialect: AnnotationDialect

    package init(configuration: CompilerConfiguration) {
        self.configuration = configuration
        dialect = .nginx(prefix: configuration.annotationPrefix)
    }

    /// - Parameter diagnostics: what was wrong with reading the objects.
    package func report(_ objects: [KubernetesObject], diagnostics: [Diagnostic] = []) -> MigrationReport {
        var configuration = configuration
        configuration.configMap = configuration.configMap ?? MigrationCheck.usualConfigMap(among: objects)
        let compiler = Compiler(configuration: configuration)
        _ = compiler.apply(objects.map { .upsert($0) })
        let byObject = Dictionary(grouping: compiler.diagnostics + diagnostics) { $0.object }
        var report = MigrationReport()
        for object in objects.sorted(by: { $0.reference < $1.reference }) {
            guard let entry = entry(object, byObject[object.reference] ?? [], configuration) else { continue }
            report.entries.append(entry)
            switch entry.verdict {
            case .supported: report.summary.supported += 1
            case .differs: report.summary.differs += 1
            case .refused: report.summary.refused += 1
            }
        }
        let read = Set(objects.map(\.reference))
        let lost = diagnostics.filter { diagnostic in diagnostic.object.map { !read.contains($0) } ?? true }
        report.unreadable = lost.map(\.description).sorted()
        return report
    }

    /// The name that ingress-nginx's own manifests and its chart give it.
    private static func usualConfigMap(among objects: [KubernetesObject]) -> ObjectName? {
        let names = objects.filter { $0.kind == .configMap }.map(\.metadata.name).sorted()
        return names.first { $0.name == "ingress-nginx-controller" } ?? names.first { $0.name == "nginx-configuration" }
    }

    private func entry(
        _ object: KubernetesObject, _ diagnostics: [Diagnostic], _ configuration: CompilerConfiguration
    ) -> MigrationReport.Entry? {
        switch object {
        case .ingress(let ingress): entry(object, keys: keys(of: ingress), diagnostics)
        case .configMap(let configMap):
            object.metadata.name == configuration.configMap
                ? entry(object, keys: keys(of: configMap), diagnostics) : nil
        default: nil
        }
    }

    /// A key and how it is supported; nil for one that is not known.
    private typealias Key = (name: String, field: String, support: Support?)

    private func keys(of ingress: Ingress) -> [Key] {
        ingress.metadata.annotations.compactMap { annotation in
            guard let key = dialect.ownKey(annotation.key) else { return nil }
            return (key, "metadata.annotations[\(annotation.key)]", dialect.definitions[key]?.support)
        }
    }

    private func keys(of configMap: ConfigMap) -> [Key] {
        configMap.data.map { ($0.key, "data[\($0.key)]", GlobalOptionRegistry.definitions[$0.key]?.support) }
    }

    private func entry(
        _ object: KubernetesObject, keys: [Key], _ diagnostics: [Diagnostic]
    ) -> MigrationReport.Entry {
        var findings = diagnostics.map(finding)
        let named = Set(findings.map(\.field))
        var supported: [String] = []
        for key in keys where !named.contains(key.field) {
            if case .noEffect(let reason) = key.support {
                findings.append(
                    .init(verdict: .differs, field: key.field, reason: reason, consequence: "it changes nothing"))
            } else if key.support == .supported {
                supported.append(key.name)
            }
        }
        return MigrationReport.Entry(
            kind: object.kind.rawValue, name: object.metadata.name.description,
            verdict: findings.map(\.verdict).max() ?? .supported, supported: supported, findings: findings)
    }

    private func finding(_ diagnostic: Diagnostic) -> MigrationReport.Finding {
        let isRefused =
            diagnostic.severity == .error || diagnostic.kind == .unsupported
            || diagnostic.consequence == "the Ingress is not served"
            || diagnostic.consequence == "requests are answered with 503" && diagnostic.kind == .annotation
        return .init(
            verdict: isRefused ? .refused : .differs, field: diagnostic.field, reason: diagnostic.reason,
            consequence: diagnostic.consequence)
    }
}
