import ClusterState
import PorticoModel

/// Decides which form of which object is in force: the pure core of the folder.
///
/// - An object is declared by the first file, by path, that names it; other declarations are reported.
/// - An object whose declaration is invalid keeps its last good form.
/// - An object that nothing declares any more keeps its last good form if the file that held it broke in the same step
///   (it may be in the broken part), until the file is whole; or if the file is only just gone (an editor may be
///   replacing it); otherwise it is deleted.
struct ManifestTable {
    private struct Effective {
        var object: KubernetesObject
        var file: String
        /// It is not what the folder says now.
        var isStale: Bool
    }

    private var files: [String: ManifestFile] = [:]
    /// Files that disappeared, and may return.
    private var absent: Set<String> = []
    /// The paths that declare an object, in order.
    private var sites: [ObjectReference: [String]] = [:]
    private var effective: [ObjectReference: Effective] = [:]
    private var effectiveOfFile: [String: Set<ObjectReference>] = [:]
    /// Objects declared more than once.
    private var repeated: Set<ObjectReference> = []
    private var faulty: Set<String> = []

    // What has changed since the last `takeUpdate`.
    private var changes: [ObjectReference: ObjectChange] = [:]
    private var texts: [ObjectReference: LastGoodObject] = [:]
    /// Those of the file that is being taken.
    private var arriving: (path: String, texts: [ObjectReference: String])?
    /// Objects whose files were taken earlier: their texts have to be read once more.
    private var wanted: [ObjectReference: String] = [:]

    /// What an earlier process kept, for objects that have no good form in the folder.
    private var persisted: [ObjectReference: LastGoodObject] = [:]
    private var persistedOfFile: [String: [ObjectReference]] = [:]

    /// Whether there is a store that wants the texts of objects.
    private let keepsTexts: Bool

    init(keepsTexts: Bool = false, persisted objects: [LastGoodObject] = []) {
        self.keepsTexts = keepsTexts
        for object in objects {
            persisted[object.reference] = object
            persistedOfFile[object.file, default: []].append(object.reference)
        }
    }

    var paths: Dictionary<String, ManifestFile>.Keys { files.keys }

    func file(_ path: String) -> ManifestFile? { files[path] }

    /// Takes a file that is new or was read again.
    mutating func set(_ file: ManifestFile) {
        var file = file
        arriving = (file.path, file.texts)
        defer { arriving = nil }
        file.texts = [:]
        let old = files.updateValue(file, forKey: file.path)
        let wasAbsent = absent.remove(file.path) != nil
        reindex(file.path, wasAbsent ? nil : old, file, mayHideObjects: file.isMoreBroken(than: old))
    }

    /// The file is not there; what it declared is kept until it is forgotten.
    mutating func markAbsent(_ path: String) {
        guard let file = files[path], absent.insert(path).inserted else { return }
        reindex(path, file, nil, mayHideObjects: true)
    }

    /// The file is gone for good.
    mutating func forget(_ path: String) {
        guard let file = files.removeValue(forKey: path) else { return }
        let wasAbsent = absent.remove(path) != nil
        reindex(path, wasAbsent ? nil : file, nil, mayHideObjects: false)
    }

    /// Restores what an earlier process kept of files that are broken or cannot be read. Called once, after the first
    /// reading; `isReadable` is false where the folder itself is missing.
    mutating func restore(isReadable: Bool) {
        for (path, references) in persistedOfFile {
            guard !isReadable || files[path]?.isBroken == true else { continue }
            for reference in references where effective[reference] == nil { restore(reference) }
        }
    }

    /// Takes what an earlier process kept, where it comes later than the first reading: it serves only objects that have
    /// no other form.
    mutating func recall(_ objects: [LastGoodObject]) {
        for object in objects where effective[object.reference] == nil {
            let isDeclared = sites[object.reference] != nil
            guard isDeclared || files[object.file]?.isBroken == true else { continue }
            persisted[object.reference] = object
            restore(object.reference)
        }
        persisted = [:]
    }

    // MARK: Indexes

    /// - Parameter mayHideObjects: what the file declared before and does not now may still be meant by it.
    private mutating func reindex(
        _ path: String, _ old: ManifestFile?, _ new: ManifestFile?, mayHideObjects: Bool
    ) {
        for reference in old?.references ?? [] where new?.declares(reference) != true {
            sites[reference]?.removeAll { $0 == path }
            if sites[reference]?.isEmpty == true { sites[reference] = nil }
        }
        for reference in new?.references ?? [] where old?.declares(reference) != true {
            var paths = sites[reference] ?? []
            paths.insert(path, at: paths.firstIndex { $0 > path } ?? paths.count)
            sites[reference] = paths
        }
        if let new, new.isBroken || new.hasInvalidObjects { faulty.insert(path) } else { faulty.remove(path) }
        var concerned = effectiveOfFile[path] ?? []
        concerned.formUnion(old?.references ?? [])
        concerned.formUnion(new?.references ?? [])
        for reference in concerned { settle(reference, mayBeHidden: mayHideObjects) }
    }

    // MARK: Which form is in force

    private mutating func settle(_ reference: ObjectReference, mayBeHidden: Bool) {
        let paths = sites[reference] ?? []
        guard let path = paths.first, let file = files[path] else {
            repeated.remove(reference)
            return settleUndeclared(reference, mayBeHidden)
        }
        guard let declaration = file.declaration(of: reference) else { return }
        if paths.count > 1 || file.repeated.contains(reference) {
            repeated.insert(reference)
        } else {
            repeated.remove(reference)
        }
        switch declaration.form {
        case .valid(let object): put(Effective(object: object, file: path, isStale: false))
        case .invalid:
            if effective[reference] == nil { restore(reference) } else { effective[reference]?.isStale = true }
        }
    }

