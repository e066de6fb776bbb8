import ClusterState
import PorticoModel

/// One vendor's annotations and what they mean in Portico's terms.
package struct AnnotationDialect: Sendable {
    package var name: String
    /// Before the slash of every key.
    package var prefix: String
    package var definitions: [String: AnnotationDefinition]

    package init(name: String, prefix: String, definitions: [AnnotationDefinition]) {
        self.name = name
        self.prefix = prefix
        self.definitions = Dictionary(uniqueKeysWithValues: definitions.map { ($0.key, $0) })
    }

    /// ingress-nginx's own prefix.
    package static let nginxPrefix = "nginx.ingress.kubernetes.io"

    /// The dialect of ingress-nginx.
    package static func nginx(prefix: String = nginxPrefix) -> AnnotationDialect {
        AnnotationDialect(
            name: "ingress-nginx", prefix: prefix, definitions: Array(nginxFamilies.joined()))
    }

    private static let nginxFamilies: [[AnnotationDefinition]] = [
        timeoutAnnotations, requestBodyAnnotations, retryAnnotations, responseBufferAnnotations, loggingAnnotations,
        rewriteAnnotations, redirectAnnotations, responseRewritingAnnotations, headerAnnotations,
        errorPageAnnotations, balancingAnnotations, affinityAnnotations, canaryAnnotations, addressAnnotations,
        passwordAnnotations, externalAuthenticationAnnotations, rateLimitAnnotations, crossOriginAnnotations,
        mirrorAnnotations, snippetAnnotations, firewallAnnotations, backendProtocolAnnotations, tlsAnnotations,
        clientCertificateAnnotations, upstreamTLSAnnotations,
    ]

    /// Translates an Ingress's annotations, starting from what the ConfigMap says.
    ///
    /// A value that cannot be taken leaves the default in force, or withholds the Ingress's routes where it is to protect
    /// them. What the administrator does not let authors write rejects the Ingress. The lines of the diagnostics count
    /// from the start of the object's document.
    package func policy(
        of metadata: ObjectMetadata, kind: ObjectKind = .ingress, options: GlobalOptions
    ) -> (policy: IngressPolicy, diagnostics: [Diagnostic]) {
        var policy = options.defaults
        var log = AnnotationLog(object: ObjectReference(kind: kind.rawValue, name: metadata.name), prefix: prefix)
        for annotation in metadata.annotations {
            guard let key = ownKey(annotation.key) else { continue }
            if let reason = rejection(of: annotation, key, options.security) {
                policy.rejection = policy.rejection ?? reason
                log.note(
                    annotation, Finding(kind: .annotation, reason: reason, consequence: "the Ingress is not served"))
            } else if let finding = take(annotation, key, into: &policy, options) {
                log.note(annotation, finding)
            }
        }
        for fault in policy.complete() {
            let line = metadata.annotation("\(prefix)/\(fault.key)")?.line ?? 0
            log.note(
                Annotation(key: "\(prefix)/\(fault.key)", value: "", line: line),
                Finding(kind: .annotation, reason: fault.reason, consequence: fault.consequence))
        }
        return (policy, log.diagnostics)
    }

    /// The key without the prefix; nil for what belongs to others.
    package func ownKey(_ key: String) -> String? {
        guard key.hasPrefix(prefix), key.utf8.dropFirst(prefix.utf8.count).first == UInt8(ascii: "/") else {
            return nil
        }
        return String(key.dropFirst(prefix.count + 1))
    }

    /// Why the administrator does not want the annotation; ingress-nginx leaves the whole Ingress out then.
    private func rejection(of annotation: Annotation, _ key: String, _ security: SecurityOptions) -> String? {
        if let risk = definitions[key]?.risk, risk > security.maximumRisk {
            return "its risk is \(risk.rawValue), and annotations-risk-level is \(security.maximumRisk.rawValue)"
        }
        guard let word = security.forbiddenWords.first(where: annotation.value.contains) else { return nil }
        return "its value holds '\(word)', which annotation-value-word-blocklist forbids"
    }

    private func take(
        _ annotation: Annotation, _ key: String, into policy: inout IngressPolicy, _ options: GlobalOptions
    ) -> Finding? {
        guard let definition = definitions[key] else { return absence(of: key) }
        // As in ingress-nginx, an empty value is none.
        guard !ValueParser.trim(annotation.value).isEmpty else { return nil }
        if definition.type == .snippet, definition.support == .supported, !options.security.allowsSnippets {
            return Finding(
                kind: .annotation, reason: "snippets are off, as allow-snippet-annotations is not true",
                consequence: "it is ignored")
        }
        do throws(ValueFault) {
            try ControlCharacters.check(annotation.value, allowsLines: definition.type.maySpanLines)
            let value = definition.type == .snippet ? annotation.value : ValueParser.trim(annotation.value)
            try definition.apply(value, &policy, options)
            return nil
        } catch {
            let kind: Diagnostic.Kind = if case .refused = definition.support { .unsupported } else { .annotation }
            guard definition.faults == .withholdsRoutes else {
                return Finding(kind: kind, reason: error.reason, consequence: error.consequence)
            }
            policy.route.isWithheld = true
            return Finding(kind: kind, reason: error.reason, consequence: "requests are answered with 503")
        }
    }

    private func absence(of key: String) -> Finding {
        let hint =
            GlobalOptionRegistry.definitions[key] != nil
            ? "; it is a key of the ConfigMap"
            : Spelling.suggestion(for: key, among: definitions.keys).map { "; did you mean \($0)?" }
        return Finding(
            kind: .unsupported, reason: "is no annotation of \(name)\(hint ?? "")", consequence: "it is ignored")
    }
}

/// The diagnostics of one object's annotations.
private struct AnnotationLog {
    let object: ObjectReference
    let prefix: String
    var diagnostics: [Diagnostic] = []

    mutating func note(_ annotation: Annotation, _ finding: Finding) {
        diagnostics.append(
            Diagnostic(
                severity: .warning, kind: finding.kind, object: object, line: Int(annotation.line),
                field: "metadata.annotations[\(annotation.key)]", reason: finding.reason,
                consequence: finding.consequence))
    }
}
