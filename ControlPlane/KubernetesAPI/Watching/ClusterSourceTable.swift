import ClusterState
import PorticoModel

/// What is known of a cluster, what is missing and what is wrong: the pure core of `ClusterSource`.
struct ClusterSourceTable {
    private let selection: ClusterSelection
    private var missing: Set<WatchTarget>
    private let needed: Set<WatchTarget>
    private var areSecretsSettled = false
    private var health: [WatchTarget: APIError] = [:]
    private var secretFailures: [ObjectName: APIError] = [:]
    private var faults: [ObjectReference: [Diagnostic]] = [:]
    private(set) var namespaces: Set<String> = []
    /// ConfigMaps that are named and not followed.
    private var unread: [ObjectName] = []

    private var changes: [ObjectChange] = []
    private var areDiagnosticsNew = true
    private var lastProgress: ObjectUpdate.Progress?

    /// Of an earlier process, for objects that have not been seen yet.
    private var goodForms: [ObjectReference: GoodForm] = [:]
    private var stale: [ObjectReference: String] = [:]
    private var isStaleNew = true

    init(_ selection: ClusterSelection, _ goodForms: [GoodForm] = []) {
        for form in goodForms { self.goodForms[form.object.reference] = form }
        self.selection = selection
        missing = Set(selection.targets.map(\.target))
        var needed = Set(selection.targets.filter(\.isNeeded).map(\.target))
        if !selection.namespaceSelector.isEmpty { needed.insert(WatchTarget(.namespaces)) }
        self.needed = needed
    }

    // MARK: What arrives

    mutating func take(_ news: Reflector.News, of target: WatchTarget) {
        switch news {
        case .changes(let changes): take(changes, of: target.resource)
        case .listed: markListed(target)
        case .health(let health): take(health, of: target)
        }
    }

    mutating func take(_ reflected: [ReflectedChange], of resource: APIResource) {
        for change in reflected {
            let reference = ObjectReference(kind: resource.kind, name: change.name)
            guard let node = change.node else {
                changes.append(.delete(reference))
                goodForms[reference] = nil
                note([], about: reference)
                continue
            }
            switch ObjectDecoder.decode(node) {
            case .object(let object):
                changes.append(.upsert(object))
                goodForms[reference] = nil
                note([], about: reference)
            case .invalid(_, let diagnostics):
                let uid = node.at("metadata", "uid")?.string ?? ""
                if let form = goodForms.removeValue(forKey: reference), form.uid == uid {
                    changes.append(.upsert(form.object))
                }
                note(diagnostics, about: reference, uid: uid)
            case .ignored: break
            }
        }
    }

    private mutating func note(_ diagnostics: [Diagnostic], about reference: ObjectReference, uid: String? = nil) {
        guard faults[reference] != nil || !diagnostics.isEmpty else { return }
        areDiagnosticsNew = true
        if stale[reference] != uid {
            stale[reference] = uid
            isStaleNew = true
        }
        faults[reference] =
            diagnostics.isEmpty
            ? nil
            : diagnostics.map { diagnostic in
                var diagnostic = diagnostic
                diagnostic.object = reference
                diagnostic.consequence = "its last good form, where there was one, keeps serving"
                return diagnostic
            }
    }

    mutating func markListed(_ target: WatchTarget) { missing.remove(target) }

    // MARK: What is read by name

    /// Others are wanted from now on: the next update tells how far they have been read.
    mutating func expect(_ added: [WatchTarget]) {
        missing.formUnion(added)
        areSecretsSettled = false
        lastProgress = nil
    }

    /// There are too many of them.
    mutating func noteUnread(_ names: [ObjectName]) {
        guard names != unread else { return }
        unread = names
        areDiagnosticsNew = true
    }

    mutating func drop(_ target: WatchTarget, _ name: ObjectName) {
        missing.remove(target)
        if health.removeValue(forKey: target) != nil { areDiagnosticsNew = true }
        take([ReflectedChange(name: name, node: nil)], of: target.resource)
    }

    mutating func take(_ health: ReflectorHealth, of target: WatchTarget) {
        let error: APIError? = if case .failing(let error) = health { error } else { nil }
        guard self.health[target] != error else { return }
        self.health[target] = error
        areDiagnosticsNew = true
        // Whoever may not read an optional collection does without it.
        if let error, error.isForbidden || error.isNotFound, !needed.contains(target) { missing.remove(target) }
    }

    mutating func take(_ failures: [ObjectName: APIError]) {
        secretFailures = failures
        areDiagnosticsNew = true
    }

    mutating func settleSecrets() { areSecretsSettled = true }

    mutating func select(_ namespace: String, _ isSelected: Bool) {
        if isSelected { namespaces.insert(namespace) } else { namespaces.remove(namespace) }
    }

    // MARK: What is told

    /// - Returns: nil where there is nothing to tell.
    mutating func takeUpdate() -> ObjectUpdate? {
        let progress = progress
        guard !changes.isEmpty || areDiagnosticsNew || progress != lastProgress else { return nil }
        let update = ObjectUpdate(
            changes: changes, diagnostics: areDiagnosticsNew ? diagnostics : nil, progress: progress,
            stale: isStaleNew ? stale : nil)
        isStaleNew = false
        changes = []
        areDiagnosticsNew = false
        lastProgress = progress
        return update
    }

    private var progress: ObjectUpdate.Progress {
        guard missing.isEmpty else { return .reading(missingText) }
        return areSecretsSettled ? .complete : .awaitsNamed
    }

    private var missingText: String {
        let names = missing.map(\.description).sorted()
        let reasons = missing.union(needed).compactMap { health[$0] }.map(\.description)
        let reason = reasons.min().map { ": \($0)" } ?? ""
        return "not read yet: \(names.joined(separator: ", "))\(reason)"
    }

    private var diagnostics: [Diagnostic] {
        let failing = health.map { target, error in
            let isNeeded = needed.contains(target)
            return Diagnostic(
                severity: isNeeded ? .error : .warning, object: nil, field: "",
                reason: "\(target.description) cannot be followed: \(error)",
                consequence: isNeeded
                    ? "workers keep what they have" : ClusterSelection.consequence(without: target))
        }
        let secrets = secretFailures.map { name, error in
            Diagnostic(
                severity: .warning, object: ObjectReference(kind: ObjectKind.secret.rawValue, name: name), field: "",
                reason: "it cannot be read: \(error)", consequence: "what was read of it last stays in use")
        }
        let tooMany = unread.map { name in
            Diagnostic(
                severity: .warning, object: ObjectReference(kind: ObjectKind.configMap.rawValue, name: name), field: "",
                reason: "more ConfigMaps are named than can be followed", consequence: "it is not read")
        }
        return (failing + secrets + tooMany + faults.values.joined()).sorted()
    }
}
