import ArgumentParser
import ClusterState
import Foundation
import KubernetesAPI
import KubernetesTestServer
import PorticoModel
import Synchronization

/// The API server of the tests as a process, with a cluster of any size in it, for benchmarks and work by hand.
///
/// It is told what to do line by line on standard input: `churn RATE` changes so many EndpointSlices a second, `flip
/// SERVICE PORT` gives a service one endpoint, `stats` prints what was asked of it, `quit` ends it.
struct TestAPIServerProgram: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "portico-test-apiserver")

    @Option(help: "Where to write a kubeconfig.") var kubeconfig: String
    @Option var ingresses = 0
    @Option(help: "How many endpoints each Ingress's service has.") var endpoints = 5
    @Option(help: "A service whose one endpoint listens here on loopback, behind the host probe.test.")
    var probePort: UInt16?

    mutating func run() throws {
        var options = TestAPIServer.Options()
        options.refusesLoopbackEndpoints = false
        options.bookmarkSeconds = 60
        let server = try TestAPIServer(options)
        let cluster = SampleCluster(server: server, endpoints: endpoints)
        cluster.fill(ingresses: ingresses)
        if let probePort { cluster.addProbe(port: probePort) }
        try server.kubeconfig().write(toFile: kubeconfig, atomically: true, encoding: .utf8)
        say("ready")
        let churn = Churn(cluster: cluster, count: ingresses)
        while let line = readLine() {
            let words = line.split(separator: " ")
            switch words.first {
            case "churn": churn.set(rate: words.last.flatMap { Double($0) } ?? 0)
            case "flip": cluster.setEndpoint(of: String(words[1]), port: UInt16(words[2]) ?? 0)
            case "stats": break
            default: return
            }
            let requests = server.requests
            let (lists, watches) = (requests.count { $0.verb == "list" }, requests.count { $0.verb == "watch" })
            say("done \(churn.done) changes, \(lists) lists, \(watches) watches")
        }
    }

    private func say(_ text: String) {
        print(text)
        fflush(nil)
    }
}

/// Ingresses with a service each.
final class SampleCluster: Sendable {
    private let server: TestAPIServer
    private let endpoints: Int

    init(server: TestAPIServer, endpoints: Int) {
        self.server = server
        self.endpoints = endpoints
    }

    func fill(ingresses: Int) {
        server.put(
            [
                "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": ["name": "nginx"],
                "spec": ["controller": "k8s.io/ingress-nginx"],
            ], .ingressClasses)
        for index in 0..<ingresses {
            putIngress("ingress-\(index)", host: "host-\(index).test", service: "service-\(index)")
            putService("service-\(index)")
            change(index, round: 0)
        }
    }

    func addProbe(port: UInt16) {
        putIngress("probe", host: "probe.test", service: "probe")
        putService("probe")
        setEndpoint(of: "probe", port: port)
    }

    func setEndpoint(of service: String, port: UInt16) {
        putSlice(service, addresses: ["127.0.0.1"], port: Int(port))
    }

    /// Gives a service other endpoints than in the round before.
    func change(_ index: Int, round: Int) {
        let addresses = (0..<endpoints).map { "10.\(index >> 8 & 255).\(index & 255).\($0 + 1)" }
        putSlice("service-\(index)", addresses: addresses, port: 8_000 + round % 1_000)
    }

    private func metadata(_ name: String, _ labels: ObjectNode = [:]) -> ObjectNode {
        [
            "name": .text(name), "namespace": "default", "uid": .text(UUID().uuidString.lowercased()),
            "creationTimestamp": "2026-01-01T00:00:00Z", "labels": labels,
            "managedFields": [
                [
                    "manager": "kubectl-client-side-apply", "operation": "Update", "apiVersion": "v1",
                    "time": "2026-01-01T00:00:00Z", "fieldsType": "FieldsV1",
                    "fieldsV1": ["f:metadata": ["f:annotations": [:]], "f:spec": ["f:ports": [:], "f:rules": [:]]],
                ]
            ],
        ]
    }

    private func putIngress(_ name: String, host: String, service: String) {
        let backend: ObjectNode = ["service": ["name": .text(service), "port": ["number": 80]]]
        let path: ObjectNode = ["path": "/", "pathType": "Prefix", "backend": backend]
        server.put(
            [
                "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata(name),
                "spec": [
                    "ingressClassName": "nginx", "rules": [["host": .text(host), "http": ["paths": [path]]]],
                ],
                "status": ["loadBalancer": [:]],
            ], .ingresses)
    }

    private func putService(_ name: String) {
        server.put(
            [
                "apiVersion": "v1", "kind": "Service", "metadata": metadata(name),
                "spec": [
                    "clusterIP": "None",
                    "ports": [["name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"]],
                ],
            ], .services)
    }

    private func putSlice(_ service: String, addresses: [String], port: Int) {
        let items = addresses.map { address -> ObjectNode in
            [
                "addresses": [.text(address)],
                "conditions": ["ready": true, "serving": true, "terminating": false], "nodeName": "node-1",
                "targetRef": ["kind": "Pod", "namespace": "default", "name": .text("\(service)-pod")],
            ]
        }
        server.put(
            [
                "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
                "metadata": metadata("\(service)-slice", ["kubernetes.io/service-name": .text(service)]),
                "addressType": "IPv4", "endpoints": .items(items),
                "ports": [["name": "http", "port": .number(port), "protocol": "TCP"]],
            ], .endpointSlices)
    }
}

/// Changes services at a rate, on a thread of its own.
final class Churn: Sendable {
    private let state = Mutex((rate: 0.0, done: 0))

    init(cluster: SampleCluster, count: Int) {
        Thread.detachNewThread { [self] in
            var due = Date()
            while count > 0 {
                let rate = state.withLock { $0.rate }
                guard rate > 0 else {
                    usleep(10_000)
                    due = Date()
                    continue
                }
                // Short sleeps, for the rate may be another before a long one is over.
                guard due <= Date() else {
                    Thread.sleep(until: min(due, Date() + 0.005))
                    continue
                }
                due += 1 / rate
                let done = state.withLock { state in
                    state.done += 1
                    return state.done
                }
                cluster.change(done * 7_919 % count, round: done)
            }
        }
    }

    var done: Int { state.withLock { $0.done } }

    func set(rate: Double) { state.withLock { $0.rate = rate } }
}
