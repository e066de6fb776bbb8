import Foundation
import ProcessSupervision
import TestSupport
import Testing

extension ProcessTests {
    /// Starting, stopping and being told nonsense.
    @Suite struct LifecycleTests {
        private func oneLine(_ program: String, _ arguments: [String]) throws -> (ProcessEnd?, [Substring]) {
            let (end, output) = try RunningProgram.run(program, arguments)
            return (end, output.split(separator: "\n"))
        }

        @Test func `a missing folder is one line and exit code 2`() throws {
            let (end, lines) = try oneLine("portico", ["run", "/nonexistent/folder"])
            #expect(end == .code(2))
            #expect(lines == ["portico: the folder /nonexistent/folder does not exist"])
        }

        @Test(arguments: [
            ["run", "/tmp", "--colour", "blue"], ["run"], ["run", "/tmp", "--http", "localhost"],
            ["run", "/tmp", "--workers", "none"], ["dance"],
        ])
        func `a wrong call is one line and exit code 2`(arguments: [String]) throws {
            let (end, lines) = try oneLine("portico", arguments)
            #expect(end == .code(2))
            #expect(lines.count == 1, "\(lines)")
        }

        @Test func `a taken port is one line and exit code 2`() throws {
            let backend = try ScriptedBackend(named: "in the way")
            let folder = try TemporaryFolder()
            let metrics = try FreePort.take()
            for flags in [
                ["--http", "\(backend.address)", "--metrics", "\(metrics)"],
                ["--http", "\(metrics)", "--metrics", "\(backend.address)"],
            ] {
                let (end, lines) = try oneLine("portico", ["run", folder.path, "--data-dir", folder("data")] + flags)
                #expect(end == .code(2))
                #expect(lines == ["portico: \(backend.address) is in use by another program; give another port"])
            }
            let (end, lines) = try oneLine(
                "portico-proxy", ["--control-socket", folder("control.sock"), "--http", "\(backend.address)"])
            #expect(end == .code(2))
            #expect(lines == ["portico-proxy: \(backend.address) is in use by another program; give another port"])
        }

        @Test func `a second gateway on the same data directory is refused`() throws {
            let gateway = try TestGateway(files: [:])
            let (end, lines) = try oneLine(
                "portico",
                [
                    "run", gateway.manifests, "--data-dir", gateway.folder("data"), "--http", "\(try FreePort.take())",
                    "--metrics", "\(try FreePort.take())",
                ])
            #expect(end == .code(2))
            #expect(lines.count == 1)
            #expect(lines.first?.contains("another portico run uses the data directory") == true)
        }

        @Test(arguments: [SIGINT, SIGTERM])
        func `a signal stops everything in order`(signal: Int32) throws {
            let gateway = try TestGateway(files: [:])
            let processes = [gateway.controlProcess, gateway.proxyProcess].compactMap(\.self) + gateway.workerProcesses
            gateway.program.send(signal)
            #expect(gateway.program.wait(seconds: 10) == .code(0))
            #expect(processes.allSatisfy { !ProcessTable.isAlive($0) })
        }

        @Test func `a request under way is finished when the gateway is told to stop`() throws {
            let backend = try ScriptedBackend { request, connection in
                let parts = ScriptedBackend.response(body: "slow but whole")
                if request.startLine.contains("/slow") {
                    try connection.send(Array(parts.prefix(45)))
                    usleep(700_000)
                    return Array(parts.dropFirst(45))
                }
                return parts
            }
            let gateway = try TestGateway(files: [
                "shop.yaml": Manifests.ingress("shop", host: "shop.test", service: "shop")
                    + Manifests.service("shop", at: [backend.address])
            ])
            let idle = try RawConnection(to: gateway.http)
            _ = try idle.get("/", host: "shop.test")
            let busy = try RawConnection(to: gateway.http)
            try busy.send("GET /slow HTTP/1.1\r\nHost: shop.test\r\n\r\n")
            eventually("the request is under way") { backend.received.count == 2 }
            gateway.program.send(SIGTERM)
            #expect(try busy.receiveMessage(isResponse: true)?.text == "slow but whole")
            #expect(try idle.receiveMessage(isResponse: true) == nil)
            #expect(gateway.program.wait(seconds: 10) == .code(0))
        }

        @Test func `a second signal does not wait for requests under way`() throws {
            let backend = try ScriptedBackend { _, _ in
                sleep(30)
                return nil
            }
            let gateway = try TestGateway(files: [
                "shop.yaml": Manifests.ingress("shop", host: "shop.test", service: "shop")
                    + Manifests.service("shop", at: [backend.address])
            ])
            let connection = try RawConnection(to: gateway.http)
            try connection.send("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n")
            eventually("the request is under way") { backend.received.count == 1 }
            gateway.program.send(SIGINT)
            eventually("it says that it waits") { gateway.program.output.contains("stop again to end them at once") }
            gateway.program.send(SIGINT)
            #expect(gateway.program.wait(seconds: 10) == .code(0))
        }

        @Test func `SIGHUP does no harm`() throws {
            let gateway = try TestGateway(files: [:])
            let workers = gateway.workerProcesses
            for process in workers + [gateway.proxyProcess, gateway.program.process.id].compactMap(\.self) {
                kill(process, SIGHUP)
            }
            #expect(try gateway.get("/", host: "nobody.test").status == 404)
            #expect(gateway.workerProcesses == workers)
            #expect(gateway.program.poll() == nil)
        }

        @Test func `the proxy's own probes tell whether it has a configuration`() throws {
            let folder = try TemporaryFolder()
            let (http, health) = (try FreePort.take(), try FreePort.take())
            let proxy = try RunningProgram(
                "portico-proxy",
                [
                    "--control-socket", folder("control.sock"), "--http", "\(http)", "--health", "\(health)",
                    "--workers", "1",
                ])
            eventually("it is alive") { (try? get("/healthz", from: health))?.status == 200 }
            #expect(try get("/readyz", from: health).status == 503)
            proxy.send(SIGTERM)
            #expect(proxy.wait(seconds: 10) == .code(0))
        }
    }
}
