// swift-tools-version: 6.2
import PackageDescription

// Dependencies point one way: shims <- PorticoModel <- PorticoSnapshot <- ControlLink <- a plane <- its executables.
// There is no edge between the planes.

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error), .enableUpcomingFeature("ExistentialAny")]

func library(_ name: String, in folder: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "\(folder)/\(name)", swiftSettings: strict)
}

func executable(_ name: String, in folder: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, path: "\(folder)/\(name)", swiftSettings: strict)
}

func unitTests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies, path: "Tests/Unit/\(name)Tests",
        swiftSettings: strict)
}

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let httpServer: Target.Dependency = .product(name: "FlyingFox", package: "FlyingFox")

let shared: [Target] = [
    .systemLibrary(
        name: "COpenSSL", path: "Shared/COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(
        name: "CNghttp2", path: "Shared/CNghttp2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
    .systemLibrary(
        name: "CPCRE2", path: "Shared/CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"])]),
    .systemLibrary(name: "CCares", path: "Shared/CCares", pkgConfig: "libcares", providers: [.apt(["libc-ares-dev"])]),
    .systemLibrary(
        name: "CCurl", path: "Shared/CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(
        name: "CCompression", path: "Shared/CCompression",
        providers: [.apt(["zlib1g-dev", "libbrotli-dev", "libzstd-dev"])]),
    .systemLibrary(
        name: "CMaxMindDB", path: "Shared/CMaxMindDB", pkgConfig: "libmaxminddb",
        providers: [.apt(["libmaxminddb-dev"])]),
    .systemLibrary(name: "CCrypt", path: "Shared/CCrypt", providers: [.apt(["libcrypt-dev"])]),
    .target(name: "CSystem", path: "Shared/CSystem"),
    .target(name: "CModSecurity", path: "Shared/CModSecurity"),
    library("ModSecurity", in: "Shared", ["CModSecurity"]),
    .target(
        name: "CPorticoSnapshot", path: "Shared/CPorticoSnapshot",
        linkerSettings: [.linkedLibrary("protobuf-c")]),
    library("PorticoModel", in: "Shared"),
    library("Patterns", in: "Shared", ["CPCRE2"]),
    library("PorticoSnapshot", in: "Shared", ["PorticoModel", "CPorticoSnapshot", "COpenSSL"]),
    library("ControlLink", in: "Shared", ["PorticoModel", "PorticoSnapshot", "CSystem"]),
    library("PorticoTelemetry", in: "Shared", ["PorticoModel", logging]),
    library("ProcessSupervision", in: "Shared", ["CSystem"]),
    library("Threads", in: "Shared"),
]

let controlPlane: [Target] = [
    library("ClusterState", in: "ControlPlane", ["PorticoModel"]),
    library("YAMLDocuments", in: "ControlPlane", ["ClusterState", yams]),
    library(
        "ManifestDirectory", in: "ControlPlane",
        ["PorticoModel", "ClusterState", "YAMLDocuments", "CSystem", "Threads", logging]),
    library(
        "KubernetesAPI", in: "ControlPlane", ["PorticoModel", "ClusterState", "YAMLDocuments", "CCurl", "Threads"]),
    library("Leadership", in: "ControlPlane", ["PorticoModel", "ClusterState", "KubernetesAPI", logging]),
    library(
        "IngressStatus", in: "ControlPlane",
        ["PorticoModel", "ClusterState", "KubernetesAPI", "Leadership", logging]),
    library(
        "ObjectEvents", in: "ControlPlane",
        ["PorticoModel", "ClusterState", "KubernetesAPI", "Leadership", logging]),
    library(
        "Admission", in: "ControlPlane",
        ["PorticoModel", "ClusterState", "ProcessSupervision", "COpenSSL", "CSystem", "Threads", logging]),
    library("IngressAnnotations", in: "ControlPlane", ["PorticoModel", "ClusterState", "Patterns"]),
    library("SnippetParser", in: "ControlPlane", ["PorticoModel", "Patterns"]),
    library("Certificates", in: "ControlPlane", ["PorticoModel", "COpenSSL"]),
    library(
        "RouteCompiler", in: "ControlPlane",
        [
            "PorticoModel", "PorticoSnapshot", "Certificates", "ClusterState", "IngressAnnotations", "SnippetParser",
        ]),
    library("SnapshotStore", in: "ControlPlane", ["PorticoModel", "PorticoSnapshot", grdb, logging]),
    library(
        "SnapshotPublisher", in: "ControlPlane", ["PorticoModel", "PorticoSnapshot", "SnapshotStore", logging]),
    library(
        "TraceExport", in: "ControlPlane", ["PorticoModel", "PorticoSnapshot", "CCurl", "Threads", logging]),
    library("ExternalNames", in: "ControlPlane", ["PorticoModel", "CCares", "Threads", logging]),
    library(
        "ControlServer", in: "ControlPlane",
        [
            "PorticoModel", "PorticoSnapshot", "ControlLink", "PorticoTelemetry", "CSystem", "Threads", httpServer,
            logging,
        ]),
    library(
        "ControllerCore", in: "ControlPlane",
        [
            "ModSecurity",
            "PorticoModel", "PorticoSnapshot", "ClusterState", "ManifestDirectory", "KubernetesAPI", "Leadership",
            "IngressStatus", "ObjectEvents", "Admission", "ProcessSupervision",
            "Certificates",
            "IngressAnnotations",
            "RouteCompiler", "SnapshotStore", "SnapshotPublisher", "ExternalNames", "TraceExport", "ControlServer",
            "PorticoTelemetry", "ControlLink", "CSystem", "CCurl", logging,
        ]),
    executable(
        "portico-control", in: "ControlPlane",
        [
            "ControllerCore", "KubernetesAPI", "Leadership", "IngressStatus", "PorticoModel", "PorticoTelemetry",
            "ProcessSupervision",
            "RouteCompiler",
            "SnapshotStore",
            "CSystem", argumentParser, logging,
        ]),
    library(
        "MigrationCheck", in: "ControlPlane",
        ["PorticoModel", "ClusterState", "IngressAnnotations", "RouteCompiler"]),
    executable(
        "portico", in: "ControlPlane",
        [
            "PorticoModel", "ClusterState", "ManifestDirectory", "KubernetesAPI", "IngressAnnotations", "RouteCompiler",
            "MigrationCheck", "ProcessSupervision", "CCurl", argumentParser, logging,
        ]),
]

