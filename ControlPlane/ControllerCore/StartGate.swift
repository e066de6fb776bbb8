import ClusterState
import KubernetesAPI
import PorticoModel

/// Holds back what is read at the start until it is the whole: what is published before would take away from the workers
/// what has merely not been read yet.
struct StartGate {
    enum Order {
        case wait
        /// What is wanted by name can be told now.
        case ask(NamedObjects)
        /// These changes are to be compiled.
        case compile([AppliedChange])
    }

    /// The source is to be told what to read by name.
    private let asks: Bool
    private var heldBack: [AppliedChange] = []
    private var asked: NamedObjects?
    private(set) var isOpen = false
    /// What is missing, for people.
    private(set) var missing = "the objects have not been read yet"

    init(asks: Bool) {
        self.asks = asks
    }

    /// - Parameter wanted: what the objects so far name. What is read because of it may name more.
    mutating func take(
        _ changes: [AppliedChange], _ progress: ObjectUpdate.Progress, wanted: @autoclosure () -> NamedObjects
    ) -> Order {
        if isOpen { return .compile(changes) }
        heldBack += changes
        switch progress {
        case .reading(let missing):
            self.missing = missing
            return .wait
        case .awaitsNamed:
            missing = "what Ingresses and settings name has not been read yet"
            return askForMore(wanted()) ?? .wait
        case .complete:
            if let order = askForMore(wanted()) { return order }
            isOpen = true
            defer { heldBack = [] }
            return .compile(heldBack)
        }
    }

    private mutating func askForMore(_ wanted: NamedObjects) -> Order? {
        guard asks, wanted != asked else { return nil }
        asked = wanted
        return .ask(wanted)
    }
}
