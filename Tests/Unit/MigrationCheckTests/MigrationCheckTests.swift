import ClusterState
import MigrationCheck
import PorticoModel
import RouteCompiler
import Testing

@Suite struct MigrationCheckTests {
    private func report(
        _ annotations: [String: String], configMap: [String: String] = [:]
    ) -> MigrationReport {
        let prefix = "nginx.ingress.kubernetes.io"
        let service = Service(
            metadata: ObjectMetadata(name: ObjectName(namespace: "shop", name: "web")), ports: [.init(port: 80)])
        let ingress = Ingress(
            metadata: ObjectMetadata(
                name: ObjectName(namespace: "shop", name: "front"),
                annotations: annotations.sorted { $0.key < $1.key }.map {
                    Annotation(key: "\(prefix)/\($0.key)", value: $0.value)
                }),
            className: "nginx",
            rules: [
                .init(
                    host: "shop.test",
                    paths: [.init(path: "/", type: .prefix, backend: .service(name: "web", port: .number(80)))])
            ])
        let settings = ConfigMap(
            metadata: ObjectMetadata(name: ObjectName(namespace: "ingress-nginx", name: "ingress-nginx-controller")),
            data: configMap.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: $0.value) })
        var configuration = CompilerConfiguration()
        configuration.classes.acceptsMissingClassObjects = true
        return MigrationCheck(configuration: configuration)
            .report([.service(service), .ingress(ingress), .configMap(settings)])
    }

    private func front(_ report: MigrationReport) throws -> MigrationReport.Entry {
        try #require(report.entries.first { $0.kind == "Ingress" })
    }

    @Test func `What works as it did is listed`() throws {
        let report = report(["proxy-body-size": "8m", "enable-cors": "true"])
        #expect(report.verdict == .supported)
        #expect(try front(report).supported == ["enable-cors", "proxy-body-size"])
        #expect(report.summary == .init(supported: 2, differs: 0, refused: 0))
    }

    @Test(arguments: [
        ("enable-rewrite-log", "true", MigrationReport.Verdict.differs), ("proxy-body-size", "lots", .differs),
        ("auth-type", "magic", .refused), ("stream-snippet", "x", .refused), ("rate-limit", "5", .refused),
        ("configuration-snippet", "deny all;", .refused),
    ])
    func `What differs or is refused is said`(key: String, value: String, verdict: MigrationReport.Verdict) throws {
        let entry = try front(report([key: value]))
        #expect(entry.verdict == verdict)
        #expect(entry.findings.map(\.field) == ["metadata.annotations[nginx.ingress.kubernetes.io/\(key)]"])
    }

    @Test func `The ConfigMap of ingress-nginx's own manifests is found and counts`() throws {
        let report = report(
            ["configuration-snippet": "more_set_headers \"X-A: a\";"],
            configMap: [
                "allow-snippet-annotations": "true", "annotations-risk-level": "Critical", "http-snippet": "x y;",
                "worker-processes": "4",
            ])
        #expect(try front(report).verdict == .supported)
        let settings = try #require(report.entries.first { $0.kind == "ConfigMap" })
        #expect(settings.verdict == .refused)
        #expect(Set(settings.findings.map(\.field)) == ["data[http-snippet]", "data[worker-processes]"])
        #expect(report.text.hasSuffix("2 objects: 1 supported, 0 differ, 1 refused"))
    }
}
