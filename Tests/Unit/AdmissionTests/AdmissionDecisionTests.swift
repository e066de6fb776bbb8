import Admission
import ClusterState
import PorticoModel
import Testing

/// Serves the class `nginx`, and finds what it is told to find.
struct ScriptedReviewer: IngressReviewer {
    var diagnostics: [Diagnostic] = []
    var delay: Duration?

    func review(_ candidate: Ingress) async -> IngressOpinion {
        if let delay { try? await Task.sleep(for: delay) }
        return candidate.className == "nginx" ? .ours(diagnostics) : .foreign
    }

    static func finding(_ kind: Diagnostic.Kind, field: String = "spec.rules[0]", _ reason: String) -> Diagnostic {
        Diagnostic(severity: .warning, kind: kind, object: nil, field: field, reason: reason, consequence: "")
    }
}

enum Reviews {
    static func text(
        _ spec: String =
            #"{"ingressClassName":"nginx","defaultBackend":{"service":{"name":"a","port":{"number":80}}}}"#,
        operation: String = "CREATE", kind: String = "Ingress"
    ) -> String {
        """
        {"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"705ab4f5","operation":"\(operation)",
        "kind":{"group":"networking.k8s.io","version":"v1","kind":"\(kind)"},"namespace":"default","name":"shop",
        "object":{"apiVersion":"networking.k8s.io/v1","kind":"\(kind)","metadata":{"name":"shop","namespace":"default"},
        "spec":\(spec)}}}
        """
    }
}

@Suite struct AdmissionDecisionTests {
    private func decide(_ text: String, _ diagnostics: [Diagnostic] = []) async throws -> AdmissionDecision {
        let review = try AdmissionReview(Array(text.utf8))
        return await .decide(review, by: ScriptedReviewer(diagnostics: diagnostics))
    }

    @Test func `an Ingress without faults is allowed`() async throws {
        #expect(try await decide(Reviews.text()) == .verdict(.untouched))
    }

    @Test func `what neither time nor another object can mend is denied with field and fault`() async throws {
        let decision = try await decide(
            Reviews.text(),
            [
                ScriptedReviewer.finding(.annotation, field: "metadata.annotations[x]", "must be a number, not 'a'"),
                ScriptedReviewer.finding(.conflict, "/ of shop.test belongs to Ingress a/b"),
                ScriptedReviewer.finding(.backend, "there is no Service default/a"),
            ])
        #expect(
            decision
                == .verdict(
                    .denied(
                        "metadata.annotations[x]: must be a number, not 'a'; "
                            + "spec.rules[0]: / of shop.test belongs to Ingress a/b",
                        warnings: ["spec.rules[0]: there is no Service default/a"])))
    }

    @Test func `what may come right is a warning`() async throws {
        let decision = try await decide(
            Reviews.text(), [ScriptedReviewer.finding(.unsupported, "is not supported yet")])
        #expect(decision == .verdict(.allowed(warnings: ["spec.rules[0]: is not supported yet"])))
    }

    @Test(arguments: [
        Reviews.text(operation: "DELETE"), Reviews.text(operation: "CONNECT"), Reviews.text(kind: "Service"),
        Reviews.text(#"{"ingressClassName":"other","rules":[{"host":"*bad*"}]}"#),
    ])
    func `other objects, operations and classes are none of our business`(text: String) async throws {
        let fault = ScriptedReviewer.finding(.invalid, "bad")
        #expect(try await decide(text, [fault]) == .verdict(.untouched))
    }

    @Test func `an object of ours that cannot be decoded is denied with its faults`() async throws {
        let decision = try await decide(Reviews.text(#"{"ingressClassName":"nginx","rules":[{"host":"*bad*"}]}"#))
        guard case .verdict(let verdict) = decision else {
            Issue.record("there is no verdict")
            return
        }
        #expect(!verdict.allowed)
        #expect(verdict.message.hasPrefix("spec.rules[0].host: '*bad*'"), "\(verdict.message)")
    }

    @Test(arguments: [
        "", "null", "[]", "{", #"{"kind":"Pod"}"#,
        #"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1"}"#,
        #"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}"#,
        #"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":""}}"#,
        #"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":7}}"#,
    ])
    func `what is no review is malformed`(text: String) {
        #expect(throws: AdmissionReview.Malformed.self) { try AdmissionReview(Array(text.utf8)) }
    }

    @Test func `the answer carries the uid, and long warnings are cut`() throws {
        let review = try AdmissionReview(Array(Reviews.text().utf8))
        let verdict = AdmissionVerdict.denied("bad \"thing\"", warnings: [String(repeating: "é", count: 400)])
        let answer = try JSONReader.read(review.answer(verdict))
        #expect(answer["response"]?["uid"]?.string == "705ab4f5")
        #expect(answer["response"]?["allowed"]?.content == .bool(false))
        #expect(answer["response"]?["status"]?["message"]?.string == "bad \"thing\"")
        let warning = try #require(answer["response"]?["warnings"]?.list?.first?.string)
        #expect(warning.utf8.count <= 256)
    }

    @Test func `a review that takes too long is no verdict`() async throws {
        let handler = WebhookHandler(
            reviewer: ScriptedReviewer(delay: .seconds(60)), timeout: .milliseconds(10))
        let answer = await handler.answer(
            WebhookRequest(
                method: "POST", path: "/", isJSON: true, keepsAlive: true, body: Array(Reviews.text().utf8)))
        #expect(answer.status == 503)
    }
}