let dataPlane: [Target] = [
    library("EventLoop", in: "DataPlane", ["CSystem"]),
    library("HTTPCore", in: "DataPlane"),
    library("Routing", in: "DataPlane", ["PorticoModel", "Patterns"]),
    library("Passwords", in: "DataPlane", ["CCrypt", "COpenSSL", "Threads"]),
    library("Compression", in: "DataPlane", ["CCompression"]),
    library("GeoIP", in: "DataPlane", ["PorticoModel", "HTTPCore", "EventLoop", "CMaxMindDB"]),
    library("WebApplicationFirewall", in: "DataPlane", ["CModSecurity", "ModSecurity"]),
    library(
        "Policies", in: "DataPlane",
        ["PorticoModel", "HTTPCore", "EventLoop", "Patterns", "ModSecurity", "WebApplicationFirewall"]),
    library("HTTP2Core", in: "DataPlane", ["HTTPCore", "EventLoop", "CNghttp2"]),
    library("FastCGICore", in: "DataPlane", ["HTTPCore", "EventLoop"]),
    library("TLSEngine", in: "DataPlane", ["PorticoModel", "PorticoSnapshot", "EventLoop", "COpenSSL"]),
    library("Upstreams", in: "DataPlane", ["PorticoModel", "EventLoop"]),
    library(
        "ControlClient", in: "DataPlane", ["PorticoModel", "PorticoSnapshot", "ControlLink"]),
    library("StreamProxy", in: "DataPlane", ["PorticoModel", "EventLoop", "HTTPCore", "Upstreams", "CSystem"]),
    library(
        "ProxyCore", in: "DataPlane",
        [
            "StreamProxy", "PorticoModel", "CSystem", "EventLoop", "FastCGICore", "HTTP2Core", "HTTPCore", "Patterns",
            "Passwords",
            "Compression",
            "GeoIP",
            "WebApplicationFirewall",
            "Routing", "Policies",
            "TLSEngine",
            "Upstreams", "ControlClient", "ControlLink", "PorticoTelemetry", "Threads",
        ]),
    executable(
        "portico-proxy", in: "DataPlane",
        [
            "StreamProxy",
            "ProxyCore", "Policies", "ControlClient", "ControlLink", "PorticoModel", "EventLoop", "ProcessSupervision",
            "PorticoTelemetry", "CSystem", argumentParser, logging,
        ]),
]

let demo: [Target] = [
    executable("portico-demo-backend", in: "deploy/demo", [httpServer])
]

let processTests: [Target] = [
    .target(
        name: "KubernetesTestServer",
        dependencies: ["PorticoModel", "ClusterState", "KubernetesAPI", "COpenSSL", "ProcessSupervision"],
        path: "Tests/KubernetesTestServer", swiftSettings: strict),
    .target(
        name: "TestSupport", dependencies: ["ProcessSupervision", "KubernetesAPI", "KubernetesTestServer", "COpenSSL"],
        path: "Tests/Support", swiftSettings: strict),
    executable(
        "portico-test-apiserver", in: "Tests",
        ["KubernetesTestServer", "KubernetesAPI", "ClusterState", "PorticoModel", argumentParser]),
    .testTarget(
        name: "ClusterTests",
        dependencies: [
            "PorticoModel", "ClusterState", "KubernetesAPI", "KubernetesTestServer", "TestSupport", "Leadership",
            "IngressStatus", "ObjectEvents", "YAMLDocuments", "ProcessSupervision", "portico", "portico-control",
            "portico-proxy", logging,
        ],
        path: "Tests/ClusterTests", swiftSettings: strict),
    .testTarget(
        name: "ProcessTests",
        dependencies: [
            "TestSupport", "ProcessSupervision", "ClusterState", "KubernetesAPI", "KubernetesTestServer", "portico",
            "portico-control", "portico-proxy",
        ],
        path: "Tests/ProcessTests", swiftSettings: strict),
]

