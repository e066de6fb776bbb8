import ClusterState
import PorticoModel

/// One key of the ConfigMap: all that Portico knows about it.
package struct GlobalOptionDefinition: Sendable {
    package typealias Application =
        @Sendable (_ value: String, _ options: inout GlobalOptions) throws(ValueFault) -> Void

    package var key: String
    package var type: ValueType
    /// As a user would write it.
    package var defaultValue: String
    package var summary: String
    package var support = Support.supported
    /// Takes the value into the options, or says why it cannot; then they are as before.
    package var apply: Application

    package init(
        _ key: String, _ type: ValueType, default defaultValue: String, _ summary: String,
        apply: @escaping Application
    ) {
        self.key = key
        self.type = type
        self.defaultValue = defaultValue
        self.summary = summary
        self.apply = apply
    }

    /// One that is read and changes nothing.
    static func withoutEffect(
        _ key: String, _ type: ValueType, default defaultValue: String, _ reason: String
    ) -> GlobalOptionDefinition {
        var definition = GlobalOptionDefinition(key, type, default: defaultValue, reason) {
            value, _ throws(ValueFault) in
            guard !value.isEmpty else { return }
            switch type {
            case .bool: _ = try ValueParser.bool(value)
            case .number, .seconds: _ = try ValueParser.count(value)
            case .size: _ = try ValueParser.size(value)
            default: break
            }
        }
        definition.support = .noEffect(reason: reason)
        return definition
    }

    /// The same definition, whose value is kept in the settings though nothing acts on it.
    func inert(_ reason: String) -> GlobalOptionDefinition {
        var definition = self
        definition.support = .noEffect(reason: reason)
        return definition
    }

    /// One that is not carried over.
    static func refused(
        _ key: String, _ type: ValueType, _ reason: String, alternative: String
    ) -> GlobalOptionDefinition {
        var definition = GlobalOptionDefinition(key, type, default: "", reason) { value, _ throws(ValueFault) in
            guard !value.isEmpty else { return }
            throw ValueFault("\(reason); \(alternative)", consequence: "it is ignored")
        }
        definition.support = .refused(reason: reason, alternative: alternative)
        return definition
    }
}

/// The keys of ingress-nginx's ConfigMap.
package enum GlobalOptionRegistry {
    package static let definitions: [String: GlobalOptionDefinition] = Dictionary(
        uniqueKeysWithValues: families.joined().map { ($0.key, $0) })

    private static let families: [[GlobalOptionDefinition]] = [
        downstreamOptions, headerOptions, upstreamOptions, policyOptions, loggingOptions, balancingOptions,
        responseBufferOptions, responseRewritingOptions, addressOptions, rateLimitOptions, securityOptions,
        globalAuthenticationOptions, compressionOptions, routeOptions, tracingOptions, snippetOptions, firewallOptions,
        http2Options, streamOptions, tlsOptions, optionsWithoutEffect,
    ]

    /// Translates a ConfigMap; nil gives the defaults. A value that cannot be taken leaves the default in force.
    ///
    /// The lines of the diagnostics count from the start of the object's document.
    /// - Parameter redirectsNamePorts: what holds where `use-port-in-redirects` is not given.
    package static func options(
        of configMap: ConfigMap?, redirectsNamePorts: Bool = false
    ) -> (options: GlobalOptions, diagnostics: [Diagnostic]) {
        var options = GlobalOptions()
        options.defaults.route.namesPortInRedirects = redirectsNamePorts
        guard let configMap else { return (options, []) }
        let findings = take(configMap.data, into: &options)
        return (options, findings.map { $0.finding.diagnostic($0.entry, of: configMap) })
    }

    static func take(
        _ entries: [ConfigMap.Entry], into options: inout GlobalOptions
    ) -> [(entry: ConfigMap.Entry, finding: Finding)] {
        var findings: [(ConfigMap.Entry, Finding)] = []
        for entry in entries {
            if let finding = take(entry, into: &options) { findings.append((entry, finding)) }
        }
        options.complete()
        return findings
    }

    private static func take(_ entry: ConfigMap.Entry, into options: inout GlobalOptions) -> Finding? {
        guard let definition = definitions[entry.key] else {
            let hint = Spelling.suggestion(for: entry.key, among: definitions.keys).map { "; did you mean \($0)?" }
            return Finding(
                kind: .unsupported, reason: "is no key of ingress-nginx's ConfigMap\(hint ?? "")",
                consequence: "it is ignored")
        }
        do throws(ValueFault) {
            try ControlCharacters.check(entry.value, allowsLines: definition.type.maySpanLines)
            try definition.apply(entry.value, &options)
            return nil
        } catch {
            let kind: Diagnostic.Kind = if case .refused = definition.support { .unsupported } else { .annotation }
            return Finding(kind: kind, reason: error.reason, consequence: error.consequence)
        }
    }
}

/// What is wrong with a value.
struct Finding {
    var kind: Diagnostic.Kind
    var reason: String
    var consequence: String
}

extension Finding {
    func diagnostic(_ entry: ConfigMap.Entry, of configMap: ConfigMap) -> Diagnostic {
        Diagnostic(
            severity: .warning, kind: kind,
            object: ObjectReference(kind: ObjectKind.configMap.rawValue, name: configMap.metadata.name),
            line: Int(entry.line), field: "data[\(entry.key)]", reason: reason, consequence: consequence)
    }
}
