/// What an existing cluster's or folder's Ingresses and ConfigMap will mean here.
package struct MigrationReport: Hashable, Sendable, Codable {
    /// From harmless to grave.
    package enum Verdict: String, Hashable, Comparable, Sendable, Codable, CaseIterable {
        /// All of it works as it did.
        case supported
        /// Something means less or something else here.
        case differs
        /// Something is not carried over, or the object is not served.
        case refused

        private var rank: Int { Verdict.allCases.firstIndex(of: self) ?? 0 }

        package static func < (left: Verdict, right: Verdict) -> Bool { left.rank < right.rank }
    }

    package struct Finding: Hashable, Sendable, Codable {
        package var verdict: Verdict
        package var field: String
        package var reason: String
        package var consequence: String
    }

    package struct Entry: Hashable, Sendable, Codable {
        package var kind: String
        package var name: String
        package var verdict: Verdict
        /// Annotations and keys that work as they did.
        package var supported: [String]
        package var findings: [Finding]
    }

    package var entries: [Entry] = []
    /// What could not be read as an object.
    package var unreadable: [String] = []
    /// How many entries have each verdict.
    package var summary = Summary()

    package struct Summary: Hashable, Sendable, Codable {
        package var supported = 0
        package var differs = 0
        package var refused = 0

        package init(supported: Int = 0, differs: Int = 0, refused: Int = 0) {
            (self.supported, self.differs, self.refused) = (supported, differs, refused)
        }
    }

    package var verdict: Verdict {
        unreadable.isEmpty ? entries.map(\.verdict).max() ?? .supported : .refused
    }

    /// For people.
    package var text: String {
        var lines: [String] = []
        for entry in entries {
            lines.append("\(entry.kind) \(entry.name): \(entry.verdict.rawValue)")
            if !entry.supported.isEmpty { lines.append("  supported  \(entry.supported.joined(separator: ", "))") }
            lines += entry.findings.map { finding in
                let word = finding.verdict.rawValue
                let consequence = finding.consequence.isEmpty ? "" : " (\(finding.consequence))"
                let padding = String(repeating: " ", count: max(0, 10 - word.count))
                return "  \(word)\(padding) \(finding.field): \(finding.reason)\(consequence)"
            }
        }
        lines += unreadable.map { "unreadable: \($0)" }
        if !lines.isEmpty { lines.append("") }
        lines.append(
            "\(entries.count) objects: \(summary.supported) supported, \(summary.differs) differ, \(summary.refused) refused"
        )
        return lines.joined(separator: "\n")
    }
}
