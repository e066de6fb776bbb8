import Admission
import ClusterState
import Leadership
import ObjectEvents
import PorticoModel

/// What the controller tells those who write to the cluster.
extension Controller {
    /// Older Ingresses were served before this process began, so their first sync is no news.
    private static let secondsOfNews = 3_600.0

    /// Takes what a batch did to Ingresses, once it is published.
    func tellDuties(_ applied: [AppliedChange]) {
        guard let duties else { return }
        // A class decides about Ingresses that did not change themselves.
        let everything = applied.contains { $0.reference.kind == ObjectKind.ingressClass.rawValue }
        var names = Set(
            applied.lazy.filter { $0.reference.kind == ObjectKind.ingress.rawValue && $0.effect != .none }
                .map(\.reference.name))
        if everything { names.formUnion(objects.state.ingresses.keys) }
        guard !names.isEmpty else { return }
        var served: [Ingress] = []
        var removed: [ObjectName] = []
        for name in names.sorted() {
            if let ingress = objects.state.ingresses[name], serves(ingress) {
                served.append(ingress)
            } else {
                removed.append(name)
            }
        }
        duties.update(served: served, removed: removed)
        let new = Set(applied.lazy.filter { $0.before == nil }.map(\.reference.name))
        tellFirstSync(of: served.filter { new.contains($0.metadata.name) })
    }

    /// Tells in Events what has come to be wrong with Ingresses.
    func tellEvents(_ new: [Diagnostic]) {
        guard let duties, !new.isEmpty, duties.leadership.mayWrite else { return }
        duties.events.record(
            new.compactMap { diagnostic in
                guard let object = diagnostic.object, object.kind == ObjectKind.ingress.rawValue else { return nil }
                let uid = objects.state.ingresses[object.name]?.uid ?? ""
                return EventNote(diagnostic, of: object, uid: uid)
            })
    }

    /// Tells in an Event what was done to the control plane itself, where it runs in a pod and leads.
    func tellOfPod(_ severity: EventNote.Severity, _ reason: String, _ message: String) {
        guard !configuration.podName.isEmpty else { return }
        let pod = ObjectReference(
            kind: "Pod", name: ObjectName(namespace: configuration.podNamespace, name: configuration.podName))
        duties?.events.record([
            EventNote(object: pod, uid: "", severity: severity, reason: reason, message: message)
        ])
    }

    /// Takes a change of leader: adopts the epoch, and does what a new leader does.
    func take(_ state: Leadership.State) {
        guard let duties else { return }
        if let transitions = state.transitions { versions.adopt(epoch: Leadership.epoch(transitions: transitions)) }
        for stream in streams { stream.retryAhead() }
        let leads = state.leadsUntil != nil
        defer { isLeading = leads }
        guard leads else { return }
        let needed = streams.compactMap(\.aheadClient?.epoch).max() ?? 0
        duties.require(epoch: max(needed, versions.last.epoch))
        guard !isLeading else { return }
        duties.takeOver()
        tellEvents(diagnostics.all)
        tellFirstSync(of: objects.state.ingresses.values.filter(serves))
    }

    private func tellFirstSync(of ingresses: [Ingress]) {
        guard let duties, configuration.duties?.tellsFirstSync == true, duties.leadership.mayWrite else { return }
        let now = Controller.now()
        let young = ingresses.filter { ingress in
            ingress.metadata.createdAt.map { now - Double($0) < Controller.secondsOfNews } ?? false
        }
        duties.events.record(
            young.sorted { $0.metadata.name < $1.metadata.name }.map { ingress in
                EventNote(
                    object: ObjectReference(kind: ObjectKind.ingress.rawValue, name: ingress.metadata.name),
                    uid: ingress.uid, severity: .normal, reason: "Sync", message: "its configuration is published")
            })
    }

    private func serves(_ ingress: Ingress) -> Bool { streams.contains { $0.serves(ingress) } }
}

extension Controller: IngressReviewer {
    func review(_ candidate: Ingress) -> IngressOpinion {
        guard streams.allSatisfy({ $0.firstPublished != nil }) else {
            return .notReady("the objects have not been compiled yet")
        }
        var isOurs = false
        var diagnostics: Set<Diagnostic> = []
        for stream in streams {
            guard case .ours(let found) = stream.review(candidate) else { continue }
            isOurs = true
            diagnostics.formUnion(found)
        }
        return isOurs ? .ours(diagnostics.sorted()) : .foreign
    }
}
