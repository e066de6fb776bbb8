import Logging
import PorticoModel

/// What is wrong at this moment, in the folder and in the objects. Each diagnostic is logged when it appears, and once more
/// when it is gone.
struct DiagnosticTable {
    private var ofFolder: [Diagnostic] = []
    private var ofObjects: [ObjectReference: [Diagnostic]] = [:]

    /// All of them, sorted.
    var all: [Diagnostic] { (ofFolder + ofObjects.values.joined()).sorted() }

    func count(of severity: Diagnostic.Severity) -> Int {
        let folder = ofFolder.count { $0.severity == severity }
        return ofObjects.values.reduce(folder) { $0 + $1.count { $0.severity == severity } }
    }

    /// Takes everything that is wrong in the folder.
    mutating func replaceFolder(_ diagnostics: [Diagnostic], _ logger: Logger) {
        guard diagnostics != ofFolder else { return }
        DiagnosticTable.log(from: ofFolder, to: diagnostics, logger)
        ofFolder = diagnostics
    }

    /// Takes everything that is wrong with these objects.
    mutating func replace(_ diagnostics: [ObjectReference: [Diagnostic]], _ logger: Logger) {
        for (object, list) in diagnostics.sorted(by: { $0.key < $1.key }) {
            DiagnosticTable.log(from: ofObjects[object] ?? [], to: list, logger)
            ofObjects[object] = list.isEmpty ? nil : list
        }
    }

    private static func log(from old: [Diagnostic], to new: [Diagnostic], _ logger: Logger) {
        let (before, after) = (Set(old), Set(new))
        for diagnostic in new where !before.contains(diagnostic) {
            logger.log(level: diagnostic.severity == .error ? .error : .warning, "\(diagnostic)")
        }
        for diagnostic in old where !after.contains(diagnostic) { logger.info("no longer: \(diagnostic)") }
    }
}