let tests: [Target] = [
    unitTests("ControlServer", ["PorticoModel", "PorticoTelemetry", logging]),
    unitTests("ExternalNames", ["PorticoModel", logging]),
    unitTests("TraceExport", ["PorticoModel", "ProcessSupervision", "TestSupport", logging]),
    unitTests("Certificates", ["PorticoModel", "KubernetesTestServer", "TestSupport"]),
    unitTests("PorticoModel"),
    unitTests("SnippetParser", ["PorticoModel"]),
    unitTests("MigrationCheck", ["PorticoModel", "ClusterState", "RouteCompiler"]),
    unitTests("PorticoTelemetry", [logging]),
    unitTests("SnapshotStore", ["PorticoModel", "PorticoSnapshot", grdb, logging]),
    unitTests("SnapshotPublisher", ["PorticoModel", "PorticoSnapshot", "SnapshotStore", logging]),
    unitTests("EventLoop"),
    unitTests("Upstreams", ["PorticoModel"]),
    unitTests("Patterns"),
    unitTests("Passwords"),
    unitTests("Compression", ["CCompression"]),
    unitTests("WebApplicationFirewall", ["ModSecurity"]),
    unitTests("GeoIP", ["PorticoModel", "HTTPCore", "EventLoop"]),
    unitTests("Policies", ["EventLoop", "HTTPCore", "Patterns", "PorticoModel"]),
    .target(name: "CAllocationCounter", path: "Tests/AllocationCounter"),
    unitTests(
        "ProxyCore",
        [
            "CAllocationCounter", "EventLoop", "HTTP2Core", "HTTPCore", "Policies", "Routing", "PorticoModel",
            "PorticoSnapshot", "Certificates", "KubernetesTestServer", "ProcessSupervision", "TestSupport",
        ]),
    unitTests("StreamProxy", ["EventLoop", "PorticoModel", "Upstreams"]),
    unitTests("HTTPCore"),
    unitTests("TLSEngine", ["PorticoModel", "PorticoSnapshot", "EventLoop", "COpenSSL"]),
    unitTests("Routing", ["PorticoModel", "Patterns"]),
    unitTests("HTTP2Core", ["HTTPCore", "EventLoop"]),
    unitTests("FastCGICore", ["HTTPCore", "EventLoop"]),
    unitTests("ProcessSupervision"),
    unitTests("portico-control", ["ControllerCore", "PorticoModel", "ProcessSupervision", argumentParser]),
    unitTests("portico-proxy", ["ProcessSupervision"]),
    unitTests("PorticoSnapshot", ["PorticoModel"]),
    .target(
        name: "LinkSamples", dependencies: ["PorticoModel", "PorticoSnapshot"], path: "Tests/LinkSamples",
        swiftSettings: strict),
    unitTests("ControlLink", ["PorticoModel", "PorticoSnapshot", "LinkSamples"]),
    unitTests("ControlClient", ["PorticoModel", "PorticoSnapshot", "ControlLink", "LinkSamples"]),
    .testTarget(
        name: "FeatureTests",
        dependencies: [
            "PorticoModel", "PorticoSnapshot", "ControlLink", "ControlServer", "ControlClient", "ControllerCore",
            "SnapshotStore", "TestSupport", "ProcessSupervision", "KubernetesAPI", "KubernetesTestServer",
            "ClusterState", "Leadership", "YAMLDocuments", logging,
        ],
        path: "Tests/FeatureTests", swiftSettings: strict),
    unitTests("ManifestDirectory", ["ClusterState", "PorticoModel"]),
    unitTests("ClusterState", ["PorticoModel"]),
    unitTests("KubernetesAPI", ["ClusterState"]),
    unitTests("Leadership"),
    unitTests("IngressStatus", ["ClusterState", "PorticoModel", "KubernetesAPI"]),
    unitTests("ObjectEvents", ["PorticoModel"]),
    unitTests("Admission", ["ClusterState", "PorticoModel", "ProcessSupervision", "TestSupport", logging]),
    unitTests("IngressAnnotations", ["ClusterState", "PorticoModel"]),
    unitTests("RouteCompiler", ["ManifestDirectory", "Routing", "ClusterState", "IngressAnnotations", "PorticoModel"]),
]

let package = Package(
    name: "portico",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "portico", targets: ["portico"]),
        .executable(name: "portico-control", targets: ["portico-control"]),
        .executable(name: "portico-proxy", targets: ["portico-proxy"]),
        .executable(name: "portico-demo-backend", targets: ["portico-demo-backend"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
    ],
    targets: shared + controlPlane + dataPlane + demo + tests + processTests,
    swiftLanguageModes: [.v6]
)
