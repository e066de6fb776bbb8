import ClusterState
import PorticoModel

/// Holds back what is read at the start until it is the whole: what is published before would take away from the workers
/// what has merely not been read yet.
struct StartGate {
    enum Order {
        case wait
        /// The Secrets that are wanted can be told now.
        case askForSecrets
        /// These changes are to be compiled.
        case compile([AppliedChange])
    }

    private var heldBack: [AppliedChange] = []
    private var hasAsked = false
    private(set) var isOpen = false
    /// What is missing, for people.
    private(set) var missing = "the objects have not been read yet"

    mutating func take(_ changes: [AppliedChange], _ progress: ObjectUpdate.Progress) -> Order {
        if isOpen { return .compile(changes) }
        heldBack += changes
        switch progress {
        case .reading(let missing):
            self.missing = missing
            return .wait
        case .awaitsSecrets:
            missing = "the Secrets that Ingresses name have not been read yet"
            if hasAsked { return .wait }
            hasAsked = true
            return .askForSecrets
        case .complete:
            isOpen = true
            defer { heldBack = [] }
            return .compile(heldBack)
        }
    }
}
