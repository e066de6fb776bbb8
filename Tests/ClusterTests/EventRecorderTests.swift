import ClusterState
import KubernetesAPI
import KubernetesTestServer
import Leadership
import Logging
import ObjectEvents
import PorticoModel
import Testing

@Suite struct EventRecorderTests {
    private let server: TestAPIServer

    init() throws { server = try TestAPIServer.make() }

    private func recorder(_ instance: String, leads: Bool = true) throws -> EventRecorder {
        EventRecorder(
            client: try server.adminClient(), leadership: Leadership(isAlone: leads), instance: instance,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func note(_ message: String) -> EventNote {
        EventNote(
            object: ObjectReference(kind: "Ingress", name: ObjectName(namespace: "default", name: "shop")), uid: "u-1",
            severity: .warning, reason: "Conflict", message: message)
    }

    @Test func `an Event stands beside its object and is counted when it is said again`() async throws {
        let recorder = try recorder("portico-0")
        recorder.start()
        recorder.record([note("taken")])
        await comesTrue("the Event is there") { server.objects(of: .events).count == 1 }
        recorder.record([note("taken")])
        await comesTrue("it is counted") { server.objects(of: .events).first?["count"]?.int == 2 }
        let event = try #require(server.objects(of: .events).first)
        #expect(server.objects(of: .events).count == 1)
        #expect(event.at("metadata", "namespace")?.string == "default")
        #expect(event.at("involvedObject", "apiVersion")?.string == "networking.k8s.io/v1")
        #expect(event.at("involvedObject", "uid")?.string == "u-1")
        #expect(event["type"]?.string == "Warning")
        #expect(event["reason"]?.string == "Conflict")
        #expect(event.at("source", "component")?.string == "portico-control")
        await recorder.stop()
    }

    @Test func `replicas that say the same share an Event`() async throws {
        for instance in ["portico-0", "portico-1"] {
            let recorder = try recorder(instance)
            recorder.start()
            recorder.record([note("taken")])
            await comesTrue("it is said") {
                server.requestCount(instance == "portico-0" ? "create" : "patch", .events) == 1
            }
            await recorder.stop()
        }
        #expect(server.objects(of: .events).count == 1)
    }

    @Test func `an Event that has expired is written anew`() async throws {
        let recorder = try recorder("portico-0")
        let client = try server.adminClient()
        recorder.start()
        recorder.record([note("taken")])
        await comesTrue("the Event is there") { server.objects(of: .events).count == 1 }
        let name = try #require(server.objects(of: .events).first?.at("metadata", "name")?.string)
        _ = try await client.delete(.events, namespace: "default", name: name)
        recorder.record([note("taken")])
        await comesTrue("the Event is there again") { server.objects(of: .events).count == 1 }
        await recorder.stop()
    }

    @Test func `who does not lead says nothing`() async throws {
        let recorder = try recorder("portico-0", leads: false)
        recorder.start()
        recorder.record([note("taken")])
        await recorder.stop()
        #expect(server.requestCount("create", .events) == 0)
    }
}
