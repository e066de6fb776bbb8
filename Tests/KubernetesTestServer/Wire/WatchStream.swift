import ClusterState
import KubernetesAPI
import PorticoModel
import ProcessSupervision

/// A watch: what happens to a collection, as it happens.
struct WatchStream {
    let reading: CollectionReading
    let connection: ServerConnection

    private var server: TestAPIServer { reading.server }
    private var resource: APIResource { reading.target.resource }
    private var wantsBookmarks: Bool { reading.request.query["allowWatchBookmarks"] == "true" }

    func run() throws {
        // From here on every change wakes this connection, so that none falls between what is read and the waiting.
        connection.watch(resource)
        defer { connection.watch(nil) }
        let (first, history) = try start()
        var version = first
        let clock = ContinuousClock()
        let seconds = reading.request.query["timeoutSeconds"].flatMap { Double($0) } ?? 3_600
        let deadline = clock.now + .seconds(seconds)
        var bookmarkAt = clock.now + .seconds(server.options.bookmarkSeconds)
        while clock.now < deadline {
            version = try sendNews(after: version, of: history)
            if wantsBookmarks, clock.now >= bookmarkAt {
                try send(event("BOOKMARK", bookmark(version)))
                server.state.withLock { $0.bookmarks[resource.plural] = version }
                bookmarkAt = clock.now + .seconds(server.options.bookmarkSeconds)
            }
            let next = wantsBookmarks ? min(bookmarkAt, deadline) : deadline
            let isThere = connection.wait(seconds: (next - clock.now) / .seconds(1))
            if connection.isSilent { connection.staySilent() }
            guard isThere else { throw ByteStream.Ended() }
        }
        try connection.stream.write(WireAnswer.streamEnd)
    }

    /// - Returns: the version to go on from, and the history that it is of.
    private func start() throws -> (version: Int, history: Int) {
        let text = reading.request.query["resourceVersion"] ?? ""
        let state = server.state.withLock { ($0.store.version, $0.store.compacted, $0.store.history) }
        guard let wanted = Int(text), wanted > 0 else {
            let (objects, version, history) = server.state.withLock {
                ($0.store.objects(of: resource), $0.store.version, $0.store.history)
            }
            try connection.stream.write(WireAnswer.streamHead)
            for object in objects where reading.accepts(object.node) { try send(event("ADDED", encode(object))) }
            return (version, history)
        }
        if wanted > state.0 {
            throw Refusal(
                504, "Timeout", "Too large resource version: \(wanted), current: \(state.0)", retryAfterSeconds: 1,
                causes: ["ResourceVersionTooLarge"])
        }
        try connection.stream.write(WireAnswer.streamHead)
        if wanted < state.1 {
            let expired = Refusal(410, "Expired", "too old resource version: \(wanted) (\(state.1))")
            try send(event("ERROR", Array(expired.node.json.utf8)))
            try connection.stream.write(WireAnswer.streamEnd)
            throw ByteStream.Ended()
        }
        return (wanted, state.2)
    }

    private func sendNews(after version: Int, of history: Int) throws -> Int {
        let (entries, newest, present) = server.state.withLock {
            (Array($0.store.entries(of: resource, after: version)), $0.store.version, $0.store.history)
        }
        guard present == history else { throw ByteStream.Ended() }
        var bytes: [UInt8] = []
        for entry in entries {
            guard let kind = kind(of: entry) else { continue }
            bytes += event(kind.rawValue, encode(entry.object))
        }
        if !bytes.isEmpty { try send(bytes) }
        return max(version, newest)
    }

    /// What the change is to those who see only what the selectors accept.
    private func kind(of entry: LogEntry) -> LogEntry.Kind? {
        let was = entry.previous.map(reading.accepts) ?? false
        let isNow = entry.kind != .deleted && reading.accepts(entry.object.node)
        switch (was, isNow) {
        case (false, false): return nil
        case (false, true): return .added
        case (true, true): return .modified
        case (true, false): return .deleted
        }
    }

    private func encode(_ object: StoredObject) -> [UInt8] {
        reading.isPartial ? Array(object.partial.json.utf8) : object.json
    }

    private func bookmark(_ version: Int) -> [UInt8] {
        let kind = reading.isPartial ? "PartialObjectMetadata" : resource.kind
        let group = reading.isPartial ? "meta.k8s.io/v1" : resource.apiVersion
        let node: ObjectNode = [
            "kind": .text(kind), "apiVersion": .text(group),
            "metadata": ["resourceVersion": .text("\(version)"), "creationTimestamp": nil],
        ]
        return Array(node.json.utf8)
    }

    private func event(_ type: String, _ object: [UInt8]) -> [UInt8] {
        Array("{\"type\":\"\(type)\",\"object\":".utf8) + object + Array("}\n".utf8)
    }

    private func send(_ bytes: [UInt8]) throws { try connection.stream.write(WireAnswer.chunk(bytes)) }
}
