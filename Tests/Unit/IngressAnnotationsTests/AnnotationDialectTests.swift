import ClusterState
import IngressAnnotations
import PorticoModel
import Testing

@Suite struct AnnotationDialectTests {
    private let dialect = AnnotationDialect.nginx()

    private func policy(
        _ annotations: [String: String], options: GlobalOptions = GlobalOptions(), dialect: AnnotationDialect? = nil
    ) -> (policy: IngressPolicy, diagnostics: [Diagnostic]) {
        let dialect = dialect ?? self.dialect
        let metadata = ObjectMetadata(
            name: ObjectName(namespace: "n", name: "a"),
            annotations: annotations.sorted { $0.key < $1.key }.map {
                Annotation(key: $0.key.contains("/") ? $0.key : "\(dialect.prefix)/\($0.key)", value: $0.value)
            })
        return dialect.policy(of: metadata, options: options)
    }

    @Test func `Without annotations the ConfigMap's policy holds`() {
        var options = GlobalOptions()
        options.settings.defaultPolicy.readTimeoutMilliseconds = 7_000
        #expect(policy([:], options: options).policy == options.defaultPolicy)
    }

    @Test func `An annotation overrides the ConfigMap's policy in its field only`() {
        var options = GlobalOptions()
        options.settings.defaultPolicy.readTimeoutMilliseconds = 7_000
        let found = policy(["proxy-send-timeout": "9"], options: options).policy.route
        #expect(found.readTimeoutMilliseconds == 7_000)
        #expect(found.sendTimeoutMilliseconds == 9_000)
    }

    @Test(
        arguments: AnnotationDialect.nginx().definitions.values.filter { $0.type != .snippet }.map(\.key).sorted())
    func `The documented default of an annotation is its default`(key: String) throws {
        let definition = try #require(dialect.definitions[key])
        let found = policy([key: definition.defaultValue])
        #expect(found.policy == GlobalOptions().defaultPolicy, "\(key)")
        #expect(found.diagnostics.isEmpty)
    }

    @Test(arguments: GlobalOptionRegistry.definitions.keys.sorted())
    func `The documented default of a ConfigMap key is its default`(key: String) throws {
        let definition = try #require(GlobalOptionRegistry.definitions[key])
        let configMap = ConfigMap(
            metadata: ObjectMetadata(name: ObjectName(namespace: "n", name: "c")),
            data: [.init(key: key, value: definition.defaultValue)])
        var expected = GlobalOptions()
        // ingress-nginx writes one block where it means both families.
        if key == "proxy-real-ip-cidr" { expected.settings.trustedProxies = ["0.0.0.0/0"] }
        #expect(GlobalOptionRegistry.options(of: configMap).options == expected)
        #expect(GlobalOptionRegistry.options(of: configMap).diagnostics.isEmpty)
    }

    @Test(
        arguments: AnnotationDialect.nginx().definitions.values.filter {
            $0.support == .supported && $0.type != .snippet && $0.faults == .keepsDefault
                && $0.key != "cors-allow-origin"
        }.map(\.key).sorted())
    func `A value that cannot be taken leaves the default in force and says so`(key: String) {
        let found = policy([key: "%nonsense% $nobody <\u{1}>"])
        #expect(found.policy == GlobalOptions().defaultPolicy)
        #expect(found.diagnostics.map(\.field) == ["metadata.annotations[nginx.ingress.kubernetes.io/\(key)]"])
    }

    @Test(
        arguments: AnnotationDialect.nginx().definitions.values.filter {
            $0.faults == .withholdsRoutes && $0.type != .snippet
        }.map(\.key).sorted())
    func `A value that protects and cannot be taken withholds the routes`(key: String) {
        let found = policy([key: "%nonsense% $nobody"])
        #expect(found.policy.route.isWithheld)
        #expect(found.diagnostics.map(\.consequence) == ["requests are answered with 503"])
    }

    @Test(
        arguments: AnnotationDialect.nginx().definitions.values.filter { $0.type != .snippet }.map(\.key).sorted(),
        ["a\rb", "a\0b", "a\u{7f}b"])
    func `No value with a control character is taken`(key: String, value: String) {
        #expect(policy([key: value]).diagnostics.count == 1)
    }

    @Test func `Each annotation that is not carried is named once`() {
        let found = policy(["enable-rewrite-logs": "true", "stream-snippet": "x", "no-such": "1"], options: liberal)
        #expect(found.diagnostics.count == 3)
        #expect(found.diagnostics.allSatisfy { $0.severity == .warning })
    }

    private var liberal: GlobalOptions {
        let entries = [("annotations-risk-level", "Critical"), ("allow-snippet-annotations", "true")]
        return GlobalOptionRegistry.options(
            of: ConfigMap(
                metadata: ObjectMetadata(name: ObjectName(namespace: "n", name: "c")),
                data: entries.map { ConfigMap.Entry(key: $0.0, value: $0.1) })
        ).options
    }

    @Test func `What is riskier than the administrator allows rejects the Ingress`() {
        #expect(policy(["configuration-snippet": "deny all;"]).policy.rejection != nil)
        #expect(policy(["configuration-snippet": "deny all;"], options: liberal).policy.rejection == nil)
    }

    @Test(arguments: [
        ("proxy-read-timout", "proxy-read-timeout"), ("rate-limit-rps", "limit-rps"),
        ("rate-limit-connection", "limit-connections"), ("limit-burst", "limit-burst-multiplier"),
        ("whitelist-source-rang", "whitelist-source-range"), ("auth-urls", "auth-url"),
    ])
    func `A wrong spelling is told the right one`(wrong: String, right: String) {
        let reasons = policy([wrong: "1"]).diagnostics.map(\.reason)
        #expect(reasons == ["is no annotation of ingress-nginx; did you mean \(right)?"])
    }

    @Test func `A word that is like nothing gets no suggestion`() {
        #expect(policy(["zebra": "1"]).diagnostics.map(\.reason) == ["is no annotation of ingress-nginx"])
    }

    @Test func `Annotations of others are not looked at`() {
        #expect(
            policy(["cert-manager.io/issuer": "x", "nginx.ingress.kubernetes.iox/proxy-read-timeout": "x"]).diagnostics
                .isEmpty)
    }

    @Test func `The prefix can be another`() {
        let other = AnnotationDialect.nginx(prefix: "example.com")
        #expect(policy(["proxy-read-timeout": "5"], dialect: other).policy.route.readTimeoutMilliseconds == 5_000)
    }

    @Test func `Retrying what is not idempotent is the ConfigMap's to allow for all`() {
        var options = GlobalOptions()
        options.retriesNonIdempotent = true
        #expect(
            policy(["proxy-next-upstream": "error"], options: options).policy.route.retryConditions == [
                .error, .nonIdempotent,
            ])
        #expect(policy(["proxy-next-upstream": "off"], options: options).policy.route.retryConditions == [])
    }
}
