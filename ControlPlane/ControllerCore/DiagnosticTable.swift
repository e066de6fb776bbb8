import Logging
import PorticoModel

/// What is wrong at this moment, at the source of the objects and in them. Each diagnostic is logged when it appears, and once more
/// when it is gone.
struct DiagnosticTable {
    private var ofSource: [Diagnostic] = []
    /// By class group. Groups may say the same of an object that both use.
    private var ofObjects: [String: [ObjectReference: [Diagnostic]]] = [:]

    private var present: Set<Diagnostic> {
        ofObjects.values.reduce(into: Set(ofSource)) { present, group in
            for diagnostics in group.values { present.formUnion(diagnostics) }
        }
    }

    /// All of them, sorted.
    var all: [Diagnostic] { present.sorted() }

    /// Takes everything that is wrong at the source.
    /// - Returns: what is new.
    mutating func replaceSource(_ diagnostics: [Diagnostic], _ logger: Logger) -> [Diagnostic] {
        guard diagnostics != ofSource else { return [] }
        defer { ofSource = diagnostics }
        return DiagnosticTable.log(from: ofSource, to: diagnostics, logger)
    }

    /// Takes everything that is wrong with these objects as a class group sees them.
    /// - Returns: what is new.
    mutating func replace(
        _ diagnostics: [ObjectReference: [Diagnostic]], of classGroup: String, _ logger: Logger
    ) -> [Diagnostic] {
        var new: [Diagnostic] = []
        for (object, list) in diagnostics.sorted(by: { $0.key < $1.key }) {
            let before = present(of: object)
            ofObjects[classGroup, default: [:]][object] = list.isEmpty ? nil : list
            new += DiagnosticTable.log(from: before, to: present(of: object), logger)
        }
        return new
    }

    private func present(of object: ObjectReference) -> [Diagnostic] {
        ofObjects.values.flatMap { $0[object] ?? [] }
    }

    /// - Returns: what is new.
    private static func log(from old: [Diagnostic], to new: [Diagnostic], _ logger: Logger) -> [Diagnostic] {
        let (before, after) = (Set(old), Set(new))
        let appeared = new.filter { !before.contains($0) }
        for diagnostic in appeared {
            logger.log(level: diagnostic.severity == .error ? .error : .warning, "\(diagnostic)")
        }
        for diagnostic in old where !after.contains(diagnostic) { logger.info("no longer: \(diagnostic)") }
        return appeared
    }
}
