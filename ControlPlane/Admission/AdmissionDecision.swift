import ClusterState
import PorticoModel

/// What the compiler thinks of an Ingress that is not there yet.
package enum IngressOpinion: Hashable, Sendable {
    /// Another controller's.
    case foreign
    /// Ours, with all that is wrong with it.
    case ours([Diagnostic])
    /// The cluster's state is not known yet.
    case notReady(String)
}

/// Runs the compiler on a candidate against the present state, without changing it.
package protocol IngressReviewer: Sendable {
    func review(_ candidate: Ingress) async -> IngressOpinion
}

/// Decides about one review.
package enum AdmissionDecision: Hashable, Sendable {
    case verdict(AdmissionVerdict)
    /// No verdict is possible now: the API server does what the webhook's `failurePolicy` says.
    case unavailable(String)

    package static func decide(
        _ review: AdmissionReview, by reviewer: any IngressReviewer
    ) async -> AdmissionDecision {
        guard review.kind == "Ingress", review.group == "networking.k8s.io",
            review.operation == "CREATE" || review.operation == "UPDATE", let object = review.object
        else { return .verdict(.untouched) }
        switch ObjectDecoder.decode(object) {
        case .object(.ingress(let ingress)): return decide(await reviewer.review(ingress))
        case .invalid(_, let diagnostics):
            // What cannot be decoded may still be another controller's, and that is not ours to refuse.
            switch await reviewer.review(bare(object)) {
            case .ours: return decide(.ours(diagnostics))
            case let opinion: return decide(opinion)
            }
        case .object, .ignored: return .verdict(.untouched)
        }
    }

    private static func decide(_ opinion: IngressOpinion) -> AdmissionDecision {
        switch opinion {
        case .foreign: return .verdict(.untouched)
        case .notReady(let reason): return .unavailable(reason)
        case .ours(let diagnostics):
            let warnings = diagnostics.filter(\.kind.mayResolve).map(text)
            let faults = diagnostics.filter { !$0.kind.mayResolve }.map(text)
            guard !faults.isEmpty else { return .verdict(.allowed(warnings: warnings)) }
            return .verdict(.denied(faults.joined(separator: "; "), warnings: warnings))
        }
    }

    private static func text(_ diagnostic: Diagnostic) -> String {
        diagnostic.field.isEmpty ? diagnostic.reason : "\(diagnostic.field): \(diagnostic.reason)"
    }

    /// An Ingress with nothing but its name and class.
    private static func bare(_ object: ObjectNode) -> Ingress {
        let metadata = object["metadata"]
        let name = ObjectName(
            namespace: metadata?["namespace"]?.string ?? "", name: metadata?["name"]?.string ?? "")
        let key = "kubernetes.io/ingress.class"
        let annotation = metadata?["annotations"]?[key]?.string.map { Annotation(key: key, value: $0) }
        return Ingress(
            metadata: ObjectMetadata(name: name, annotations: annotation.map { [$0] } ?? []),
            className: object["spec"]?["ingressClassName"]?.string)
    }
}
