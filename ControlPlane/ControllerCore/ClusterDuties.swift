import ClusterState
import Glibc
import IngressStatus
import KubernetesAPI
import Leadership
import Logging
import ObjectEvents
import PorticoModel

/// What a replica does for its cluster besides serving its own workers.
package struct DutiesConfiguration: Sendable {
    package struct Election: Sendable {
        package var lease: ObjectName
        package var timing: LeaseTiming
        /// Unique among the replicas.
        package var identity: String

        package init(lease: ObjectName, timing: LeaseTiming, identity: String) {
            self.lease = lease
            self.timing = timing
            self.identity = identity
        }
    }

    package struct Status: Sendable {
        package var origin: AddressOrigin
        package var writer = StatusWriter.Configuration()

        package init(origin: AddressOrigin) { self.origin = origin }
    }

    /// Nil for a replica that is alone and always leads.
    package var election: Election?
    /// Nil where nobody asked for a status.
    package var status: Status?
    /// An Event tells when an Ingress is served for the first time.
    package var tellsFirstSync = true

    package init() {}
}

/// Takes part in the election, and as the leader writes status and Events. Nothing here delays a publication.
final class ClusterDuties: Sendable {
    let leadership: Leadership
    let events: EventRecorder
    private let elector: LeaderElector?
    /// Nil for a replica that is alone.
    let pins: PinExchange?
    private let status: StatusWriter?

    /// - Parameters:
    ///   - changed: told of every change of leader.
    ///   - pinned: told of what was said last about rollbacks, as often as that is looked at.
    init(
        _ configuration: DutiesConfiguration, client: KubernetesClient, logger: Logger,
        changed: @escaping @Sendable (Leadership.State) -> Void,
        pinned: @escaping @Sendable ([String: PinWord]) -> Void
    ) {
        let instance = configuration.election?.identity ?? "portico-control"
        if let election = configuration.election {
            let requestSeconds = election.timing.renewDeadline / .seconds(2)
            let store = KubernetesLeaseStore(
                client: client, name: election.lease, timeoutSeconds: requestSeconds)
            let elector = LeaderElector(
                identity: election.identity, timing: election.timing, store: store, logger: logger, changed: changed)
            (self.elector, leadership) = (elector, elector.leadership)
            pins = PinExchange(
                replica: election.identity, store: store, period: election.timing.retryPeriod, logger: logger,
                heard: pinned)
        } else {
            (elector, leadership, pins) = (nil, Leadership(isAlone: true), nil)
        }
        events = EventRecorder(client: client, leadership: leadership, instance: instance, logger: logger)
        status = configuration.status.map { [leadership] status in
            StatusWriter(
                configuration: status.writer, client: client, origin: status.origin, leadership: leadership,
                logger: logger)
        }
    }

    func start() {
        elector?.start()
        pins?.start()
        events.start()
        status?.start()
    }

    /// Takes back what a last replica takes back, and gives the Lease to the next.
    func stop() async {
        await status?.stop()
        await events.stop()
        await pins?.stop()
        await elector?.stop()
    }

    /// Takes Ingresses that are served, new or changed, and those that are gone or no longer served.
    func update(served: [Ingress], removed: [ObjectName]) { status?.update(served: served, removed: removed) }

    /// This replica has become the leader.
    func takeOver() { status?.lookAgain() }

    /// The election has to come to this epoch before this replica can follow some worker.
    func require(epoch: UInt64) {
        elector?.require(transitions: Int(clamping: epoch) - 1)
    }
}
