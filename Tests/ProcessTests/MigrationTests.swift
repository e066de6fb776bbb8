import Foundation
import ProcessSupervision
import TestSupport
import Testing

extension ProcessTests {
    @Suite struct MigrationTests {
        private let folder: TemporaryFolder

        init() throws {
            folder = try TemporaryFolder()
            _ = try folder.makeFolder("good")
            _ = try folder.makeFolder("mixed")
        }

        private struct Report: Decodable {
            struct Entry: Decodable {
                struct Finding: Decodable {
                    let verdict: String
                    let field: String
                }
                let name: String
                let verdict: String
                let supported: [String]
                let findings: [Finding]
            }
            struct Summary: Decodable, Equatable {
                let supported, differs, refused: Int
            }
            let entries: [Entry]
            let unreadable: [String]
            let summary: Summary
        }

        private func check(_ name: String, _ arguments: String...) throws -> (end: ProcessEnd?, output: String) {
            try RunningProgram.run("portico", ["migrate", "check", folder(name)] + arguments)
        }

        private func ingress(_ name: String, _ annotations: [String: String]) -> String {
            var all: [String: String] = [:]
            for (key, value) in annotations { all["nginx.ingress.kubernetes.io/\(key)"] = value }
            return Manifests.ingress(name, host: "\(name).test", service: "shop", annotations: all)
        }

        private func settings(_ data: String) -> String {
            """
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: ingress-nginx-controller, namespace: ingress-nginx}
            data: {\(data)}

            """
        }

        @Test func `a folder that works as it did passes`() throws {
            let all =
                settings(
                    #"allow-snippet-annotations: "true", annotations-risk-level: Critical, use-geoip2: "true""#)
                + ingress("ruled", ["enable-modsecurity": "true", "modsecurity-snippet": "SecRuleEngine On"])
                + ingress("slow", ["proxy-buffering": "on", "proxy-max-temp-file-size": "0"])
                + ingress("typed", ["configuration-snippet": "default_type text/plain; return 200 hello;"])
                + Manifests.service("shop", at: [])
            try folder.write(all, to: "good/all.yaml")
            let (end, output) = try check("good")
            #expect(end == .code(0), "\(output)")
            #expect(output.contains("4 objects: 4 supported, 0 differ, 0 refused"), "\(output)")
        }

        @Test func `a folder with something of everything says it by object`() throws {
            let all =
                settings(
                    #"proxy-body-size: 8m, worker-processes: "4", http-snippet: "x y;", proxy-body-siz: 1m"#)
                + ingress("fine", ["proxy-body-size": "8m", "enable-cors": "true"])
                + ingress("inert", ["enable-rewrite-log": "true"])
                + ingress("refused", ["stream-snippet": "server { listen 1; }", "proxy-buffering": "on"])
                + ingress("misspelt", ["rate-limit": "5", "ssl-protocols": "TLSv1.3"])
                + ingress("wrong", ["auth-type": "magic"])
                + Manifests.service("shop", at: [])
            try folder.write(all, to: "mixed/all.yaml")
            try folder.write("kind: [", to: "mixed/broken.yaml")
            let (end, output) = try check("mixed", "--output", "json")
            #expect(end == .code(1), "\(output)")
            let start = try #require(output.firstIndex(of: "{"))
            let report = try JSONDecoder().decode(Report.self, from: Data(output[start...].utf8))
            var verdicts: [String: String] = [:]
            for entry in report.entries { verdicts[entry.name] = entry.verdict }
            #expect(
                verdicts == [
                    "default/fine": "supported", "default/inert": "differs", "default/refused": "refused",
                    "default/misspelt": "refused", "default/wrong": "refused",
                    "ingress-nginx/ingress-nginx-controller": "refused",
                ])
            #expect(report.summary == .init(supported: 1, differs: 1, refused: 4))
            #expect(report.entries.first { $0.name == "default/refused" }?.supported == ["proxy-buffering"])
            #expect(report.unreadable.contains { $0.contains("broken.yaml") })
            let text = try check("mixed")
            #expect(text.end == .code(1))
            #expect(text.output.contains("did you mean limit-rpm?"), "\(text.output)")
            #expect(text.output.contains("it is a key of the ConfigMap"), "\(text.output)")
            #expect(text.output.contains("6 objects: 1 supported, 1 differ, 4 refused"), "\(text.output)")
        }

        @Test func `a folder that is not there is an error of its own`() throws {
            let (end, _) = try check("none")
            #expect(end == .code(2))
        }
    }
}