    private mutating func settleUndeclared(_ reference: ObjectReference, _ mayBeHidden: Bool) {
        guard let current = effective[reference] else { return }
        // What was kept once is kept until the file is whole again.
        let isBroken = files[current.file]?.isBroken == true
        let mayReturn = absent.contains(current.file) || isBroken && (mayBeHidden || current.isStale)
        if mayReturn {
            effective[reference]?.isStale = true
        } else {
            effective[reference] = nil
            effectiveOfFile[current.file]?.remove(reference)
            changes[reference] = .delete(reference)
            texts[reference] = nil
            wanted[reference] = nil
        }
    }

    private mutating func put(_ new: Effective) {
        let reference = new.object.reference
        let old = effective.updateValue(new, forKey: reference)
        if old?.file != new.file {
            if let old { effectiveOfFile[old.file]?.remove(reference) }
            effectiveOfFile[new.file, default: []].insert(reference)
        }
        let isSame = old.map { $0.object == new.object && $0.object.metadata.isSamePlace(as: new.object.metadata) }
        guard isSame != true else { return }
        changes[reference] = .upsert(new.object)
        if !new.isStale, old?.file != new.file || old?.object != new.object { noteText(reference, new.file) }
    }

    private mutating func noteText(_ reference: ObjectReference, _ path: String) {
        guard keepsTexts, reference.kind != ObjectKind.secret.rawValue else { return }
        if let arriving, arriving.path == path, let text = arriving.texts[reference] {
            texts[reference] = LastGoodObject(reference: reference, file: path, text: text)
            wanted[reference] = nil
        } else {
            texts[reference] = nil
            wanted[reference] = path
        }
    }

    /// The files whose texts `supply` is to be given.
    var wantedFiles: Set<String> { Set(wanted.values) }

    /// Takes the texts of a file that was read once more.
    mutating func supply(_ found: [ObjectReference: String], of path: String) {
        for (reference, wantedPath) in wanted where wantedPath == path {
            wanted[reference] = nil
            guard let text = found[reference] else { continue }
            texts[reference] = LastGoodObject(reference: reference, file: path, text: text)
        }
    }

    private mutating func restore(_ reference: ObjectReference) {
        guard let kept = persisted[reference], let nodes = try? JSONReader.readAll(kept.text), let node = nodes.first,
            case .object(let object) = ObjectDecoder.decode(node, origin: Origin(file: kept.file, line: 1)),
            object.reference == reference
        else { return }
        put(Effective(object: object, file: kept.file, isStale: true))
    }
}

// MARK: - Updates

extension ManifestTable {
    /// What changed since the last call; nil where nothing did.
    mutating func takeChanges() -> [ObjectChange] {
        defer { changes = [:] }
        return changes.values.sorted { $0.reference < $1.reference }
    }

    /// What the last-good store is to keep and to forget because of the changes since the last call.
    mutating func takeStoreUpdate(deleted: [ObjectReference]) -> (saved: [LastGoodObject], removed: [ObjectReference]) {
        var saved = Array(texts.values)
        texts = [:]
        var removed = deleted.filter { $0.kind != ObjectKind.secret.rawValue }
        if !persisted.isEmpty {
            // The first update: most of it is kept already.
            saved.removeAll { persisted[$0.reference] == $0 }
            removed += persisted.keys.filter { effective[$0] == nil }
            persisted = [:]
            persistedOfFile = [:]
        }
        return (saved.sorted { $0.reference < $1.reference }, removed.sorted())
    }

    /// All that is wrong at this moment, sorted.
    func diagnostics() -> [Diagnostic] {
        var found: [Diagnostic] = []
        for path in faulty {
            guard let file = files[path], !absent.contains(path) else { continue }
            found += fileDiagnostics(file)
        }
        for reference in repeated { found += repetitions(of: reference) }
        return found.sorted()
    }

    private func fileDiagnostics(_ file: ManifestFile) -> [Diagnostic] {
        let keepsObjects = effectiveOfFile[file.path]?.contains { effective[$0]?.isStale == true } ?? false
        let consequence = keepsObjects ? "what the file held keeps serving in its last good form" : "it is left out"
        var found = [file.fault].compactMap { $0 } + file.documents.flatMap(\.faults)
        for index in found.indices { found[index].consequence = consequence }
        for declaration in file.documents.lazy.flatMap(\.declarations) {
            guard case .invalid(let diagnostics) = declaration.form else { continue }
            let isServing = effective[declaration.reference] != nil
            found += diagnostics.map { diagnostic in
                var diagnostic = diagnostic
                diagnostic.consequence =
                    isServing ? "its last good form keeps serving" : "the object does not take effect"
                return diagnostic
            }
        }
        return found
    }

    private func repetitions(of reference: ObjectReference) -> [Diagnostic] {
        var places: [(file: String, line: Int32)] = []
        for path in sites[reference] ?? [] {
            for declaration in files[path]?.documents.flatMap(\.declarations) ?? []
            where declaration.reference == reference {
                places.append((path, declaration.line))
            }
        }
        guard let first = places.first else { return [] }
        return places.dropFirst().map { place in
            Diagnostic(
                severity: .error, object: reference, file: place.file, line: Int(place.line), field: "",
                reason: "is declared already in \(first.file):\(first.line)", consequence: "that declaration is used")
        }
    }
}

extension ObjectMetadata {
    fileprivate func isSamePlace(as other: ObjectMetadata) -> Bool {
        guard let origin, let place = other.origin else { return (origin == nil) == (other.origin == nil) }
        return origin.isSamePlace(as: place)
    }
}
