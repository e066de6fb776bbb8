import EventLoop
import Glibc
import PorticoModel
import Testing

@testable import ProxyCore

/// A policy with features.
private func policy(_ change: (inout RouteFeatures) -> Void) -> RoutePolicy {
    var policy = RoutePolicy()
    var features = RouteFeatures()
    change(&features)
    policy.features = features
    return policy
}

private func answer(_ worker: TestWorker, _ target: String = "/") throws -> TestMessage {
    let client = try worker.client()
    client.send("GET \(target) HTTP/1.1\r\nHost: shop.example\r\n\r\n")
    return client.readMessage()
}

/// The rewriting phase comes before those that limit and protect, as with nginx.
@Suite struct PhaseOrderTests {
    private func guarded(_ change: (inout RouteFeatures) -> Void) -> RoutePolicy {
        policy { features in
            var rule = AddressRule()
            rule.block = "0.0.0.0/0"
            rule.allows = false
            features.access = AccessPolicy()
            features.access?.addressRules = [rule]
            features.limits = RateLimits()
            features.limits?.requestsPerMinute = 1
            change(&features)
        }
    }

    @Test func `a redirect asks nobody, and goes before the one to TLS`() throws {
        var redirecting = guarded {
            $0.redirect = RedirectPolicy()
            $0.redirect?.status = 301
            $0.redirect?.location = "https://www.example.com"
        }
        redirecting.tlsRedirect = .always
        let worker = try TestWorker(policy: redirecting)
        for _ in 0..<20 {
            let response = try answer(worker)
            #expect(response.status == 301 && response.field("Location") == "https://www.example.com")
        }
    }

    @Test func `what a snippet returns asks nobody, and everything else does`() throws {
        let returning = guarded {
            var program = SnippetProgram()
            var condition = SnippetCondition()
            (condition.left, condition.comparison, condition.right) = ("$uri", .equal, "/health")
            program.conditions = [condition]
            var answer = SnippetOperation()
            (answer.kind, answer.guard, answer.index, answer.text) = (.answer, 1, 200, "fine")
            program.operations = [SnippetOperation(), answer]
            $0.snippet = program
        }
        let worker = try TestWorker(policy: returning)
        #expect(try answer(worker, "/health").body == "fine")
        #expect(try answer(worker, "/page").status == 403)
    }

    @Test(arguments: [
        ("/health", "", "application/json"), ("/health", "text/csv", "text/csv"),
        ("/health.TXT", "text/csv", "text/plain"),
        ("/a.b/health", "", "application/json"), ("/health.unknown", "", "application/json"),
    ])
    func `a text has the type of the path's ending, of its snippet or of the ConfigMap`(
        target: String, own: String, type: String
    ) throws {
        let returning = policy {
            var answer = SnippetOperation()
            (answer.kind, answer.index, answer.text) = (.answer, 200, "fine")
            $0.snippet = SnippetProgram()
            $0.snippet?.operations = [answer]
            $0.snippet?.mediaType = own
        }
        let worker = try TestWorker(policy: returning) { $0.mediaType = "application/json" }
        #expect(try answer(worker, target).field("Content-Type") == type)
    }

    @Test func `a route whose protection could not be read redirects nobody`() throws {
        var withheld = guarded {
            $0.redirect = RedirectPolicy()
            $0.redirect?.location = "https://www.example.com"
        }
        withheld.isWithheld = true
        #expect(try answer(try TestWorker(policy: withheld)).status == 503)
    }
}
