/// The reference pages, written from the tables that also parse and validate.
package enum SettingsReference {
    /// `docs/reference/annotations.md`.
    package static func annotations(of dialect: AnnotationDialect) -> String {
        var lines = [
            "# Annotations", "",
            "Written by `make golden` from the tables in `ControlPlane/IngressAnnotations`.", "",
            "All keys carry the prefix `\(dialect.prefix)/`. A value that cannot be taken leaves the default in",
            "force and gives a warning. Where the ConfigMap has a key of the same name, its value is the default.", "",
            "| annotation | value | default | scope | risk | what it does |", "|---|---|---|---|---|---|",
        ]
        lines += dialect.definitions.values.sorted { $0.key < $1.key }.map { annotation in
            "| \(annotation.key) | \(annotation.type.rawValue) | `\(annotation.defaultValue)` | "
                + "\(annotation.scope.rawValue) | \(annotation.risk.rawValue) | \(annotation.summary) |"
        }
        lines += [
            "", "## Not supported yet", "",
            "Each of these gives a warning and changes nothing. Snippets of raw nginx configuration will not be",
            "supported.",
            "", "| annotation | scope | risk |", "|---|---|---|",
        ]
        lines += dialect.uncarried.values.sorted { $0.key < $1.key }.map {
            "| \($0.key) | \($0.scope.rawValue) | \($0.risk.rawValue) |"
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
            "| key | value | default | what it does |", "|---|---|---|---|",
        ]
        lines += GlobalOptionRegistry.definitions.values.sorted { $0.key < $1.key }.map { option in
            let value = option.defaultValue.isEmpty ? "" : "`\(option.defaultValue)`"
            return "| \(option.key) | \(option.type.rawValue) | \(value) | \(option.summary) |"
        }
        lines += [
            "", "## Not supported yet", "", "Each of these gives a warning and changes nothing.", "",
        ]
        lines += uncarriedGlobalOptions.sorted().map { "- \($0)" }
        return lines.joined(separator: "\n") + "\n"
    }
}
