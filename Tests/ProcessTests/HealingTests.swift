import Foundation
import ProcessSupervision
import TestSupport
import Testing

extension ProcessTests {
    /// What happens when processes die.
    @Suite struct HealingTests {
        private func shop(workers: Int = 2) throws -> (TestGateway, ScriptedBackend) {
            let backend = try ScriptedBackend(named: "shop")
            let gateway = try TestGateway(
                workers: workers,
                files: [
                    "shop.yaml": Manifests.ingress("shop", host: "shop.test", service: "shop"),
                    "service.yaml": Manifests.service("shop", at: [backend.address]),
                ])
            gateway.await("shop", host: "shop.test")
            return (gateway, backend)
        }

        @Test func `traffic does not notice that the control plane was killed, and changes flow again afterwards`()
            throws
        {
            let (gateway, _) = try shop()
            let load = LoadGenerator(connections: 4, to: gateway.http, host: "shop.test")
            let control = try #require(gateway.controlProcess)
            let workers = gateway.workerProcesses
            kill(control, SIGKILL)
            try gateway.awaitNewControl(after: control)
            try gateway.write(Manifests.ingress("new", host: "new.test", service: "shop"), to: "new.yaml")
            gateway.await("shop", host: "new.test")
            let tally = load.stop()
            #expect(tally.failed == 0, "\(tally)")
            #expect(tally.succeeded > 0)
            #expect(gateway.workerProcesses == workers)
        }

        @Test func `a killed worker is replaced and counted`() throws {
            let (gateway, _) = try shop(workers: 1)
            let worker = try #require(gateway.workerProcesses.first)
            kill(worker, SIGKILL)
            gateway.await("shop", host: "shop.test")
            #expect(gateway.workerProcesses.first != worker)
            try eventually("the restart is counted") { try gateway.metric("portico_worker_restarts_total") == 1 }
        }

        @Test func `a worker is reborn with the control plane away`() throws {
            let (gateway, _) = try shop(workers: 1)
            let control = try #require(gateway.controlProcess)
            let worker = try #require(gateway.workerProcesses.first)
            // Its link is its own: a worker may serve before the supervisor has anything to hand on.
            try eventually("the supervisor holds the configuration") {
                try gateway.metric("portico_applied_version", where: #"process="supervisor",part="epoch""#) >= 1
            }
            // Stopped rather than killed: it would be healed at once.
            kill(control, SIGSTOP)
            defer { kill(control, SIGCONT) }
            kill(worker, SIGKILL)
            gateway.await("shop", host: "shop.test")
            #expect(gateway.workerProcesses.first != worker)
        }

        @Test func `a connection that waits for a dead worker is served by the next one`() throws {
            let (gateway, _) = try shop(workers: 1)
            let worker = try #require(gateway.workerProcesses.first)
            kill(worker, SIGSTOP)
            let waiting = try (0..<5).map { _ in try RawConnection(to: gateway.http) }
            for connection in waiting { try connection.send("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n") }
            kill(worker, SIGKILL)
            for connection in waiting {
                #expect(try connection.receiveMessage(isResponse: true)?.text == "shop")
            }
        }

        @Test func `requests are counted on across the death of a worker`() throws {
            let (gateway, _) = try shop(workers: 1)
            let name = "nginx_ingress_controller_requests"
            for _ in 0..<3 { _ = try gateway.get("/", host: "shop.test") }
            try eventually("the requests are counted") { try gateway.metric(name) >= 4 }
            let before = try gateway.metric(name)
            kill(try #require(gateway.workerProcesses.first), SIGKILL)
            gateway.await("shop", host: "shop.test")
            try eventually("the count goes on from there") { try gateway.metric(name) > before }
        }

        @Test func `no process outlives the gateway, however it dies`() throws {
            let (gateway, _) = try shop()
            let processes = [gateway.controlProcess, gateway.proxyProcess].compactMap(\.self) + gateway.workerProcesses
            #expect(processes.count == 4)
            gateway.program.send(SIGKILL)
            eventually("all are gone") { processes.allSatisfy { !ProcessTable.isAlive($0) } }
        }

        @Test func `workers do not outlive their supervisor, and the proxy is healed`() throws {
            let (gateway, _) = try shop()
            let workers = gateway.workerProcesses
            kill(try #require(gateway.proxyProcess), SIGKILL)
            eventually("the workers are gone") { workers.allSatisfy { !ProcessTable.isAlive($0) } }
            gateway.await("shop", host: "shop.test")
        }

        @Test func `kills at random under load fail only what was in flight`() throws {
            let (gateway, _) = try shop()
            let load = LoadGenerator(connections: 4, to: gateway.http, host: "shop.test")
            var generator = SystemRandomNumberGenerator()
            var kills = 0
            let end = ContinuousClock.now + .seconds(8)
            while ContinuousClock.now < end {
                let victims = gateway.workerProcesses + [gateway.controlProcess].compactMap(\.self)
                guard let victim = victims.randomElement(using: &generator) else { continue }
                kill(victim, SIGKILL)
                kills += 1
                usleep(UInt32.random(in: 200_000...700_000, using: &generator))
            }
            let tally = load.stop()
            // A connection has one request in flight, so a kill can fail no more than one each.
            #expect(tally.failures.count <= 4 * kills, "\(tally.failures.count) failures, \(kills) kills")
            #expect(tally.byStatus.filter { $0.key != 200 }.isEmpty, "\(tally.byStatus)")
            #expect(tally.succeeded > 1_000)
            gateway.await("shop", host: "shop.test")
        }
    }
}
