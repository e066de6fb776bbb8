import ControlClient
import ControlLink
import Glibc
import PorticoModel
import PorticoSnapshot
import Testing

/// A worker's link on a real socket, driven by the test.
final class LinkWorker {
    let client: ControlLinkClient
    private(set) var descriptor: Int32 = -1
    private(set) var receivedBytes = 0
    private(set) var updates: [SnapshotUpdate] = []
    private(set) var endpoints: [String: EndpointSet] = [:]
    private(set) var objects: [LiveObjectName: LiveObject] = [:]
    private(set) var isComplete = false
    private(set) var error: LinkError?
    var outcome = ApplyOutcome.applied
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)

    init(_ name: String = "worker-0", classGroup: String = "", protocols: ProtocolRange = .current) {
        client = ControlLinkClient(
            identity: LinkIdentity(
                node: "test", process: name, classGroup: classGroup, incarnation: name,
                processID: UInt32(getpid())),
            protocols: protocols)
    }

    deinit {
        disconnect()
        buffer.deallocate()
    }

    var version: Version { client.runningVersion }
    var isConnected: Bool { descriptor >= 0 }

    func connect(_ path: String) throws {
        disconnect()
        descriptor = try UnixSocket.connect(path: path)
        isComplete = false
        error = nil
        client.connectionOpened()
    }

    func disconnect() {
        guard isConnected else { return }
        close(descriptor)
        descriptor = -1
        client.connectionClosed()
    }

    /// Reads, obeys and writes until the condition holds; gives up after ten seconds.
    func run(
        until condition: (LinkWorker) -> Bool, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let end = ContinuousClock.now + .seconds(10)
        while !condition(self) {
            guard ContinuousClock.now < end else {
                Issue.record("nothing came within ten seconds", sourceLocation: sourceLocation)
                return
            }
            step()
        }
    }

    /// The same without keeping a thread of the test run from the control plane's own tasks.
    func follow(
        isolation: isolated (any Actor)? = #isolation, sourceLocation: SourceLocation = #_sourceLocation,
        until condition: (LinkWorker) -> Bool
    ) async {
        let end = ContinuousClock.now + .seconds(20)
        while !condition(self) {
            guard ContinuousClock.now < end else {
                Issue.record("nothing came within twenty seconds", sourceLocation: sourceLocation)
                return
            }
            step(waitMilliseconds: 0)
            try? await Task.sleep(for: .milliseconds(2))
        }
    }

    /// Obeys what has arrived, without waiting.
    func takeWhatIsThere() { for _ in 0..<50 { step(waitMilliseconds: 0) } }

    private func step(waitMilliseconds: Int32 = 5) {
        guard isConnected else {
            usleep(1000)
            return
        }
        if !SocketTransfer.flush(&client.output, to: descriptor) { return disconnect() }
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, waitMilliseconds) > 0 else { return }
        switch SocketTransfer.read(descriptor, into: buffer) {
        case .wouldBlock: return
        case .closed: disconnect()
        case .read(let count):
            receivedBytes += count
            do throws(LinkError) {
                try client.receive(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            } catch {
                self.error = error
                return disconnect()
            }
            obey()
            _ = SocketTransfer.flush(&client.output, to: descriptor)
        }
    }

    private func obey() {
        while let order = client.nextOrder() {
            switch order {
            case .connected, .drain: break
            case .apply(let update):
                updates.append(update)
                client.finishApplying(outcome)
            case .setEndpoints(let sets): for set in sets { endpoints[set.upstream] = set }
            case .removeUpstreams(let names): for name in names { endpoints[name] = nil }
            case .setObjects(let changed): for object in changed { objects[object.name] = object }
            case .removeObjects(let names): for name in names { objects[name] = nil }
            case .initialStateComplete: isComplete = true
            }
        }
    }
}
