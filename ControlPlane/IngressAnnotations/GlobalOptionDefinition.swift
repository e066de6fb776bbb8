import ClusterState
import PorticoModel

/// One key of the ConfigMap: all that Portico knows about it.
package struct GlobalOptionDefinition: Sendable {
    package var key: String
    package var type: ValueType
    /// As a user would write it.
    package var defaultValue: String
    package var summary: String
    /// Takes the value into the options, or says why it cannot; then they are as before.
    package var apply: @Sendable (_ value: String, _ options: inout GlobalOptions) throws(ValueFault) -> Void

    package init(
        _ key: String, _ type: ValueType, default defaultValue: String, _ summary: String,
        apply: @escaping @Sendable (String, inout GlobalOptions) throws(ValueFault) -> Void
    ) {
        self.key = key
        self.type = type
        self.defaultValue = defaultValue
        self.summary = summary
        self.apply = apply
    }
}

/// The keys of ingress-nginx's ConfigMap.
package enum GlobalOptionRegistry {
    package static let definitions: [String: GlobalOptionDefinition] = Dictionary(
        uniqueKeysWithValues: (downstreamOptions + headerOptions + upstreamOptions + policyOptions + loggingOptions
            + http2Options)
            .map { ($0.key, $0) })

    /// Translates a ConfigMap; nil gives the defaults. A value that cannot be taken leaves the default in force.
    ///
    /// The lines of the diagnostics count from the start of the object's document.
    package static func options(of configMap: ConfigMap?) -> (options: GlobalOptions, diagnostics: [Diagnostic]) {
        var options = GlobalOptions()
        var diagnostics: [Diagnostic] = []
        guard let configMap else { return (options, diagnostics) }
        for entry in configMap.data {
            guard let finding = take(entry, into: &options) else { continue }
            diagnostics.append(
                Diagnostic(
                    severity: .warning,
                    object: ObjectReference(kind: ObjectKind.configMap.rawValue, name: configMap.metadata.name),
                    line: Int(entry.line), field: "data[\(entry.key)]", reason: finding.reason,
                    consequence: finding.consequence))
        }
        // The keys are read in order of name, and this one bears on an earlier one.
        let conditions = options.settings.defaultPolicy.retryConditions
        options.settings.defaultPolicy.retryConditions = options.completed(conditions)
        return (options, diagnostics)
    }

    private static func take(
        _ entry: ConfigMap.Entry, into options: inout GlobalOptions
    ) -> (reason: String, consequence: String)? {
        guard let definition = definitions[entry.key] else {
            let isKnown = uncarriedGlobalOptions.contains(entry.key)
            return (isKnown ? "is not supported yet" : "is no key of ingress-nginx's ConfigMap", "it is ignored")
        }
        do throws(ValueFault) {
            try definition.apply(entry.value, &options)
            return nil
        } catch {
            return (error.reason, error.consequence)
        }
    }
}
