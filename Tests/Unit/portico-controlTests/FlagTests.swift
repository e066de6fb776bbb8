import ArgumentParser
import ControllerCore
import Foundation
import PorticoModel
import ProcessSupervision
import Testing

@testable import portico_control

/// The arguments that people bring along from ingress-nginx.
@Suite struct FlagTests {
    /// Every flag of ingress-nginx that acts, as it stands in a Deployment, and what comes of it.
    private static let acting: [(argument: String, acts: @Sendable (PorticoControl) -> Bool)] = [
        ("--annotations-prefix=example.com", { $0.selection.compilerConfiguration.annotationPrefix == "example.com" }),
        ("--apiserver-host=https://10.0.0.1:6443", { $0.source.apiserverHost == "https://10.0.0.1:6443" }),
        ("--certificate-authority=/ca.crt", { $0.source.certificateAuthority == "/ca.crt" }),
        ("--configmap=edge/settings", { $0.selection.compilerConfiguration.configMap == name("edge/settings") }),
        (
            "--controller-class=example.com/edge",
            { $0.selection.compilerConfiguration.classes.controllerClasses == ["example.com/edge"] }
        ),
        (
            "--default-backend-service=edge/fallback",
            { $0.selection.compilerConfiguration.defaultBackendService == name("edge/fallback") }
        ),
        (
            "--default-ssl-certificate=edge/tls",
            { $0.selection.compilerConfiguration.defaultCertificate == name("edge/tls") }
        ),
        ("--disable-catch-all", { $0.selection.compilerConfiguration.classes.refusesCatchAll }),
        ("--disable-svc-external-name=true", { $0.selection.compilerConfiguration.refusesExternalNames }),
        ("--disable-sync-events", { !duties($0).tellsFirstSync }),
        ("--election-id=leader", { duties($0).election?.lease == name("edge/leader") }),
        ("--election-ttl=30s", { duties($0).election?.timing.leaseDuration == .seconds(30) }),
        ("--enable-metrics=false", { !$0.front.enableMetrics }),
        ("--enable-ssl-passthrough", { $0.selection.compilerConfiguration.allowsPassthrough }),
        ("--disable-leader-election", { duties($0).election == nil }),
        ("--health-check-path=/live", { $0.front.healthCheckPath == "/live" }),
        ("--healthz-port=10300", { $0.front.address == ListenAddress("0.0.0.0:10300") }),
        ("--healthz-host=127.0.0.1", { $0.front.address == ListenAddress("127.0.0.1:10254") }),
        ("--healthz-host=::1", { $0.front.address == ListenAddress("[::1]:10254") }),
        ("--http-port=8080", { $0.selection.compilerConfiguration.reservedPorts == [8080, 443] }),
        ("--https-port=8443", { $0.selection.compilerConfiguration.reservedPorts == [80, 8443] }),
        ("--ingress-class=edge", { $0.selection.compilerConfiguration.classes.ingressClass == "edge" }),
        ("--ingress-class-by-name=true", { $0.selection.compilerConfiguration.classes.ingressClassByName }),
        ("--kubeconfig=/config", { $0.source.kubeconfig == "/config" }),
        (
            "--publish-service=edge/front",
            { if case .service(name("edge/front")) = duties($0).status?.origin { true } else { false } }
        ),
        (
            "--publish-status-address=203.0.113.1",
            { if case .fixed(let list) = duties($0).status?.origin { list.count == 1 } else { false } }
        ),
        (
            "--report-node-internal-ip-address",
            { if case .nodes(_, internalOnly: true) = duties($0).status?.origin { true } else { false } }
        ),
        ("--status-update-interval=30", { duties($0).status?.writer.interval == .seconds(30) }),
        ("--sync-rate-limit=0.3", { $0.source.syncRateLimit == 0.3 }),
        ("--tcp-services-configmap=edge/tcp", { $0.selection.namedConfigMaps == [name("edge/tcp")] }),
        ("--udp-services-configmap=edge/udp", { $0.selection.namedConfigMaps == [name("edge/udp")] }),
        ("--update-status=false", { duties($0).status == nil }),
        ("--update-status-on-shutdown=false", { duties($0).status?.writer.retractsOnShutdown == false }),
        ("--validating-webhook=:8443", { $0.duties.webhook?.address == ListenAddress("0.0.0.0:8443") }),
        ("--validating-webhook=0.0.0.0:8443", { $0.duties.webhook?.address == ListenAddress("0.0.0.0:8443") }),
        ("--validating-webhook-certificate=/tls.crt", { $0.duties.validatingWebhookCertificate == "/tls.crt" }),
        ("--validating-webhook-key=/tls.key", { $0.duties.validatingWebhookKey == "/tls.key" }),
        (
            "--watch-ingress-without-class=true",
            { $0.selection.compilerConfiguration.classes.watchIngressWithoutClass }
        ),
        ("--watch-namespace=edge", { $0.source.watchNamespace == "edge" }),
        ("--watch-namespace-selector=tier=edge", { $0.source.watchNamespaceSelector == "tier=edge" }),
    ]

