import ClusterState

/// The request of an `admission.k8s.io/v1` AdmissionReview, as far as it matters.
package struct AdmissionReview: Sendable {
    package var uid: String
    package var operation: String
    package var group: String
    package var kind: String
    package var object: ObjectNode?

    /// Why a body is no review; the API server is answered 400 then.
    package struct Malformed: Error, Hashable {
        package var reason: String
    }

    package init(_ body: [UInt8]) throws(Malformed) {
        let root: ObjectNode
        do { root = try JSONReader.read(body) } catch { throw Malformed(reason: "it is not JSON: \(error.reason)") }
        guard root["kind"]?.string == "AdmissionReview" else { throw Malformed(reason: "it is no AdmissionReview") }
        guard root["apiVersion"]?.string == "admission.k8s.io/v1" else {
            throw Malformed(reason: "only admission.k8s.io/v1 is understood")
        }
        guard let request = root["request"], let uid = request["uid"]?.string, !uid.isEmpty else {
            throw Malformed(reason: "it has no request.uid")
        }
        self.uid = uid
        operation = request["operation"]?.string ?? ""
        group = request["kind"]?["group"]?.string ?? ""
        kind = request["kind"]?["kind"]?.string ?? ""
        object = request["object"]
    }

    /// The API server cuts longer ones.
    private static let longestWarning = 256
    private static let mostWarnings = 15

    /// The AdmissionReview that answers this one.
    package func answer(_ verdict: AdmissionVerdict) -> [UInt8] {
        var response: [ObjectNode.Field] = [
            .init(key: "uid", value: ObjectNode(.string(uid))),
            .init(key: "allowed", value: ObjectNode(.bool(verdict.allowed))),
        ]
        if !verdict.allowed {
            let status: [ObjectNode.Field] = [
                .init(key: "code", value: ObjectNode(.number("400"))),
                .init(key: "reason", value: ObjectNode(.string("BadRequest"))),
                .init(key: "message", value: ObjectNode(.string(verdict.message))),
            ]
            response.append(.init(key: "status", value: ObjectNode(.map(status))))
        }
        let warnings = verdict.warnings.prefix(AdmissionReview.mostWarnings).map {
            ObjectNode(.string(AdmissionReview.shortened($0)))
        }
        if !warnings.isEmpty { response.append(.init(key: "warnings", value: ObjectNode(.list(warnings)))) }
        let root: [ObjectNode.Field] = [
            .init(key: "apiVersion", value: ObjectNode(.string("admission.k8s.io/v1"))),
            .init(key: "kind", value: ObjectNode(.string("AdmissionReview"))),
            .init(key: "response", value: ObjectNode(.map(response))),
        ]
        return Array(ObjectNode(.map(root)).json.utf8)
    }

    private static func shortened(_ text: String) -> String {
        guard text.utf8.count > longestWarning else { return text }
        var short = text
        while short.utf8.count > longestWarning - 3 { short.removeLast() }
        return short + "…"
    }
}
