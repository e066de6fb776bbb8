import ArgumentParser
import FoundationEssentials
import IngressAnnotations

/// `portico annotations`: the table of annotations and ConfigMap keys.
struct AnnotationsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "annotations",
        abstract: "Every annotation and ConfigMap key that is known, and what becomes of it.")

    @Flag(help: "The keys of the ConfigMap instead.")
    var configmap = false

    @Option(help: "For people (text) or programs (json).")
    var output = AdminOptions.Output.text

    private struct Row: Codable {
        var key: String
        var support: String
        var value: String
        var standard: String
        var scope: String?
        var risk: String?
        var summary: String
    }

    func run() throws {
        let rows = configmap ? options : annotations
        switch output {
        case .text: print(table(rows))
        case .json:
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(rows), as: UTF8.self))
        }
    }

    private func table(_ rows: [Row]) -> String {
        var table = TextTable(["KEY", "SUPPORT", "RISK", "DEFAULT", "WHAT IT DOES"])
        for row in rows {
            let standard = row.standard.count > 24 ? "\(row.standard.prefix(21))..." : row.standard
            table.append([row.key, row.support, row.risk ?? "-", standard, row.summary])
        }
        return table.text
    }

    private var annotations: [Row] {
        AnnotationDialect.nginx().definitions.values.map { definition in
            Row(
                key: definition.key, support: definition.support.word, value: definition.type.rawValue,
                standard: definition.defaultValue, scope: definition.scope.rawValue, risk: definition.risk.rawValue,
                summary: definition.summary)
        }.sorted { $0.key < $1.key }
    }

    private var options: [Row] {
        GlobalOptionRegistry.definitions.values.map { definition in
            Row(
                key: definition.key, support: definition.support.word, value: definition.type.rawValue,
                standard: definition.defaultValue, summary: definition.summary)
        }.sorted { $0.key < $1.key }
    }
}
