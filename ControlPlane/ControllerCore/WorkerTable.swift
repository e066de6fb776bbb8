import ControlServer
import PorticoModel

/// The processes that are connected, and what they answered.
struct WorkerTable {
    struct Worker {
        var client: LinkClient
        /// Seconds since 1970.
        var connectedAt: Double
        /// What it last said it runs.
        var version: Version
        /// The newest version that it refused, until it applies a newer one.
        var refused: (version: Version, error: String)?

        /// `node/process`.
        var name: String { "\(client.hello.node)/\(client.hello.process)" }
    }

    private var workers: [UInt64: Worker] = [:]
    /// By workers; a supervisor only keeps what it is sent.
    private(set) var acknowledgements: UInt64 = 0
    private(set) var refusals: UInt64 = 0
    /// Seconds since 1970.
    private(set) var lastAcknowledgedAt: Double?

    /// Sorted by name, and by age where one name is there twice.
    var all: [Worker] { workers.values.sorted { ($0.name, $0.client.id) < ($1.name, $1.client.id) } }

    mutating func connect(_ client: LinkClient, at time: Double) {
        workers[client.id] = Worker(client: client, connectedAt: time, version: client.hello.version)
    }

    mutating func disconnect(_ client: LinkClient) { workers[client.id] = nil }

    mutating func acknowledge(_ client: LinkClient, _ version: Version, at time: Double) {
        if client.hello.isWorker {
            acknowledgements += 1
            lastAcknowledgedAt = time
        }
        workers[client.id]?.version = version
        if let refused = workers[client.id]?.refused, refused.version <= version { workers[client.id]?.refused = nil }
    }

    mutating func refuse(_ client: LinkClient, _ version: Version, _ error: String) {
        if client.hello.isWorker { refusals += 1 }
        workers[client.id]?.refused = (version, error)
    }

    /// How many workers of a class group run `version` or a newer one.
    func count(of classGroup: String, running version: Version) -> Int {
        workers.values.count {
            $0.client.hello.isWorker && $0.client.hello.classGroup == classGroup && $0.version >= version
        }
    }

    /// A worker whose last word is a refusal.
    var refusing: Worker? { all.first { $0.refused != nil } }
}
