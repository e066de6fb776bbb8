import PorticoModel

/// What is replaced in the headers of responses.
struct ReplacementChoices: Hashable, Sendable {
    var cookieDomain: TextReplacement?
    var cookiePath: TextReplacement?
    var redirectFrom = "off"
    var redirectTo = "off"
}

let responseRewritingAnnotations: [AnnotationDefinition] = [
    AnnotationDefinition(
        "proxy-cookie-domain", .string, risk: .medium, default: "off",
        "Replaces the first text by the second in the Domain of the endpoint's cookies."
    ) { value, policy, _ throws(ValueFault) in
        policy.replacements.cookieDomain = try replacement(value, .words)
    },
    AnnotationDefinition(
        "proxy-cookie-path", .string, risk: .medium, default: "off",
        "Replaces the first text by the second at the start of the Path of the endpoint's cookies."
    ) { value, policy, _ throws(ValueFault) in
        policy.replacements.cookiePath = try replacement(value, .urlAndSpace)
    },
    AnnotationDefinition(
        "proxy-redirect-from", .string, risk: .medium, default: "off",
        "What proxy-redirect-to replaces at the start of the endpoint's Location; `~` in front makes it a regular expression."
    ) { value, policy, _ throws(ValueFault) in
        policy.replacements.redirectFrom = try TextSyntax.urlPattern.check(value)
    },
    AnnotationDefinition(
        "proxy-redirect-to", .string, risk: .medium, default: "off", "What takes the place of proxy-redirect-from."
    ) { value, policy, _ throws(ValueFault) in
        policy.replacements.redirectTo = try ValueParser.template(value, syntax: .urlPattern)
    },
]

/// The options of the same names.
let responseRewritingOptions: [GlobalOptionDefinition] = [
    GlobalOptionDefinition(
        "proxy-cookie-domain", .string, default: "off", "The default of the annotation of the same name."
    ) { value, options throws(ValueFault) in
        options.defaults.replacements.cookieDomain = try replacement(value, .words)
    },
    GlobalOptionDefinition(
        "proxy-cookie-path", .string, default: "off", "The default of the annotation of the same name."
    ) { value, options throws(ValueFault) in
        options.defaults.replacements.cookiePath = try replacement(value, .urlAndSpace)
    },
    GlobalOptionDefinition(
        "proxy-redirect-from", .string, default: "off", "The default of the annotation of the same name."
    ) { value, options throws(ValueFault) in
        options.defaults.replacements.redirectFrom = try TextSyntax.urlPattern.check(value)
    },
    GlobalOptionDefinition(
        "proxy-redirect-to", .string, default: "off", "The default of the annotation of the same name."
    ) { value, options throws(ValueFault) in
        options.defaults.replacements.redirectTo = try ValueParser.template(value, syntax: .urlPattern)
    },
]

private func replacement(_ value: String, _ syntax: TextSyntax) throws(ValueFault) -> TextReplacement? {
    let parts = try syntax.check(value).split(separator: " ").map(String.init)
    if parts.isEmpty || parts == ["off"] { return nil }
    guard parts.count == 2 else { throw ValueFault("must be off or two texts with a space between, not '\(value)'") }
    var replacement = TextReplacement()
    (replacement.from, replacement.to) = (parts[0], parts[1])
    return replacement
}

extension IngressPolicy {
    mutating func completeReplacements() {
        var rewriting = ResponseRewriting()
        rewriting.cookieDomains = replacements.cookieDomain.map { [$0] } ?? []
        rewriting.cookiePaths = replacements.cookiePath.map { [$0] } ?? []
        let (from, to) = (replacements.redirectFrom, replacements.redirectTo)
        // `default` would undo what nginx's own address in the Location may have become, which cannot happen here.
        if !["", "off", "default"].contains(from), !["", "off"].contains(to) {
            var location = TextReplacement()
            location.to = to
            (location.from, location.kind) =
                from.hasPrefix("~*")
                ? (String(from.dropFirst(2)), .regexIgnoringCase)
                : from.hasPrefix("~") ? (String(from.dropFirst()), .regex) : (from, .exact)
            rewriting.locations = [location]
        }
        features.responseRewriting = rewriting == ResponseRewriting() ? nil : rewriting
    }
}
