/// The reference pages, written from the tables that also parse and validate.
package enum SettingsReference {
    /// `docs/reference/annotations.md`.
    package static func annotations(of dialect: AnnotationDialect) -> String {
        var lines = [
            "# Annotations", "",
            "Written by `make golden` from the tables in `ControlPlane/IngressAnnotations`.", "",
            "All keys carry the prefix `\(dialect.prefix)/`. A value that cannot be taken gives a warning, and the",
            "default stays in force; where the last column says *withholds*, the Ingress's paths answer 503 instead, because",
            "the annotation is there to protect them. Where the ConfigMap has a key of the same name, its value is the",
            "default. An Ingress with an annotation whose risk is above `annotations-risk-level` is not served.", "",
            "## Supported", "",
            "| annotation | value | default | scope | risk | what it does | a bad value |",
            "|---|---|---|---|---|---|---|",
        ]
        let all = dialect.definitions.values.sorted { $0.key < $1.key }
        lines += all.filter { $0.support == .supported }.map { annotation in
            "| \(annotation.key) | \(annotation.type.rawValue) | \(code(annotation.defaultValue)) | "
                + "\(annotation.scope.rawValue) | \(annotation.risk.rawValue) | \(cell(annotation.summary)) | "
                + "\(annotation.faults == .withholdsRoutes ? "withholds" : "") |"
        }
        lines += ["", "## Accepted, no effect here", "", "| annotation | why |", "|---|---|"]
        lines += all.compactMap { annotation in
            guard case .noEffect(let reason) = annotation.support else { return nil }
            return "| \(annotation.key) | \(cell(reason)) |"
        }
        lines += ["", "## Refused", "", "| annotation | why | instead |", "|---|---|---|"]
        lines += all.compactMap { annotation in
            guard case .refused(let reason, let alternative) = annotation.support else { return nil }
            return "| \(annotation.key) | \(cell(reason)) | \(cell(alternative)) |"
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// `docs/reference/configmap.md`.
    package static func configMap() -> String {
        var lines = [
            "# ConfigMap keys", "",
            "Written by `make golden` from the tables in `ControlPlane/IngressAnnotations`.", "",
            "The ConfigMap is the one that `--configmap NAMESPACE/NAME` names. A value that cannot be taken leaves the",
            "default in force and gives a warning.", "",
            "## Supported", "",
            "| key | value | default | what it does |", "|---|---|---|---|",
        ]
        let all = GlobalOptionRegistry.definitions.values.sorted { $0.key < $1.key }
        lines += all.filter { $0.support == .supported }.map { option in
            "| \(option.key) | \(option.type.rawValue) | \(code(option.defaultValue)) | \(cell(option.summary)) |"
        }
        lines += ["", "## Accepted, no effect here", "", "| key | why |", "|---|---|"]
        lines += all.compactMap { option in
            guard case .noEffect(let reason) = option.support else { return nil }
            return "| \(option.key) | \(cell(reason)) |"
        }
        lines += ["", "## Refused", "", "| key | why | instead |", "|---|---|---|"]
        lines += all.compactMap { option in
            guard case .refused(let reason, let alternative) = option.support else { return nil }
            return "| \(option.key) | \(cell(reason)) | \(cell(alternative)) |"
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func code(_ text: String) -> String { text.isEmpty ? "" : "`\(cell(text))`" }

    /// A bar would end the table's cell.
    private static func cell(_ text: String) -> String {
        text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
    }
}
