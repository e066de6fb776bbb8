import ControlLink
import Glibc
import PorticoModel
import PorticoSnapshot

/// The thread of a `LinkListener`: waits for sockets and for callers, and moves bytes for one client after another, a
/// bounded amount at a time.
final class LinkListenerLoop {
    /// Peers that are not clients yet count too.
    static let connectionLimit = 1024
    private static let pauseMilliseconds: Int32 = 100
    private static let bufferBytes = 64 << 10

    private let listener: LinkListener
    private var publications: [String: LinkPublication]
    private var connections: [LinkConnection] = []
    private var nextID: UInt64 = 1
    private var nextPing: Int64
    private var stops = false
    /// After a failure, as for want of descriptors, the waiting peers would wake the poll at once, again and again.
    private var acceptsFrom: Int64 = 0
    private var counters = LinkListenerCounters()
    /// For the handler, once what it may look up is posted.
    private var events: [LinkListenerEvent] = []
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bufferBytes, alignment: 16)

    init(_ listener: LinkListener) {
        self.listener = listener
        publications = Dictionary(uniqueKeysWithValues: listener.classGroups.map { ($0, LinkPublication()) })
        nextPing = monotonicMilliseconds() + listener.timing.pingIntervalMilliseconds
    }

    deinit { buffer.deallocate() }

    func run() {
        while !stops {
            let ready = wait()
            if ready[0] & Int16(POLLIN) != 0 { takeInbox() }
            if ready[1] & Int16(POLLIN) != 0 { acceptPeers() }
            for (index, connection) in connections.enumerated() {
                let events = index + 2 < ready.count ? ready[index + 2] : 0
                if events & Int16(POLLIN | POLLHUP | POLLERR) != 0 { read(connection) }
            }
            keepTime()
            for connection in connections { write(connection) }
            removeClosed()
            post()
        }
        for connection in connections { end(connection, reason: "the control plane is stopping") }
        removeClosed()
        post()
    }

    /// - Returns: what became of the wake-up descriptor, the listening socket and the connections.
    private func wait() -> [Int16] {
        var descriptors = [pollfd(fd: listener.wakeUp, events: Int16(POLLIN), revents: 0)]
        // A negative descriptor is left out.
        let accepts = connections.count < LinkListenerLoop.connectionLimit && monotonicMilliseconds() >= acceptsFrom
        descriptors.append(pollfd(fd: accepts ? listener.socket : -1, events: Int16(POLLIN), revents: 0))
        var timeout = Int32(clamping: max(0, nextPing - monotonicMilliseconds()))
        if acceptsFrom > 0, !accepts { timeout = min(timeout, LinkListenerLoop.pauseMilliseconds) }
        for connection in connections {
            let events = connection.output.isEmpty ? POLLIN : POLLIN | POLLOUT
            descriptors.append(pollfd(fd: connection.descriptor, events: Int16(events), revents: 0))
            if connection.hasMore { timeout = 0 }
        }
        guard poll(&descriptors, nfds_t(descriptors.count), timeout) > 0 else {
            return Array(repeating: 0, count: descriptors.count)
        }
        return descriptors.map(\.revents)
    }

    private func takeInbox() {
        var count: UInt64 = 0
        _ = Glibc.read(listener.wakeUp, &count, MemoryLayout.size(ofValue: count))
        let inbox = listener.inbox.withLock { inbox in
            defer { inbox = LinkListener.Inbox(stops: inbox.stops) }
            return inbox
        }
        stops = inbox.stops
        for (group, offer) in inbox.offers { take(offer, for: group) }
        guard let deadline = inbox.drainMilliseconds else { return }
        for connection in connections { connection.session.drain(deadlineMilliseconds: deadline) }
    }

    private func take(_ offer: LinkListener.Offer, for group: String) {
        let dirty = publications[group]?.update(
            changed: Array(offer.changed.values), removed: Array(offer.removed), objects: Array(offer.objects.values),
            removedObjects: Array(offer.removedObjects))
        guard let dirty else { return }
        if let snapshot = offer.snapshot { publications[group]?.publish(snapshot) }
        for connection in connections where connection.classGroup == group { connection.session.markDirty(dirty) }
    }

    /// The class group that a hello means.
    private func resolve(_ classGroup: String) -> String {
        classGroup.isEmpty ? listener.classGroups[0] : classGroup
    }

    private func offer(for classGroup: String) -> LinkOffer {
        if let publication = publications[resolve(classGroup)] { return .publication(publication) }
        let known = listener.classGroups.map { "'\($0)'" }.joined(separator: ", ")
        return .refusal("there is no class group '\(classGroup)' here, only \(known)")
    }

    private func publication(for connection: LinkConnection) -> LinkPublication {
        connection.classGroup.flatMap { publications[$0] } ?? LinkPublication()
    }

    private func acceptPeers() {
        for _ in 0..<16 where connections.count < LinkListenerLoop.connectionLimit {
            guard let descriptor = UnixSocket.accept(listener.socket) else {
                if errno == EMFILE || errno == ENFILE {
                    acceptsFrom = monotonicMilliseconds() + Int64(LinkListenerLoop.pauseMilliseconds)
                }
                return
            }
            guard let peer = UnixSocket.peerCredentials(descriptor), UnixSocket.isTrusted(peer) else {
                close(descriptor)
                counters.untrustedPeers += 1
                events.append(.rejected(reason: "a peer of another user"))
                continue
            }
            counters.connections += 1
            connections.append(
                LinkConnection(id: nextID, descriptor: descriptor, controller: listener.controller))
            nextID += 1
        }
    }

    /// Reads a bounded amount; the poll finds what is left.
    private func read(_ connection: LinkConnection) {
        for _ in 0..<4 where !connection.isClosed {
            switch SocketTransfer.read(connection.descriptor, into: buffer) {
            case .wouldBlock: return
            case .closed: return end(connection, reason: nil)
            case .read(let count):
                connection.lastHeard = monotonicMilliseconds()
                let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
                do throws(LinkError) {
                    try connection.session.receive(bytes) { self.offer(for: $0) }
                    report(connection)
                } catch {
                    report(connection)
                    counters.malformedFrames += 1
                    end(connection, reason: error.description)
                }
            }
        }
    }

    /// Produces and sends a bounded amount, so that no client delays the others.
    private func write(_ connection: LinkConnection) {
        guard !connection.isClosed else { return }
        connection.hasMore = false
        connection.session.produce(into: &connection.output, publication: publication(for: connection))
        report(connection)
        let count = connection.output.count
        guard count > 0 else {
            if connection.session.isFinished { end(connection, reason: nil) }
            return
        }
        guard SocketTransfer.flush(&connection.output, to: connection.descriptor) else {
            return end(connection, reason: nil)
        }
        counters.sentBytes += UInt64(count - connection.output.count)
        connection.hasMore = connection.output.isEmpty
    }

    /// Turns what the session noticed into events and counts.
    private func report(_ connection: LinkConnection) {
        for event in connection.session.takeEvents() {
            switch event {
            case .acknowledged: counters.acknowledgements += 1
            case .refused: counters.refusals += 1
            case .incompatible(let hello):
                counters.incompatiblePeers += 1
                events.append(.rejected(reason: "\(hello.process) of \(hello.node) speaks no protocol in common"))
            case .unknownClassGroup(let hello):
                counters.unknownClassGroups += 1
                let client = "\(hello.process) of \(hello.node)"
                events.append(.rejected(reason: "\(client) asks for the unknown class group '\(hello.classGroup)'"))
            default: break
            }
            if let event = connection.take(event, classGroup: resolve) { events.append(event) }
        }
    }

    private func keepTime() {
        let now = monotonicMilliseconds()
        for connection in connections {
            if connection.isOverdue(now: now) {
                end(connection, reason: "no hello")
            } else if now - connection.lastHeard > listener.timing.closeMilliseconds {
                counters.silentClients += 1
                end(connection, reason: "it answers no ping")
            }
        }
        guard now >= nextPing else { return }
        nextPing = now + listener.timing.pingIntervalMilliseconds
        for connection in connections { connection.session.ping(token: UInt64(now)) }
    }

    private func end(_ connection: LinkConnection, reason: String?) {
        guard !connection.isClosed else { return }
        connection.close()
        if let client = connection.client {
            events.append(.disconnected(client, reason: reason))
        } else if let reason {
            events.append(.rejected(reason: reason))
        }
    }

    private func removeClosed() { connections.removeAll { $0.isClosed } }

    /// Shows the state of things, then tells what happened.
    private func post() {
        let now = monotonicMilliseconds()
        let clients = connections.compactMap { connection in
            connection.status(
                publication(for: connection).snapshot, now: now,
                silenceMilliseconds: listener.timing.silenceMilliseconds)
        }
        let counters = counters
        listener.board.withLock { board in
            board.clients = clients.sorted {
                ($0.client.hello.process, $0.client.id) < ($1.client.hello.process, $1.client.id)
            }
            board.counters = counters
        }
        for event in events { listener.handler(event) }
        events.removeAll(keepingCapacity: true)
    }
}

/// Milliseconds of a clock that only goes forward.
func monotonicMilliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}

/// Milliseconds since 1970.
func unixMilliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}
