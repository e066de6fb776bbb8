import Patterns
import PorticoModel

/// Why a directive has no place in the policies.
struct DirectiveFault: Error {
    var reason: String
    var restricts = false

    init(_ reason: String, restricts: Bool = false) {
        self.reason = reason
        self.restricts = restricts
    }
}

/// Turns directives into policies, one after the other.
struct SnippetTranslator {
    let context: SnippetContext
    private(set) var result = SnippetTranslation()
    /// One-based index of the condition around the directives; 0 for none.
    private var `guard`: UInt32 = 0
    private let foreignVariables: Set<String>

    init(context: SnippetContext, variables: [String]) {
        self.context = context
        foreignVariables = Set(variables)
    }

    private var knownVariables: Set<String> { foreignVariables.union(result.program.variables) }

    /// Names exist from the start, as in nginx; then the directives count in order.
    mutating func declare(_ directives: [Directive]) {
        for name in SnippetTranslator.variables(of: directives) where !result.program.variables.contains(name) {
            result.program.variables.append(name)
        }
        for directive in directives { take(directive) }
    }

    /// The names that `set` gives values to.
    static func variables(of directives: [Directive]) -> [String] {
        directives.flatMap { directive -> [String] in
            let inner = variables(of: directive.block ?? [])
            guard directive.name == "set", let name = directive.arguments.first, name.hasPrefix("$") else {
                return inner
            }
            return [String(name.dropFirst())] + inner
        }
    }

    private mutating func take(_ directive: Directive) {
        do throws(DirectiveFault) {
            try translate(directive)
        } catch {
            result.findings.append(
                SnippetFinding(
                    line: directive.line, reason: "\(directive.name): \(error.reason)", restricts: error.restricts))
        }
    }

    private mutating func translate(_ directive: Directive) throws(DirectiveFault) {
        let arguments = directive.arguments
        switch directive.name {
        case "if": try condition(directive)
        case "set": try set(arguments)
        case "return": try answer(arguments)
        case "rewrite": try rewrite(arguments)
        case "break": operation(.stop)
        case "location": try location(directive)
        case "limit_except": try limitExcept(directive)
        case "allow", "deny":
            try outsideCondition(restricts: true)
            result.addressRules += try HeaderDirectives.addressRules(directive.name == "allow", arguments)
        default: try translateValue(directive)
        }
    }

    private mutating func translateValue(_ directive: Directive) throws(DirectiveFault) {
        let (names, arguments) = (knownVariables, directive.arguments)
        if let change = try HeaderDirectives.change(directive, variables: names) {
            if change.isProxyHeader { try outsideCondition(restricts: false) }
            let headers = change.headers.map { header in
                var header = header
                header.guard = self.guard
                return header
            }
            if change.isRequest { result.program.requestHeaders += headers }
            if !change.isRequest { result.program.responseHeaders += headers }
        } else if directive.name.hasPrefix("proxy_cache") || directive.name == "proxy_no_cache" {
            var cache = result.program.cache ?? CacheDirectives()
            cache.names.append(directive.name)
            cache.values.append(arguments.joined(separator: " "))
            result.program.cache = cache
        } else if directive.name == "default_type" {
            try outsideCondition(restricts: false)
            guard arguments.count == 1, MediaTypeName.isValid(arguments[0]) else {
                throw DirectiveFault("must be a media type, as text/plain")
            }
            result.program.mediaType = arguments[0]
        } else if let setting = try SettingDirectives.setting(directive) {
            try outsideCondition(restricts: false)
            if let setting = setting.value { result.settings.append(setting) }
        } else {
            throw ForeignDirectives.fault(of: directive.name)
        }
    }

    private func outsideCondition(restricts: Bool) throws(DirectiveFault) {
        guard self.guard == 0 else {
            throw DirectiveFault("nginx does not take it within \"if\"", restricts: restricts)
        }
    }

    // MARK: The rewrite phase

    private mutating func operation(
        _ kind: SnippetOperationKind, index: UInt32 = 0, text: String = "", pattern: String = "",
        flag: RewriteFlag = .continued
    ) {
        var operation = SnippetOperation()
        (operation.kind, operation.guard, operation.index) = (kind, self.guard, index)
        (operation.text, operation.pattern, operation.flag) = (text, pattern, flag)
        result.program.operations.append(operation)
    }

    private mutating func condition(_ directive: Directive) throws(DirectiveFault) {
        let restricts = SnippetTranslator.mayRefuse(directive.block ?? [])
        guard self.guard == 0 else { throw DirectiveFault("conditions cannot be nested", restricts: restricts) }
        guard let block = directive.block else { throw DirectiveFault("has no block", restricts: true) }
        let condition = try ConditionReader.read(directive.arguments, variables: knownVariables, restricts: restricts)
        result.program.conditions.append(condition)
        let index = UInt32(result.program.conditions.count)
        operation(.test, index: index - 1)
        self.guard = index
        for inner in block { take(inner) }
        self.guard = 0
    }

