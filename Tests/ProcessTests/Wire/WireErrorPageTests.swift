import Foundation
import TestSupport
import Testing

extension ProcessTests.WireTests {
    /// `wire-errors.yaml`.
    @Suite struct ErrorPageTests {
        /// Whose page, for which status, with which status of its own.
        private struct Case {
            var host: String
            var asked: Int
            var page: String
            var status: Int
        }

        @Test func `errors are put into words by the service that is meant to`() throws {
            func pages(_ name: String) throws -> ScriptedBackend {
                try ScriptedBackend { request, _ in
                    let text = "\(name) " + (request["X-Code"] ?? "none")
                    return ScriptedBackend.response("\(request["X-Code"] ?? "404") Page", body: text)
                }
            }
            let (own, standard) = (try pages("own"), try pages("standard"))
            let wire = try WireGateway("wire-errors", try ScriptedBackend(echoing: "echo"), own, standard)
            for item in [
                Case(host: "own", asked: 404, page: "own 404", status: 404),
                Case(host: "own", asked: 500, page: "own 500", status: 500),
                Case(host: "own", asked: 418, page: "echo", status: 418),
                Case(host: "shared", asked: 404, page: "standard 404", status: 404),
                Case(host: "plain", asked: 418, page: "standard 418", status: 418),
                Case(host: "plain", asked: 404, page: "echo", status: 404),
                Case(host: "passing", asked: 404, page: "echo", status: 404),
                Case(host: "fallback", asked: 200, page: "own 503", status: 503),
                Case(host: "missing", asked: 200, page: "own 503", status: 503),
                Case(host: "refusing", asked: 200, page: "own 403", status: 403),
                Case(host: "nobody", asked: 200, page: "standard none", status: 404),
            ] {
                let answer = try wire.ask(item.host, "/lost?x=1", ["X-Status: \(item.asked)"])
                #expect(answer.echoName == item.page && answer.status == item.status, "\(item): \(answer.text)")
            }
            #expect(try wire.status("bare") == 503)
            try checkQuestion(wire, own)
        }

        private func checkQuestion(_ wire: WireGateway, _ service: ScriptedBackend) throws {
            _ = try wire.ask("own", "/lost?x=1", ["X-Status: 404", "Accept: application/json", "X-Request-ID: abc"])
            let question = try #require(service.received.last)
            let expected = [
                "X-Code": "404", "X-Format": "application/json", "X-Original-URI": "/lost?x=1", "X-Namespace": "wire",
                "X-Ingress-Name": "own", "X-Service-Name": "echo", "X-Service-Port": "80", "X-Request-ID": "abc",
                "Host": "own.test",
            ]
            for (name, value) in expected { #expect(question[name] == value, "\(name)") }
            #expect(question.startLine == "GET / HTTP/1.1")
            _ = try wire.ask("missing", "/alma/armud")
            #expect(service.received.last?["X-Service-Name"] == "nowhere")
            #expect(service.received.last?["X-Original-URI"] == "/alma/armud")
        }
    }
}
