import ClusterState
import PorticoModel

/// One vendor's annotations and what they mean in Portico's terms.
package struct AnnotationDialect: Sendable {
    package var name: String
    /// Before the slash of every key.
    package var prefix: String
    package var definitions: [String: AnnotationDefinition]
    package var uncarried: [String: UncarriedAnnotation]

    package init(
        name: String, prefix: String, definitions: [AnnotationDefinition], uncarried: [UncarriedAnnotation]
    ) {
        self.name = name
        self.prefix = prefix
        self.definitions = Dictionary(uniqueKeysWithValues: definitions.map { ($0.key, $0) })
        self.uncarried = Dictionary(uniqueKeysWithValues: uncarried.map { ($0.key, $0) })
    }

    /// The dialect of ingress-nginx: the first and, in time, complete one.
    package static func nginx(prefix: String = "nginx.ingress.kubernetes.io") -> AnnotationDialect {
        AnnotationDialect(
            name: "ingress-nginx", prefix: prefix,
            definitions: timeoutAnnotations + requestBodyAnnotations + retryAnnotations + loggingAnnotations
                + upstreamAnnotations + backendProtocolAnnotations,
            uncarried: uncarriedNginxAnnotations)
    }

    /// Translates an Ingress's annotations, starting from what the ConfigMap says.
    ///
    /// A value that cannot be taken leaves the default in force; nothing here can make an Ingress fail. The lines of
    /// the diagnostics count from the start of the object's document.
    package func policy(
        of metadata: ObjectMetadata, kind: ObjectKind = .ingress, options: GlobalOptions
    ) -> (policy: IngressPolicy, diagnostics: [Diagnostic]) {
        var policy = options.defaultPolicy
        var diagnostics: [Diagnostic] = []
        for annotation in metadata.annotations {
            guard let key = ownKey(annotation.key), let finding = take(annotation, key, into: &policy, options) else {
                continue
            }
            diagnostics.append(
                Diagnostic(
                    severity: .warning, kind: finding.kind,
                    object: ObjectReference(kind: kind.rawValue, name: metadata.name),
                    line: Int(annotation.line),
                    field: "metadata.annotations[\(annotation.key)]", reason: finding.reason,
                    consequence: finding.consequence))
        }
        return (policy, diagnostics)
    }

    /// The key without the prefix; nil for what belongs to others.
    private func ownKey(_ key: String) -> String? {
        guard key.hasPrefix(prefix), key.utf8.dropFirst(prefix.utf8.count).first == UInt8(ascii: "/") else {
            return nil
        }
        return String(key.dropFirst(prefix.count + 1))
    }

    private func take(
        _ annotation: Annotation, _ key: String, into policy: inout IngressPolicy, _ options: GlobalOptions
    ) -> (kind: Diagnostic.Kind, reason: String, consequence: String)? {
        guard let definition = definitions[key] else {
            let (reason, consequence) = absence(of: key)
            return (.unsupported, reason, consequence)
        }
        do throws(ValueFault) {
            try definition.apply(annotation.value, &policy, options)
            return nil
        } catch {
            return (.annotation, error.reason, error.consequence)
        }
    }

    private func absence(of key: String) -> (reason: String, consequence: String) {
        guard let known = uncarried[key] else { return ("is no annotation of \(name)", "it is ignored") }
        if known.isSnippet { return ("raw configuration snippets are not supported", "it is ignored") }
        return ("is not supported yet", known.restrictsAccess ? "it does not restrict requests" : "it is ignored")
    }
}