    /// Whether leaving a block out might let requests pass.
    private static func mayRefuse(_ block: [Directive]) -> Bool {
        block.contains { ["return", "deny", "rewrite", "set", "break"].contains($0.name) }
    }

    private mutating func set(_ arguments: [String]) throws(DirectiveFault) {
        guard arguments.count == 2, arguments[0].hasPrefix("$"),
            let slot = result.program.variables.firstIndex(of: String(arguments[0].dropFirst()))
        else { throw DirectiveFault("must be a variable and a value") }
        operation(.set, index: UInt32(slot), text: try ConditionReader.template(arguments[1], knownVariables))
    }

    private mutating func answer(_ arguments: [String]) throws(DirectiveFault) {
        guard let first = arguments.first, arguments.count <= 2 else {
            throw DirectiveFault("must be a status and a text or URL", restricts: true)
        }
        guard let status = UInt32(first) else {
            guard first.hasPrefix("http://") || first.hasPrefix("https://") || first.hasPrefix("$scheme") else {
                throw DirectiveFault("must be a status or a URL", restricts: true)
            }
            return operation(.answer, index: 302, text: try ConditionReader.template(first, knownVariables))
        }
        if status == 444 { return operation(.drop) }
        guard (200...599).contains(status) else {
            throw DirectiveFault("must be a status of 200 to 599", restricts: true)
        }
        let text = arguments.count == 2 ? try ConditionReader.template(arguments[1], knownVariables) : ""
        operation(.answer, index: status, text: text)
    }

    private mutating func rewrite(_ arguments: [String]) throws(DirectiveFault) {
        let flags: [String: RewriteFlag] = [
            "last": .rerouted, "break": .stop, "redirect": .redirect, "permanent": .permanent,
        ]
        let flag = arguments.count == 3 ? flags[arguments[2]] : .continued
        guard (2...3).contains(arguments.count), let flag else {
            throw DirectiveFault("must be a regular expression, a text and at most last, break, redirect or permanent")
        }
        try ConditionReader.checkPattern(arguments[0], restricts: false)
        operation(
            .rewrite, text: try ConditionReader.template(arguments[1], knownVariables), pattern: arguments[0],
            flag: flag)
    }

    // MARK: Blocks

    private mutating func location(_ directive: Directive) throws(DirectiveFault) {
        guard self.guard == 0, context != .authentication, let block = directive.block else {
            throw DirectiveFault("has no place here", restricts: true)
        }
        let (match, path) = try SnippetTranslator.path(of: directive.arguments)
        var inner = SnippetTranslator(context: .location, variables: Array(knownVariables))
        inner.declare(block)
        result.findings += inner.result.findings
        inner.result.findings = inner.result.findings.filter(\.restricts)
        result.locations.append(
            SnippetLocation(match: match, path: path, translation: inner.result, line: directive.line))
    }

    private static func path(of arguments: [String]) throws(DirectiveFault) -> (PathMatch, String) {
        let fault = DirectiveFault("must be a path, with one of =, ^~, ~ and ~* before it", restricts: true)
        let match: PathMatch
        switch arguments.count {
        case 1: match = .stringPrefix
        case 2:
            switch arguments[0] {
            case "=": match = .exact
            case "^~": match = .firmPrefix
            case "~": match = .caseSensitiveRegex
            case "~*": match = .regex
            default: throw fault
            }
        default: throw fault
        }
        let path = arguments[arguments.count - 1]
        guard match.isRegex else {
            guard path.hasPrefix("/") else { throw fault }
            return (match, path)
        }
        try ConditionReader.checkPattern(path, restricts: true)
        // Routes are anchored at the start; nginx searches.
        return (match, path.hasPrefix("^") ? String(path.dropFirst()) : "(?s:.*?)(?:\(path))")
    }

    private mutating func limitExcept(_ directive: Directive) throws(DirectiveFault) {
        guard self.guard == 0, let block = directive.block, !directive.arguments.isEmpty else {
            throw DirectiveFault("must be methods and a block", restricts: true)
        }
        var limit = MethodLimit()
        limit.methods = directive.arguments.map { $0.uppercased() }
        for inner in block {
            guard inner.name == "allow" || inner.name == "deny" else {
                throw DirectiveFault("\(inner.name) has no place within", restricts: true)
            }
            limit.rules += try HeaderDirectives.addressRules(inner.name == "allow", inner.arguments)
        }
        result.methodLimits.append(limit)
    }
}
