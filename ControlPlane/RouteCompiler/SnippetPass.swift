import ClusterState
import IngressAnnotations
import PorticoModel
import SnippetParser

/// Snippets of the ConfigMap, translated once.
struct GlobalSnippets: Hashable, Sendable {
    var server = SnippetTranslation()
    var location = SnippetTranslation()
    var authentication = SnippetTranslation()

    init() {}

    init(_ options: GlobalOptions) {
        server = .of(options.snippets.server, context: .server)
        location = .of(options.snippets.location, context: .location, variables: server.program.variables)
        authentication = .of(options.globalAuthentication.snippet, context: .authentication)
    }

    /// What is wrong with them, by key.
    func diagnostics(of configMap: ObjectName) -> [Diagnostic] {
        let all = [("server-snippet", server), ("location-snippet", location), ("global-auth-snippet", authentication)]
        return all.flatMap { key, translation in
            translation.findings.map { finding in
                Diagnostic(
                    severity: .warning, kind: .annotation,
                    object: ObjectReference(kind: ObjectKind.configMap.rawValue, name: configMap), line: 0,
                    field: "data[\(key)]", reason: "line \(finding.line): \(finding.reason)",
                    consequence: finding.consequence)
            }
        }
    }
}

extension SnippetFinding {
    var consequence: String { restricts ? "requests are answered with 503" : "it is left out" }
}

/// Puts what snippets mean into policies.
struct SnippetPass {
    let global: GlobalSnippets

    /// The location's own snippets.
    /// - Returns: the locations within them.
    func resolve(_ work: inout PolicyWork) -> [SnippetLocation] {
        let texts = work.policy.snippets
        let names = global.server.program.variables + global.location.program.variables
        let server = SnippetTranslation.of(texts.server, context: .server)
        let own = SnippetTranslation.of(
            texts.location, context: .location, variables: names + server.program.variables)
        report(own, "configuration-snippet", &work)
        work.policy.route.take(global.location)
        work.policy.route.take(own)
        return global.location.locations + own.locations
    }

    /// What holds for the Ingress's hosts as a whole, with what is wrong in it.
    func server(_ work: inout PolicyWork) -> SnippetTranslation {
        let own = SnippetTranslation.of(
            work.policy.snippets.server, context: .server, variables: global.server.program.variables)
        report(own, "server-snippet", &work)
        var result = global.server
        result.program.append(own.program)
        result.addressRules += own.addressRules
        result.locations += own.locations
        result.findings += own.findings
        return result
    }

    func authentication(_ work: inout PolicyWork, isGlobal: Bool) -> SnippetProgram? {
        var translation = global.authentication
        if !isGlobal {
            translation = .of(work.policy.snippets.authentication, context: .authentication)
            report(translation, "auth-snippet", &work)
        }
        if translation.isWithholding { work.policy.route.isWithheld = true }
        return translation.program == SnippetProgram() ? nil : translation.program
    }

    private func report(_ translation: SnippetTranslation, _ key: String, _ work: inout PolicyWork) {
        for finding in translation.findings {
            work.warn(.annotation, key, "line \(finding.line): \(finding.reason)", finding.consequence)
        }
    }
}

extension RoutePolicy {
    /// Adds what a snippet of the location says.
    mutating func take(_ translation: SnippetTranslation) {
        for setting in translation.settings { setting.apply(to: &self) }
        add(translation.program, before: false)
        addRules(translation.addressRules, translation.methodLimits)
        if translation.isWithholding { isWithheld = true }
    }

    /// Adds what a snippet of the host says: its operations come first, and its address rules hold where the location has
    /// none of its own.
    mutating func take(server translation: SnippetTranslation) {
        add(translation.program, before: true)
        if features.access?.addressRules.isEmpty ?? true { addRules(translation.addressRules, []) }
        if translation.isWithholding { isWithheld = true }
    }

    /// The policy of a location within this one: operations and rewriting do not reach it, what protects does.
    func nested(_ translation: SnippetTranslation) -> RoutePolicy {
        var policy = self
        let mediaType = features.snippet?.mediaType ?? ""
        (policy.features.rewrite, policy.features.redirect, policy.features.snippet) = (nil, nil, nil)
        if !translation.addressRules.isEmpty { policy.features.access?.addressRules = [] }
        policy.take(translation)
        if policy.features.snippet?.mediaType.isEmpty == true { policy.features.snippet?.mediaType = mediaType }
        return policy
    }

    private mutating func add(_ program: SnippetProgram, before: Bool) {
        guard program != SnippetProgram() else { return }
        var result = before ? program : features.snippet ?? SnippetProgram()
        if before { result.hostOperations = UInt32(program.operations.count) }
        result.append(before ? features.snippet ?? SnippetProgram() : program)
        features.snippet = result
    }

    private mutating func addRules(_ rules: [AddressRule], _ limits: [MethodLimit]) {
        guard !rules.isEmpty || !limits.isEmpty else { return }
        features.protect {
            $0.addressRules += rules
            $0.methodLimits += limits
        }
    }
}
