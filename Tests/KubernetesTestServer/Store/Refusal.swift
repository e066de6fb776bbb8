import ClusterState
import KubernetesAPI

/// A Status that goes to the client in place of an object.
package struct Refusal: Error, Sendable {
    package var code: Int
    package var reason: String
    package var message: String
    package var retryAfterSeconds: Int?
    /// The reasons of its causes.
    package var causes: [String] = []

    package init(
        _ code: Int, _ reason: String, _ message: String, retryAfterSeconds: Int? = nil, causes: [String] = []
    ) {
        self.code = code
        self.reason = reason
        self.message = message
        self.retryAfterSeconds = retryAfterSeconds
        self.causes = causes
    }

    package static func throttled(seconds: Int) -> Refusal {
        Refusal(
            429, "TooManyRequests", "too many requests, please try again later", retryAfterSeconds: seconds)
    }

    package static let expired = Refusal(
        410, "Expired", "The resourceVersion for the provided watch is too old: too old resource version")

    static func notFound(_ resource: APIResource, _ name: String) -> Refusal {
        Refusal(404, "NotFound", "\(resource.qualifiedName) \"\(name)\" not found")
    }

    static func conflict(_ resource: APIResource, _ name: String) -> Refusal {
        Refusal(
            409, "Conflict",
            "Operation cannot be fulfilled on \(resource.qualifiedName) \"\(name)\": the object has been modified; "
                + "please apply your changes to the latest version and try again")
    }

    static func invalid(_ kind: String, _ name: String, _ what: String) -> Refusal {
        Refusal(422, "Invalid", "\(kind) \"\(name)\" is invalid: \(what)")
    }

    static func badRequest(_ what: String) -> Refusal { Refusal(400, "BadRequest", what) }

    var node: ObjectNode {
        var node: ObjectNode = [
            "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure", "message": .text(message),
            "reason": .text(reason),
        ]
        var details: ObjectNode = [:]
        if let retryAfterSeconds { details.set("retryAfterSeconds", to: .number(retryAfterSeconds)) }
        if !causes.isEmpty { details.set("causes", to: .items(causes.map { ["reason": .text($0)] })) }
        if details.fields?.isEmpty == false { node.set("details", to: details) }
        node.set("code", to: .number(code))
        return node
    }
}
