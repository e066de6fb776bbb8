import Foundation
import ProcessSupervision
import TestSupport
import Testing

extension ProcessTests {
    /// From a folder of manifests to answers, through the real programs.
    @Suite struct ServingTests {
        @Test func `manifests in a folder are served`() throws {
            let backend = try ScriptedBackend(named: "shop")
            let gateway = try TestGateway(files: [
                "shop.yaml": Manifests.ingress("shop", host: "shop.test", service: "shop")
                    + Manifests.service("shop", at: [backend.address])
            ])
            let answer = try gateway.get("/cart?id=1", host: "shop.test")
            #expect(answer.status == 200)
            #expect(answer.text == "shop")
            #expect(backend.received.first?.startLine == "GET /cart?id=1 HTTP/1.1")
            #expect(backend.received.first?["Host"] == "shop.test")
            #expect(try gateway.get("/", host: "nobody.test").status == 404)
        }

        @Test func `a service without endpoints is 503 and harms no other`() throws {
            let backend = try ScriptedBackend(named: "shop")
            let gateway = try TestGateway(files: [
                "shop.yaml": Manifests.ingress("shop", host: "shop.test", service: "shop")
                    + Manifests.ingress("lost", host: "lost.test", service: "lost")
                    + Manifests.service("shop", at: [backend.address])
            ])
            #expect(try gateway.get("/", host: "lost.test").status == 503)
            #expect(try gateway.get("/", host: "shop.test").text == "shop")
        }

        @Test func `a change of a file is served, and so is its deletion`() throws {
            let (old, new) = (try ScriptedBackend(named: "old"), try ScriptedBackend(named: "new"))
            let services = Manifests.service("old", at: [old.address]) + Manifests.service("new", at: [new.address])
            let gateway = try TestGateway(files: [
                "services.yaml": services, "shop.yaml": Manifests.ingress("shop", host: "shop.test", service: "old"),
            ])
            gateway.await("old", host: "shop.test")
            try gateway.write(Manifests.ingress("shop", host: "shop.test", service: "new"), to: "shop.yaml")
            gateway.await("new", host: "shop.test")
            unlink(gateway.folder("manifests/shop.yaml"))
            eventually("the host is gone") { (try? gateway.get("/", host: "shop.test"))?.status == 404 }
        }

        @Test func `endpoints follow their slices without a new version`() throws {
            let (first, second) = (try ScriptedBackend(named: "first"), try ScriptedBackend(named: "second"))
            let gateway = try TestGateway(files: [
                "shop.yaml": Manifests.ingress("shop", host: "shop.test", service: "shop"),
                "service.yaml": Manifests.service("shop", at: [first.address]),
            ])
            gateway.await("first", host: "shop.test")
            let before = try gateway.portico("snapshots", "list").output
            try gateway.write(Manifests.service("shop", at: [second.address]), to: "service.yaml")
            gateway.await("second", host: "shop.test")
            #expect(try gateway.portico("snapshots", "list").output == before)
        }

        @Test func `the symlink swap of a ConfigMap volume is one change`() throws {
            let (old, new) = (try ScriptedBackend(named: "old"), try ScriptedBackend(named: "new"))
            let services = Manifests.service("old", at: [old.address]) + Manifests.service("new", at: [new.address])
            let folder = try TemporaryFolder()
            for (name, service) in [("..one", "old"), ("..two", "new")] {
                _ = try folder.makeFolder("manifests/\(name)")
                let text = Manifests.ingressClass + services
                try folder.write(
                    text + Manifests.ingress("shop", host: "shop.test", service: service),
                    to: "manifests/\(name)/all.yaml")
            }
            symlink("..one", folder("manifests/..data"))
            symlink("..data/all.yaml", folder("manifests/all.yaml"))
            let gateway = try TestGateway(files: [:], manifests: folder("manifests"))
            gateway.await("old", host: "shop.test")
            symlink("..two", folder("manifests/..next"))
            rename(folder("manifests/..next"), folder("manifests/..data"))
            gateway.await("new", host: "shop.test")
        }

