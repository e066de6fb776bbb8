import PorticoModel

/// What an administrator lets the authors of Ingresses do.
package struct SecurityOptions: Hashable, Sendable {
    package internal(set) var allowsSnippets = false
    package internal(set) var maximumRisk = AnnotationRisk.high
    package internal(set) var forbiddenWords: [String] = []
    package internal(set) var allowsCrossNamespaceReferences = false
    package internal(set) var checksPathTypes = true
}

let securityOptions: [GlobalOptionDefinition] = [
    GlobalOptionDefinition(
        "allow-snippet-annotations", .bool, default: "false", "Whether snippet annotations are read at all."
    ) { value, options throws(ValueFault) in
        options.security.allowsSnippets = try ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "annotations-risk-level", .choice, default: "High",
        "An Ingress with an annotation of a higher risk is not served: Low, Medium, High or Critical."
    ) { value, options throws(ValueFault) in
        let ranks = Dictionary(uniqueKeysWithValues: AnnotationRisk.allCases.map { ($0.rawValue.lowercased(), $0) })
        options.security.maximumRisk = try ValueParser.choice(value.lowercased(), ranks)
    },
    GlobalOptionDefinition(
        "annotation-value-word-blocklist", .list, default: "",
        "An Ingress with an annotation whose value holds one of these is not served."
    ) { value, options throws(ValueFault) in
        options.security.forbiddenWords = ValueParser.list(value)
    },
    GlobalOptionDefinition(
        "allow-cross-namespace-resources", .bool, default: "false",
        "Whether an Ingress may name a Secret or ConfigMap of another namespace."
    ) { value, options throws(ValueFault) in
        options.security.allowsCrossNamespaceReferences = try ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "strict-validate-path-type", .bool, default: "true",
        "Whether a regular expression under pathType Exact or Prefix gives a warning, and is refused by the webhook."
    ) { value, options throws(ValueFault) in
        options.security.checksPathTypes = try ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "block-cidrs", .addresses, default: "", "Clients in these blocks get 403 whatever they ask for."
    ) { value, options throws(ValueFault) in
        options.settings.blockedAddresses = try ValueParser.addressBlocks(value)
    },
    GlobalOptionDefinition(
        "block-user-agents", .list, default: "",
        "User-Agents that get 403: a text, or `~` or `~*` and a regular expression."
    ) { value, options throws(ValueFault) in
        options.settings.blockedAgents = try textPatterns(value)
    },
    GlobalOptionDefinition(
        "block-referers", .list, default: "", "The same for Referer."
    ) { value, options throws(ValueFault) in
        options.settings.blockedReferers = try textPatterns(value)
    },
]

/// Texts as nginx's `map` writes them.
func textPatterns(_ value: String) throws(ValueFault) -> [TextPattern] {
    var patterns: [TextPattern] = []
    for part in ValueParser.list(value) {
        var pattern = TextPattern()
        (pattern.text, pattern.kind) =
            part.hasPrefix("~*")
            ? (String(part.dropFirst(2)), .regexIgnoringCase)
            : part.hasPrefix("~") ? (String(part.dropFirst()), .regex) : (unquoted(part), .exact)
        if pattern.kind != .exact { try ValueParser.checkPattern(pattern.text) }
        patterns.append(pattern)
    }
    return patterns
}

private func unquoted(_ text: String) -> String {
    guard text.utf8.count >= 2, let first = text.first, first == "\"" || first == "'", text.last == first else {
        return text
    }
    return String(text.dropFirst().dropLast())
}
