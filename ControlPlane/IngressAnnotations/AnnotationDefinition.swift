/// The type of an annotation's value, for the reference page.
package enum ValueType: String, Hashable, Sendable {
    case bool = "\"true\" or \"false\""
    case onOff = "\"on\" or \"off\""
    case number
    case seconds = "number of seconds"
    case size = "size"
    case time = "time"
    case conditions = "list of conditions"
    case string
    case choice = "one of a few words"
    case list = "comma-separated list"
    case addresses = "list of CIDR blocks"
    case statuses = "list of status codes"
    case path = "path"
    case url = "URL"
    case template = "text with variables"
    case objectName = "name of an object"
    case snippet = "nginx directives"
}

/// What an annotation concerns: the paths of its Ingress, or the Ingress as a whole.
package enum AnnotationScope: String, Hashable, Sendable {
    case location
    case ingress
}

/// What someone who may write Ingresses gains by the annotation, in ingress-nginx's ranks.
package enum AnnotationRisk: String, Hashable, Comparable, Sendable, CaseIterable {
    case low = "Low"
    case medium = "Medium"
    case high = "High"
    case critical = "Critical"

    package static func < (left: AnnotationRisk, right: AnnotationRisk) -> Bool {
        (allCases.firstIndex(of: left) ?? 0) < (allCases.firstIndex(of: right) ?? 0)
    }
}

/// What becomes of an annotation or ConfigMap key.
package enum Support: Hashable, Sendable {
    case supported
    /// It is read and changes nothing, because what it tunes does not exist here.
    case noEffect(reason: String)
    /// It is not carried over, and gives a warning.
    case refused(reason: String, alternative: String)

    package var word: String {
        switch self {
        case .supported: "supported"
        case .noEffect: "no effect"
        case .refused: "refused"
        }
    }
}

/// What happens where an annotation's value cannot be taken.
package enum FaultConsequence: Hashable, Sendable {
    case keepsDefault
    /// The Ingress's routes answer 503: whoever wrote it counts on requests being refused.
    case withholdsRoutes
}

/// One annotation: all that Portico knows about it. Parsing, validation and documentation come from here.
package struct AnnotationDefinition: Sendable {
    package typealias Application =
        @Sendable (_ value: String, _ policy: inout IngressPolicy, _ options: GlobalOptions)
        throws(ValueFault) -> Void

    /// Without the dialect's prefix.
    package var key: String
    package var type: ValueType
    package var scope: AnnotationScope
    package var risk: AnnotationRisk
    /// As a user would write it. Where a ConfigMap key of the same name exists, that key's value goes before it.
    package var defaultValue: String
    package var summary: String
    package var support = Support.supported
    package var faults: FaultConsequence
    /// Takes the value into the policy, or says why it cannot; then the policy is as before.
    package var apply: Application

    package init(
        _ key: String, _ type: ValueType, scope: AnnotationScope = .location, risk: AnnotationRisk = .low,
        default defaultValue: String, _ summary: String, faults: FaultConsequence = .keepsDefault,
        apply: @escaping Application
    ) {
        self.key = key
        self.type = type
        self.scope = scope
        self.risk = risk
        self.defaultValue = defaultValue
        self.summary = summary
        self.faults = faults
        self.apply = apply
    }

    /// One that is read and changes nothing; its value is still looked at.
    static func withoutEffect(
        _ key: String, _ type: ValueType, scope: AnnotationScope = .location, risk: AnnotationRisk = .low,
        default defaultValue: String, _ reason: String,
        check: @escaping @Sendable (String) throws(ValueFault) -> Void
    ) -> AnnotationDefinition {
        var definition = AnnotationDefinition(
            key, type, scope: scope, risk: risk, default: defaultValue, reason
        ) { value, _, _ throws(ValueFault) in try check(value) }
        definition.support = .noEffect(reason: reason)
        return definition
    }

    /// The same definition, whose value is kept in the policy though nothing acts on it.
    func inert(_ reason: String) -> AnnotationDefinition {
        var definition = self
        definition.support = .noEffect(reason: reason)
        return definition
    }

    /// One that is not carried over.
    static func refused(
        _ key: String, _ type: ValueType, scope: AnnotationScope, risk: AnnotationRisk, _ reason: String,
        alternative: String
    ) -> AnnotationDefinition {
        var definition = AnnotationDefinition(
            key, type, scope: scope, risk: risk, default: "", reason
        ) { _, _, _ throws(ValueFault) in
            throw ValueFault("\(reason); \(alternative)", consequence: "it is ignored")
        }
        definition.support = .refused(reason: reason, alternative: alternative)
        return definition
    }
}
