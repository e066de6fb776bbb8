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
    case list = "comma-separated list"
}

/// What an annotation concerns: the paths of its Ingress, or the Ingress as a whole.
package enum AnnotationScope: String, Hashable, Sendable {
    case location
    case ingress
}

/// What someone who may write Ingresses gains by the annotation, in ingress-nginx's ranks.
package enum AnnotationRisk: String, Hashable, Sendable {
    case low = "Low"
    case medium = "Medium"
    case high = "High"
    case critical = "Critical"
}

/// One annotation: all that Portico knows about it. Parsing, validation and documentation come from here.
package struct AnnotationDefinition: Sendable {
    /// Without the dialect's prefix.
    package var key: String
    package var type: ValueType
    package var scope: AnnotationScope
    package var risk: AnnotationRisk
    /// As a user would write it. Where a ConfigMap key of the same name exists, that key's value goes before it.
    package var defaultValue: String
    package var summary: String
    /// Takes the value into the policy, or says why it cannot; then the policy is as before.
    package var apply:
        @Sendable (_ value: String, _ policy: inout IngressPolicy, _ options: GlobalOptions)
            throws(ValueFault) -> Void

    package init(
        _ key: String, _ type: ValueType, scope: AnnotationScope = .location, risk: AnnotationRisk = .low,
        default defaultValue: String, _ summary: String,
        apply: @escaping @Sendable (String, inout IngressPolicy, GlobalOptions) throws(ValueFault) -> Void
    ) {
        self.key = key
        self.type = type
        self.scope = scope
        self.risk = risk
        self.defaultValue = defaultValue
        self.summary = summary
        self.apply = apply
    }
}

/// An annotation of the dialect that is known but not carried.
package struct UncarriedAnnotation: Hashable, Sendable {
    package var key: String
    package var scope: AnnotationScope
    package var risk: AnnotationRisk

    package init(_ key: String, _ scope: AnnotationScope, _ risk: AnnotationRisk) {
        self.key = key
        self.scope = scope
        self.risk = risk
    }

    /// Raw nginx configuration has no meaning where there is no nginx.
    package var isSnippet: Bool { key.hasSuffix("-snippet") }

    /// Whoever wrote it counts on requests being refused.
    package var restrictsAccess: Bool {
        key.hasPrefix("auth-") || key.hasPrefix("limit-") || key.hasSuffix("-source-range")
            || key.contains("modsecurity")
            || key == "enable-global-auth" || key == "satisfy" || key == "enable-owasp-core-rules"
    }
}