        @Test func `a file that does not parse is named and keeps its last good form, also across a restart`() throws {
            let backend = try ScriptedBackend(named: "shop")
            let files = [
                "shop.yaml": Manifests.ingress("shop", host: "shop.test", service: "shop"),
                "service.yaml": Manifests.service("shop", at: [backend.address]),
            ]
            let gateway = try TestGateway(files: files)
            gateway.await("shop", host: "shop.test")
            try gateway.write("apiVersion: networking.k8s.io/v1\nkind: Ingress\nspec: {rules: [", to: "shop.yaml")
            try gateway.write(
                Manifests.ingress("other", host: "other.test", service: "shop"), to: "other.yaml")
            gateway.await("shop", host: "other.test")
            #expect(try gateway.get("/", host: "shop.test").text == "shop")
            #expect(gateway.program.output.contains("shop.yaml"))
            #expect(try gateway.portico("status").output.contains("shop.yaml"))
            let control = try #require(gateway.controlProcess)
            kill(control, SIGKILL)
            try gateway.awaitNewControl(after: control)
            try gateway.write(Manifests.ingress("other", host: "third.test", service: "shop"), to: "other.yaml")
            gateway.await("shop", host: "third.test")
            #expect(try gateway.get("/", host: "shop.test").text == "shop")
        }

        @Test func `a redirect to https names the port that serves it`() throws {
            let backend = try ScriptedBackend(named: "shop")
            let secure = try FreePort.take()
            let gateway = try TestGateway(
                files: [
                    "shop.yaml": Manifests.ingress(
                        "shop", host: "shop.test", service: "shop",
                        annotations: ["nginx.ingress.kubernetes.io/force-ssl-redirect": "true"])
                        + Manifests.service("shop", at: [backend.address])
                ], arguments: ["--https", "\(secure)"])
            #expect(try gateway.get("/cart", host: "shop.test")["Location"] == "https://shop.test:\(secure.port)/cart")
            let ports = [gateway.http.port, secure.port].flatMap { ["--resolve", "shop.test:\($0):127.0.0.1"] }
            let followed = try RunningProgram.run(
                "/usr/bin/curl", ["-skL"] + ports + ["http://shop.test:\(gateway.http.port)/cart"])
            #expect(followed.output == "shop")
        }

        @Test func `IPv6 listeners serve`() throws {
            let backend = try ScriptedBackend(named: "shop")
            let port = try FreePort.take().port
            let address = ListenAddress(host: "::1", port: port)
            let gateway = try TestGateway(
                files: [
                    "shop.yaml": Manifests.ingress("shop", host: "shop.test", service: "shop")
                        + Manifests.service("shop", at: [backend.address])
                ], arguments: ["--http", "\(address)"])
            #expect(try get("/", host: "shop.test", from: address).text == "shop")
            #expect(try gateway.get("/", host: "shop.test").text == "shop")
        }

        @Test func `metrics, health and the access log tell what was served`() throws {
            let backend = try ScriptedBackend(named: "shop")
            let gateway = try TestGateway(files: [
                "shop.yaml": Manifests.ingress("shop", host: "shop.test", service: "shop")
                    + Manifests.service("shop", at: [backend.address])
            ])
            for _ in 0..<5 { #expect(try gateway.get("/seen", host: "shop.test").status == 200) }
            #expect(try get("/healthz", from: gateway.metrics).status == 200)
            #expect(try get("/readyz", from: gateway.metrics).status == 200)
            try eventually("the requests are counted") {
                try gateway.metric("nginx_ingress_controller_requests", where: "ingress=\"shop\"") == 5
            }
            eventually("the requests are logged") {
                gateway.program.output.split(separator: "\n").count { $0.contains("GET /seen HTTP/1.1") } == 5
            }
        }
    }
}
