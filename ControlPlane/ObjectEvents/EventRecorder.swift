import ClusterState
import KubernetesAPI
import Leadership
import Logging
import PorticoModel
import Synchronization

/// Writes Events while this replica leads. Nobody waits for them.
package final class EventRecorder: Sendable {
    private static let component = "portico-control"

    private let client: KubernetesClient
    private let leadership: Leadership
    private let instance: String
    private let logger: Logger
    private let alarm = Alarm()
    private let work: Mutex<Work>

    private struct Work {
        var queue: EventQueue
        var task: Task<Void, Never>?
        var ends = false
        /// Logged once, however often it occurs.
        var problem: String?
    }

    /// - Parameter instance: who says it, as the pod's name.
    package init(client: KubernetesClient, leadership: Leadership, instance: String, logger: Logger) {
        self.client = client
        self.leadership = leadership
        self.instance = instance
        self.logger = logger
        work = Mutex(Work(queue: EventQueue(now: .now)))
    }

    package func start() {
        work.withLock { work in
            guard work.task == nil else { return }
            work.task = Task { [self] in await run() }
        }
    }

    /// Takes notes from any thread, and returns at once. They are dropped where this replica does not lead.
    package func record(_ notes: [EventNote]) {
        guard !notes.isEmpty, leadership.mayWrite else { return }
        work.withLock { work in
            for note in notes { work.queue.add(note, at: .now) }
        }
        alarm.ring()
    }

    /// Notes that were dropped because there were too many.
    package var dropped: UInt64 { work.withLock { $0.queue.dropped } }

    /// Ends; what still waits is dropped.
    package func stop() async {
        let task = work.withLock { work in
            work.ends = true
            return work.task
        }
        alarm.ring()
        await task?.value
    }

    // MARK: The loop

    private func run() async {
        while true {
            let next = work.withLock { work -> Result<PendingEvent, EventQueue.Postponed>? in
                if work.ends { return nil }
                if !leadership.mayWrite { work.queue.clear() }
                return work.queue.next(at: .now, time: KubernetesTime.second(KubernetesTime.now))
            }
            switch next {
            case .success(let event): await write(event)
            case .failure(let postponed): await alarm.wait(until: postponed.until)
            case nil:
                if work.withLock({ $0.ends }) { return }
                await alarm.wait(until: .now + .seconds(3_600))
            }
        }
    }

    private func write(_ event: PendingEvent) async {
        guard leadership.mayWrite else { return }
        do {
            if event.isRepetition {
                try await repeated(event, count: event.count)
            } else {
                try await create(event)
            }
        } catch {
            let isNew = work.withLock { work in
                defer { work.problem = "\(error)" }
                return work.problem != "\(error)"
            }
            if isNew { logger.warning("an Event on \(event.note.object) could not be written: \(error)") }
        }
    }

    private func create(_ event: PendingEvent) async throws(APIError) {
        do {
            try await post(event)
            work.withLock { $0.queue.written(event, count: event.count) }
        } catch {
            guard error.isAlreadyExists else { throw error }
            // Another replica, or this one in an earlier life, said the same.
            try await repeated(event, count: nil)
        }
    }

    /// - Parameter count: nil where it is not known.
    private func repeated(_ event: PendingEvent, count: Int?) async throws(APIError) {
        var patch: ObjectNode = ["lastTimestamp": .text(event.lastTime)]
        if let count { patch.set("count", to: .number(count)) }
        do {
            let found = try await client.mergePatch(
                .events, namespace: event.note.namespace, name: event.note.eventName, patch)
            work.withLock { $0.queue.written(event, count: found["count"]?.int ?? event.count) }
        } catch {
            guard error.isNotFound else { throw error }
            // Events live for an hour or so.
            var fresh = event
            (fresh.count, fresh.firstTime) = (1, nil)
            try await post(fresh)
            work.withLock { $0.queue.written(fresh, count: 1) }
        }
    }

    private func post(_ event: PendingEvent) async throws(APIError) {
        let object = event.object(component: EventRecorder.component, instance: instance)
        _ = try await client.create(.events, namespace: event.note.namespace, object)
    }
}
