import ClusterState
import IngressStatus
import KubernetesAPI
import KubernetesTestServer
import Leadership
import Logging
import PorticoModel
import Testing

@Suite struct StatusWriterTests {
    private let server: TestAPIServer
    private let client: KubernetesClient
    private let address = LoadBalancerAddress(ip: "203.0.113.1")

    init() throws {
        server = try TestAPIServer.make()
        client = try server.adminClient()
    }

    private func writer(
        _ origin: AddressOrigin, leadership: Leadership = Leadership(isAlone: true), pod: ObjectName? = nil
    ) -> StatusWriter {
        var configuration = StatusWriter.Configuration()
        configuration.interval = .milliseconds(50)
        configuration.intervalWithoutAddresses = .milliseconds(50)
        configuration.pod = pod
        return StatusWriter(
            configuration: configuration, client: client, origin: origin, leadership: leadership,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func create(_ name: String) async throws -> Ingress {
        let node = try await client.create(
            .ingresses, namespace: "default",
            [
                "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
                "metadata": ["name": .text(name), "namespace": "default"],
                "spec": ["defaultBackend": ["service": ["name": "a", "port": ["number": 80]]]],
            ])
        return try ingress(node)
    }

    private func ingress(_ node: ObjectNode) throws -> Ingress {
        guard case .object(.ingress(let ingress)) = ObjectDecoder.decode(node) else {
            throw APIError.malformed("no Ingress")
        }
        return ingress
    }

    private func addresses(_ name: String) -> [String] {
        let node = server.objects(of: .ingresses).first { $0.at("metadata", "name")?.string == name }
        return LoadBalancerAddress.list(in: node?["status"]).map { $0.ip.isEmpty ? $0.hostname : $0.ip }
    }

    @Test func `the status is written once, sorted, and only where it differs`() async throws {
        let writer = writer(.fixed(StatusAddresses.fixed("lb.example,203.0.113.9,203.0.113.1")))
        writer.start()
        let created = try await create("shop")
        writer.update(served: [created], removed: [])
        let expected = ["203.0.113.1", "203.0.113.9", "lb.example"]
        await comesTrue("the status is there") { addresses("shop") == expected }
        let echo = try ingress(try await client.get(.ingresses, namespace: "default", name: "shop"))
        #expect(echo.uid == created.uid)
        writer.update(served: [echo], removed: [])
        let other = try await create("other")
        writer.update(served: [other], removed: [])
        await comesTrue("another status is there") { addresses("other") == expected }
        #expect(server.requestCount("patch", .ingresses) == 2)
        await writer.stop()
    }

    @Test func `addresses follow the service, and one that somebody else changed is put right`() async throws {
        let service: ObjectNode = [
            "apiVersion": "v1", "kind": "Service", "metadata": ["name": "lb", "namespace": "default"],
            "spec": ["type": "NodePort", "clusterIP": "10.0.0.1", "externalIPs": ["203.0.113.1"]],
        ]
        _ = try await client.create(.services, namespace: "default", service)
        let writer = writer(.service(ObjectName(namespace: "default", name: "lb")))
        writer.start()
        writer.update(served: [try await create("shop")], removed: [])
        await comesTrue("the status is there") { addresses("shop") == ["203.0.113.1"] }
        _ = try await client.mergePatch(
            .services, namespace: "default", name: "lb", ["spec": ["externalIPs": ["203.0.113.2"]]])
        await comesTrue("the status follows") { addresses("shop") == ["203.0.113.2"] }
        let foreign = try await client.mergePatch(
            .ingresses, namespace: "default", name: "shop", subresource: "status",
            ["status": ["loadBalancer": ["ingress": [["ip": "192.0.2.1"]]]]])
        writer.update(served: [try ingress(foreign)], removed: [])
        await comesTrue("the status is right again") { addresses("shop") == ["203.0.113.2"] }
        await writer.stop()
    }

    @Test func `an Ingress of the same name that is another is not written for the first`() async throws {
        let first = try await create("shop")
        _ = try await client.delete(.ingresses, namespace: "default", name: "shop")
        _ = try await create("shop")
        let writer = writer(.fixed([address]))
        writer.update(served: [first], removed: [])
        writer.start()
        await comesTrue("it was tried") { server.requestCount("patch", .ingresses) > 0 }
        #expect(addresses("shop").isEmpty)
        await writer.stop()
    }

    @Test func `a write that fails is repeated`() async throws {
        server.inject(Fault(.refuse(.throttled(seconds: 0)), verb: "patch", resource: "ingresses", count: 1))
        server.inject(Fault(.cut, verb: "patch", resource: "ingresses", count: 2))
        let writer = writer(.fixed([address]))
        writer.start()
        writer.update(served: [try await create("shop")], removed: [])
        await comesTrue("the status is there") { addresses("shop") == ["203.0.113.1"] }
        await writer.stop()
    }

    @Test func `who does not lead writes nothing`() async throws {
        let writer = writer(.fixed([address]), leadership: Leadership())
        writer.start()
        writer.update(served: [try await create("shop")], removed: [])
        await writer.stop()
        #expect(server.requestCount("patch", .ingresses) == 0)
    }

    @Test(arguments: [(1, true), (2, false)])
    func `the last pod takes the addresses out again`(pods: Int, isRetracted: Bool) async throws {
        for number in 0..<pods {
            _ = try await client.create(
                .pods, namespace: "default",
                [
                    "apiVersion": "v1", "kind": "Pod",
                    "metadata": [
                        "name": .text("portico-\(number)"), "namespace": "default",
                        "labels": ["app": "portico", "pod-template-hash": .text("abc\(number)")],
                    ],
                ])
        }
        let writer = writer(.fixed([address]), pod: ObjectName(namespace: "default", name: "portico-0"))
        writer.start()
        writer.update(served: [try await create("shop")], removed: [])
        await comesTrue("the status is there") { addresses("shop") == ["203.0.113.1"] }
        await writer.stop()
        #expect(addresses("shop").isEmpty == isRetracted)
    }
}
