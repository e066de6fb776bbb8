import Foundation
import ProcessSupervision
import TestSupport
import Testing

extension ProcessTests {
    /// One control plane and two data planes, each with the classes of its own.
    @Suite struct ClassGroupTests {
        /// portico-control and the two proxies, as they would run in two Deployments.
        private final class TwoPlanes {
            let folder: TemporaryFolder
            let control: RunningProgram
            let external = try! FreePort.take()
            let `internal` = try! FreePort.take()
            let proxies: [RunningProgram]

            init(_ files: [String: String]) throws {
                folder = try TemporaryFolder()
                let manifests = try folder.makeFolder("manifests")
                for (name, text) in files { try folder.write(text, to: "manifests/\(name)") }
                let socket = folder("control.sock")
                let metrics = try FreePort.take()
                control = try RunningProgram(
                    "portico-control",
                    [
                        "--manifests", manifests, "--control-socket", socket, "--metrics", "\(metrics)",
                        "--data-dir", folder("data"), "--ingress-class", "portico", "--class-group",
                        "internal=private",
                    ])
                eventually("the control plane is ready") {
                    (try? get("/readyz", from: metrics))?.status == 200
                }
                let common = ["--control-socket", socket, "--workers", "1"]
                proxies = [
                    try RunningProgram("portico-proxy", common + ["--http", "\(external)"]),
                    try RunningProgram(
                        "portico-proxy", common + ["--http", "\(`internal`)", "--class-group", "internal"]),
                ]
            }

            func portico(_ arguments: String...) throws -> (end: ProcessEnd?, output: String) {
                try RunningProgram.run("portico", arguments + ["--data-dir", folder("data")])
            }

            func stranger() throws -> RunningProgram {
                try RunningProgram(
                    "portico-proxy",
                    [
                        "--control-socket", folder("control.sock"), "--workers", "1", "--http",
                        "\(try FreePort.take())", "--class-group", "nobody",
                    ])
            }
        }

        private func answers(_ status: Int, _ host: String, from address: ListenAddress) {
            eventually("\(host) answers \(status) on \(address)") {
                (try? get("/", host: host, from: address))?.status == status
            }
        }

        @Test func `each data plane serves its own classes, and is rolled back on its own`() throws {
            let backends = (try ScriptedBackend(named: "shop"), try ScriptedBackend(named: "wiki"))
            let planes = try TwoPlanes([
                "class.yaml": Manifests.ingressClass,
                "shop.yaml": Manifests.ingress("shop", host: "shop.test", service: "shop"),
                "wiki.yaml": Manifests.ingress("wiki", host: "wiki.test", service: "wiki", className: "private"),
                "services.yaml": Manifests.service("shop", at: [backends.0.address])
                    + Manifests.service("wiki", at: [backends.1.address]),
            ])
            answers(200, "shop.test", from: planes.external)
            answers(200, "wiki.test", from: planes.internal)
            #expect(try get("/", host: "wiki.test", from: planes.external).status == 404)
            #expect(try get("/", host: "shop.test", from: planes.internal).status == 404)

            let status = try planes.portico("status").output
            #expect(status.contains("group      portico"))
            #expect(status.contains("group      internal"))

            let first = try #require(try version(of: "internal", planes))
            try planes.folder.write("", to: "manifests/wiki.yaml")
            answers(404, "wiki.test", from: planes.internal)
            let unsaid = try planes.portico("rollback", first)
            #expect(unsaid.end == .code(1))
            #expect(unsaid.output.contains("--class-group"))
            let wrong = try planes.portico("rollback", first, "--class-group", "portico")
            #expect(wrong.output.contains("belongs to the class group 'internal'"))
            #expect(try planes.portico("rollback", first, "--class-group", "internal").end == .code(0))
            answers(200, "wiki.test", from: planes.internal)
            #expect(try get("/", host: "shop.test", from: planes.external).status == 200)
            let listed = try planes.portico("snapshots", "list", "--class-group", "internal").output
            #expect(listed.contains("pinned"))
            #expect(!listed.contains(" portico "))
            #expect(try planes.portico("resume", "--class-group", "internal").end == .code(0))
            answers(404, "wiki.test", from: planes.internal)
        }

        @Test func `a data plane of no known group is turned away with a reason`() throws {
            let planes = try TwoPlanes(["class.yaml": Manifests.ingressClass])
            let stranger = try planes.stranger()
            eventually("the control plane says why") {
                planes.control.output.contains("asks for the unknown class group 'nobody'")
            }
            #expect(stranger.poll() == nil)
            let unknown = try planes.portico("snapshots", "list", "--class-group", "nobody")
            #expect(unknown.end == .code(1))
            #expect(unknown.output.contains("'nobody'"))
        }

        private func version(of group: String, _ planes: TwoPlanes) throws -> String? {
            let output = try planes.portico("snapshots", "list", "--class-group", group).output
            return output.split(separator: "\n").dropFirst().first?.split(separator: " ").first.map(String.init)
        }
    }
}
