import CSystem
import ControlLink
import Glibc
import PorticoModel
import PorticoSnapshot
import Synchronization
import Threads

/// Serves the control link on a Unix socket, from one thread of its own.
///
/// Publishing never waits for a client: it changes what is offered and wakes the thread, and each client gets the newest
/// state as fast as it reads. Nothing is sent before the first `publish`, for until then the state is not known.
package final class LinkListener: Sendable {
    /// What callers left for the thread.
    struct Inbox: Sendable {
        var offers: [String: Offer] = [:]
        var drainMilliseconds: UInt32?
        var stops = false
    }

    /// What is new for one class group.
    struct Offer: Sendable {
        var snapshot: PublishedSnapshot?
        var changed: [String: EndpointSet] = [:]
        var removed: Set<String> = []
        var objects: [LiveObjectName: LiveObject] = [:]
        var removedObjects: Set<LiveObjectName> = []

        mutating func add(changed sets: [EndpointSet], removed names: [String]) {
            for name in names {
                changed[name] = nil
                removed.insert(name)
            }
            for set in sets {
                removed.remove(set.upstream)
                changed[set.upstream] = set
            }
        }

        mutating func add(objects changed: [LiveObject], removed names: [LiveObjectName]) {
            for name in names {
                objects[name] = nil
                removedObjects.insert(name)
            }
            for object in changed {
                removedObjects.remove(object.name)
                objects[object.name] = object
            }
        }
    }

    /// What the thread shows.
    struct Board: Sendable {
        var clients: [LinkClientStatus] = []
        var counters = LinkListenerCounters()
    }

    package let path: String
    let controller: String
    /// The first one is for clients that name none.
    let classGroups: [String]
    let timing: LinkTiming
    let socket: Int32
    let wakeUp: Int32
    let handler: @Sendable (LinkListenerEvent) -> Void
    let inbox = Mutex(Inbox())
    let board = Mutex(Board())
    private let thread = Mutex<DedicatedThread?>(nil)
    private let file: FileIdentity?

    private struct FileIdentity: Hashable, Sendable {
        var device: dev_t
        var inode: ino_t

        init?(path: String) {
            var status = stat()
            guard lstat(path, &status) == 0 else { return nil }
            (device, inode) = (status.st_dev, status.st_ino)
        }
    }

    /// Listens; clients are served from `start` on.
    /// - Parameters:
    ///   - path: where the socket is made. The file of a listener that is gone is replaced.
    ///   - controller: how this control plane calls itself.
    ///   - classGroups: each is offered versions of its own. The first one is also for clients that name none.
    package init(
        path: String, controller: String, classGroups: [String] = [""], timing: LinkTiming = LinkTiming(),
        handler: @escaping @Sendable (LinkListenerEvent) -> Void
    ) throws(SocketError) {
        precondition(!classGroups.isEmpty, "there is always one class group")
        socket = try UnixSocket.listen(path: path)
        wakeUp = portico_eventfd()
        guard wakeUp >= 0 else {
            let code = errno
            close(socket)
            unlink(path)
            throw SocketError(operation: "eventfd", path: path, code: code)
        }
        self.path = path
        self.controller = controller
        self.classGroups = classGroups
        self.timing = timing
        self.handler = handler
        file = FileIdentity(path: path)
    }

    deinit {
        close(socket)
        close(wakeUp)
    }

    /// Starts the thread.
    package func start() {
        thread.withLock { thread in
            guard thread == nil else { return }
            do {
                thread = try DedicatedThread("control-link") { [self] in LinkListenerLoop(self).run() }
            } catch { fatalError("\(error)") }
        }
    }

    /// Closes all connections, removes the socket's file and ends the thread. Clients keep what they have.
    package func stop() {
        tell { $0.stops = true }
        thread.withLock { $0.take() }?.join()
        // A successor may have put its own file there already.
        if let file, file == FileIdentity(path: path) { unlink(path) }
    }

    /// Offers a version, with the live state that belongs to it: new upstreams' endpoints arrive before the version, and
    /// `removed` ones go only from clients that run it.
    /// - Parameter classGroup: nil for the first one.
    package func publish(
        _ snapshot: PublishedSnapshot, to classGroup: String? = nil, changed: [EndpointSet] = [],
        removed: [String] = [], objects: [LiveObject] = [], removedObjects: [LiveObjectName] = []
    ) {
        change(classGroup) { offer in
            offer.snapshot = snapshot
            offer.add(changed: changed, removed: removed)
            offer.add(objects: objects, removed: removedObjects)
        }
    }

    /// Changes live state. An upstream whose endpoints are all gone is a change to an empty set; `removed` is for
    /// upstreams that the published version does not have.
    /// - Parameter classGroup: nil for the first one.
    package func updateLiveState(
        of classGroup: String? = nil, changed: [EndpointSet] = [], removed: [String] = [], objects: [LiveObject] = [],
        removedObjects: [LiveObjectName] = []
    ) {
        change(classGroup) { offer in
            offer.add(changed: changed, removed: removed)
            offer.add(objects: objects, removed: removedObjects)
        }
    }

    private func change(_ classGroup: String?, _ change: (inout Offer) -> Void) {
        tell { change(&$0.offers[classGroup ?? classGroups[0], default: Offer()]) }
    }

    /// Asks all clients to finish and exit.
    package func drain(deadlineMilliseconds: UInt32) {
        tell { $0.drainMilliseconds = deadlineMilliseconds }
    }

    /// The clients as they are now, by process name.
    package var clients: [LinkClientStatus] { board.withLock { $0.clients } }

    package var counters: LinkListenerCounters { board.withLock { $0.counters } }

    private func tell(_ change: (inout Inbox) -> Void) {
        inbox.withLock { change(&$0) }
        var one: UInt64 = 1
        _ = write(wakeUp, &one, MemoryLayout.size(ofValue: one))
    }
}
