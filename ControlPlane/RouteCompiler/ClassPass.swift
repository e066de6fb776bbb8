import ClusterState
import PorticoModel

/// Decides which Ingresses are ours.
struct ClassPass {
    enum Decision: Hashable {
        case served
        /// It belongs to another controller, which is no news.
        case foreign
        /// Nobody seems to serve it, which its author should know.
        case unserved(field: String, reason: String)
        /// It is of a class of ours, and asks for what was ruled out at the start.
        case refused(field: String, reason: String)
    }

    let selection: ClassSelection
    let classes: [ObjectName: IngressClass]

    func decide(_ ingress: Ingress) -> Decision {
        let decision = decideByClass(ingress)
        guard decision == .served, selection.refusesCatchAll, ingress.defaultBackend != nil else { return decision }
        return .refused(field: "spec.defaultBackend", reason: "--disable-catch-all rules out default backends")
    }

    private func decideByClass(_ ingress: Ingress) -> Decision {
        switch ingress.classMention {
        case .className(let name): decide(className: name)
        case .annotation(""), .none: decideWithoutClass()
        case .annotation(let name): isOurName(name) ? .served : .foreign
        }
    }

    /// The IngressClass that the Ingress belongs to, where there is one.
    func ingressClass(of ingress: Ingress) -> IngressClass? {
        switch ingress.classMention {
        case .annotation(""), .none: defaultClass
        case .className(let name), .annotation(let name): classes[ObjectName(namespace: "", name: name)]
        }
    }

    /// In order of name.
    var ownClasses: [IngressClass] {
        classes.values.filter(isOurs).sorted { $0.metadata.name < $1.metadata.name }
    }

    /// The class that Ingresses without one get: of several defaults the youngest, as the API server chooses.
    var defaultClass: IngressClass? {
        classes.values.filter(\.isDefault).min { left, right in
            let (first, second) = (left.metadata.createdAt ?? 0, right.metadata.createdAt ?? 0)
            return first != second ? first > second : left.metadata.name < right.metadata.name
        }
    }

    private func decide(className name: String) -> Decision {
        if let found = classes[ObjectName(namespace: "", name: name)] { return isOurs(found) ? .served : .foreign }
        guard selection.acceptsMissingClassObjects else { return .foreign }
        if isOurName(name) { return .served }
        // Of a class that no group names, the default group speaks.
        if selection.onlyClasses != nil || selection.exceptClasses.contains(name) { return .foreign }
        return .unserved(field: "spec.ingressClassName", reason: "there is no IngressClass named '\(name)'")
    }

    private func decideWithoutClass() -> Decision {
        if let found = defaultClass { return isOurs(found) ? .served : .foreign }
        if selection.onlyClasses != nil { return .foreign }
        if selection.watchIngressWithoutClass { return .served }
        guard selection.acceptsMissingClassObjects else { return .foreign }
        if classes.isEmpty { return .served }
        return .unserved(
            field: "spec.ingressClassName", reason: "it names no class, and no IngressClass is marked as the default")
    }

    private func isOurs(_ found: IngressClass) -> Bool {
        if let own = selection.onlyClasses { return own.contains(found.metadata.name.name) }
        if selection.exceptClasses.contains(found.metadata.name.name) { return false }
        if selection.ingressClassByName, found.metadata.name.name == selection.ingressClass { return true }
        return selection.controllerClasses.contains(found.controller)
    }

    private func isOurName(_ name: String) -> Bool {
        if let own = selection.onlyClasses { return own.contains(name) }
        if selection.exceptClasses.contains(name) { return false }
        return name == selection.ingressClass || selection.acceptsMissingClassObjects && name == "portico"
    }
}

extension ClassSelection {
    /// Whether the Ingress is ours, as the classes are at this moment.
    package func serves(_ ingress: Ingress, classes: [ObjectName: IngressClass]) -> Bool {
        ClassPass(selection: self, classes: classes).decide(ingress) == .served
    }
}
