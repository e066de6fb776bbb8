import Certificates
import ClusterState
import ControlServer
import Leadership
import PorticoModel
import SnapshotStore
import Synchronization

/// What the controller reacts to.
enum ControllerEvent: Sendable {
    case objects(ObjectUpdate)
    /// Addresses of an external name of a class group.
    case resolved(EndpointSet, classGroup: String)
    case link(LinkListenerEvent)
    case leadership(Leadership.State)
    /// What was said last about rollbacks, to any replica, by class group.
    case pins([String: PinWord])
    /// The database is open after all.
    case history(FormerHistory)
    /// What the authority of a certificate says about it.
    case certificateStatus(OCSPQuery, Result<[UInt8], CertificateFault>)
    /// Time has passed.
    case tick
}

/// Collects events of all threads in order. Those that arrive while the controller works become one batch.
final class Mailbox: Sendable {
    private let events = Mutex<[ControllerEvent]>([])

    /// - Returns: whether nobody has been told to take the events yet.
    func add(_ event: ControllerEvent) -> Bool {
        events.withLock { events in
            events.append(event)
            return events.count == 1
        }
    }

    func take() -> [ControllerEvent] {
        events.withLock { events in
            defer { events = [] }
            return events
        }
    }
}