    private static func name(_ text: String) -> ObjectName? { NamespacedName(argument: text)?.name }

    private static func duties(_ command: PorticoControl) -> DutiesConfiguration {
        command.duties.duties(podName: "pod", podNamespace: "edge")
    }

    private static func parse(_ arguments: [String]) throws -> PorticoControl {
        try #require(PorticoControl.parseAsRoot(PorticoControl.readable(arguments).arguments) as? PorticoControl)
    }

    @Test(arguments: acting.indices)
    func `a flag that ingress-nginx has acts as it does there`(index: Int) throws {
        let (argument, acts) = FlagTests.acting[index]
        #expect(acts(try FlagTests.parse([argument])), "\(argument)")
        // With the value as a word of its own.
        let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
        if parts.count == 2, !["true", "false"].contains(parts[1]) { #expect(acts(try FlagTests.parse(parts))) }
    }

    @Test func `a flag that has nothing to act on is passed over with its reason`() throws {
        let notes = PorticoControl.readable(["--sync-period=1m", "--profiling=false", "-v=2", "--max-buckets", "7"])
        #expect(notes.arguments.isEmpty)
        #expect(notes.notes.count == 4)
        #expect(notes.notes.first?.hasPrefix("--sync-period has no effect: ") == true)
        let (rest, _) = PorticoControl.readable(["--v", "3", "--profiling", "--ingress-class", "edge"])
        #expect(rest == ["--ingress-class", "edge"])
    }

    @Test func `every flag of ingress-nginx is known`() throws {
        let acting = Set(FlagTests.acting.map { String($0.argument.dropFirst(2).prefix { $0 != "=" }) })
        let passedOver = Set(FormerFlags.all.map(\.name))
        #expect(acting.isDisjoint(with: passedOver))
        #expect(Set(FlagTests.names).subtracting(acting.union(passedOver)) == ["version"])
    }

    @Test(arguments: [
        ["--no-such-flag"], ["--metrics", "x"], ["--metrics", "127.0.0.1:1", "--healthz-port", "2"],
        ["--healthz-host", "here"], ["--health-check-path", "live"], ["--health-check-path", "/metrics"],
        ["--sync-rate-limit", "0"], ["--configmap", "settings"], ["--election-ttl", "soon"],
    ])
    func `what cannot be meant is refused`(arguments: [String]) {
        #expect(throws: (any Error).self) { try FlagTests.parse(arguments) }
    }

    @Test func `the page of flags is what the program says`() throws {
        let path =
            URL(fileURLWithPath: #filePath).pathComponents.dropLast(4).joined(separator: "/").dropFirst()
            + "/docs/reference/flags.md"
        if getenv("PORTICO_UPDATE_GOLDEN") != nil {
            try FormerFlags.page.write(toFile: String(path), atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOfFile: String(path), encoding: .utf8) == FormerFlags.page, "run `make golden`")
    }

    private static let names = """
        annotations-prefix apiserver-host bucket-factor certificate-authority configmap controller-class deep-inspect
        default-backend-service default-server-port default-ssl-certificate enable-annotation-validation disable-catch-all
        disable-full-test disable-svc-external-name disable-sync-events dynamic-configuration-retries election-id election-ttl
        enable-metrics enable-ssl-chain-completion enable-ssl-passthrough disable-leader-election
        enable-topology-aware-routing exclude-socket-metrics health-check-path health-check-timeout healthz-port healthz-host
        http-port https-port ingress-class ingress-class-by-name internal-logger-address kubeconfig length-buckets max-buckets
        maxmind-edition-ids maxmind-retries-timeout maxmind-retries-count maxmind-license-key maxmind-mirror metrics-per-host
        metrics-per-undefined-host monitor-max-batch-size post-shutdown-grace-period profiler-port profiling publish-service
        publish-status-address report-node-internal-ip-address report-status-classes ssl-passthrough-proxy-port status-port
        status-update-interval stream-port sync-period sync-rate-limit tcp-services-configmap time-buckets
        udp-services-configmap update-status update-status-on-shutdown shutdown-grace-period size-buckets
        validating-webhook validating-webhook-certificate validating-webhook-key version watch-ingress-without-class
        watch-namespace watch-namespace-selector
        """.split { $0.isWhitespace }.map(String.init)
}
