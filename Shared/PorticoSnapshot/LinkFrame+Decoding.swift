internal import CPorticoSnapshot
import PorticoModel

extension LinkFrame {
    /// Reads a frame's content, without its length, from bytes that anyone may have made. Fields that this build does
    /// not know are ignored.
    package static func decode(_ bytes: UnsafeRawBufferPointer) throws(SnapshotError) -> LinkFrame {
        guard bytes.count <= maximumBytes else { throw .malformed(message: "Frame") }
        let arena = MessageArena(decoding: bytes.count)
        var allocator = arena.allocator
        let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        guard let message = portico__link__v1__frame__unpack(&allocator, bytes.count, start) else {
            throw .malformed(message: "Frame")
        }
        return try frame(message.pointee)
    }

    private static func frame(_ message: Portico__Link__V1__Frame) throws(SnapshotError) -> LinkFrame {
        switch message.content_case {
        case PORTICO__LINK__V1__FRAME__CONTENT_HELLO:
            return .hello(try hello(message.hello.pointee))
        case PORTICO__LINK__V1__FRAME__CONTENT_WELCOME:
            return .welcome(try welcome(message.welcome.pointee))
        case PORTICO__LINK__V1__FRAME__CONTENT_BLOB:
            return .blob(try blob(message.blob.pointee))
        case PORTICO__LINK__V1__FRAME__CONTENT_MANIFEST:
            return .manifest(try manifest(message.manifest.pointee))
        case PORTICO__LINK__V1__FRAME__CONTENT_ACK:
            return .ack(version(message.ack.pointee.version))
        case PORTICO__LINK__V1__FRAME__CONTENT_NACK:
            let error = try FieldReader(message: "Nack").text(message.nack.pointee.error, "error")
            return .nack(version(message.nack.pointee.version), error: error)
        case PORTICO__LINK__V1__FRAME__CONTENT_LIVE_STATE:
            return .liveState(try liveState(message.live_state.pointee))
        case PORTICO__LINK__V1__FRAME__CONTENT_DRAIN:
            return .drain(deadlineMilliseconds: message.drain.pointee.deadline_ms)
        case PORTICO__LINK__V1__FRAME__CONTENT_PING:
            return .ping(token: message.ping.pointee.token)
        case PORTICO__LINK__V1__FRAME__CONTENT_PONG:
            return .pong(token: message.pong.pointee.token)
        case PORTICO__LINK__V1__FRAME__CONTENT_METRICS:
            return .metrics(try MetricsReport(message.metrics.pointee))
        case PORTICO__LINK__V1__FRAME__CONTENT_LOG_EVENT:
            let reader = FieldReader(message: "LogEvent")
            let event = message.log_event.pointee
            return .logEvent(
                LogEvent(
                    level: try reader.text(event.level, "level"), message: try reader.text(event.message, "message")))
        case PORTICO__LINK__V1__FRAME__CONTENT_SPANS:
            let batch = message.spans.pointee
            return .spans(
                try FieldReader(message: "SpanBatch").list(batch.spans, batch.n_spans, "spans", SpanCodec.span))
        default:
            return .unknown
        }
    }

    private static func version(_ message: UnsafeMutablePointer<Portico__Link__V1__Version>?) -> Version {
        message.map { Version(epoch: $0.pointee.epoch, sequence: $0.pointee.sequence) } ?? .none
    }

    private static func hello(_ message: Portico__Link__V1__Hello) throws(SnapshotError) -> Hello {
        let reader = FieldReader(message: "Hello")
        return Hello(
            protocolMinimum: message.protocol_minimum, protocolMaximum: message.protocol_maximum,
            node: try reader.text(message.node, "node"), process: try reader.text(message.process, "process"),
            isWorker: message.is_worker != 0, classGroup: try reader.text(message.class_group, "class_group"),
            version: version(message.version),
            rootDigest: message.root_digest.len == 0 ? nil : try reader.digest(message.root_digest, "root_digest"),
            incarnation: try reader.text(message.incarnation, "incarnation"), processID: message.process_id,
            refusedVersion: message.refused == nil ? nil : version(message.refused))
    }

    private static func welcome(_ message: Portico__Link__V1__Welcome) throws(SnapshotError) -> Welcome {
        let reader = FieldReader(message: "Welcome")
        return Welcome(
            protocolVersion: message.protocol, controller: try reader.text(message.controller, "controller"),
            refusal: try reader.text(message.refusal, "refusal"))
    }

    private static func blob(_ message: Portico__Link__V1__Blob) throws(SnapshotError) -> Blob {
        let reader = FieldReader(message: "Blob")
        return Blob(
            digest: try reader.digest(message.digest, "digest"), isGroup: message.is_group != 0,
            content: reader.bytes(message.content))
    }

    private static func manifest(_ message: Portico__Link__V1__Manifest) throws(SnapshotError) -> Manifest {
        let reader = FieldReader(message: "Manifest")
        return Manifest(
            version: version(message.version), rootDigest: try reader.digest(message.root_digest, "root_digest"),
            root: reader.bytes(message.root), isPinned: message.is_pinned != 0)
    }

    private static func liveState(_ message: Portico__Link__V1__LiveState) throws(SnapshotError) -> LiveState {
        let reader = FieldReader(message: "LiveState")
        return LiveState(
            endpointSets: try reader.list(
                message.endpoint_sets, message.n_endpoint_sets, "endpoint_sets", endpointSet),
            removedUpstreams: try reader.texts(
                message.removed_upstreams, message.n_removed_upstreams, "removed_upstreams"),
            objects: try reader.list(message.objects, message.n_objects, "objects") {
                object throws(SnapshotError) in
                LiveObject(
                    LiveObjectKind(rawValue: object.kind), name: try reader.text(object.name, "objects.name"),
                    content: reader.bytes(object.content))
            },
            removedObjects: try reader.list(message.removed_objects, message.n_removed_objects, "removed_objects") {
                name throws(SnapshotError) in
                LiveObjectName(
                    kind: LiveObjectKind(rawValue: name.kind), name: try reader.text(name.name, "removed_objects.name"))
            },
            beginsListing: message.begins_listing != 0, endsListing: message.ends_listing != 0)
    }

    private static func endpointSet(_ message: Portico__Link__V1__EndpointSet) throws(SnapshotError) -> EndpointSet {
        let reader = FieldReader(message: "EndpointSet")
        let endpoints = try reader.list(message.endpoints, message.n_endpoints, "endpoints") {
            endpoint throws(SnapshotError) in
            guard let address = IPAddress(bytes: reader.bytes(endpoint.address)) else {
                throw reader.invalid("endpoints.address", "(\(endpoint.address.len) bytes)")
            }
            guard let port = UInt16(exactly: endpoint.port), port > 0 else {
                throw reader.invalid("endpoints.port", "\(endpoint.port)")
            }
            return Endpoint(address: address, port: port)
        }
        return EndpointSet(upstream: try reader.text(message.upstream, "upstream"), endpoints: endpoints)
    }
}

extension MetricsReport {
    fileprivate init(_ message: Portico__Link__V1__MetricsReport) throws(SnapshotError) {
        let reader = FieldReader(message: "MetricsReport")
        self.init(
            routes: try reader.list(message.routes, message.n_routes, "routes") {
                series throws(SnapshotError) in try RouteSeries(series)
            },
            counters: try reader.list(message.counters, message.n_counters, "counters") {
                counter throws(SnapshotError) in
                let reader = FieldReader(message: "Counter")
                return CounterSeries(
                    name: try reader.text(counter.name, "name"), isGauge: counter.is_gauge != 0, value: counter.value,
                    labels: try reader.texts(counter.labels, counter.n_labels, "labels"))
            })
    }
}

extension RouteSeries {
    fileprivate init(_ message: Portico__Link__V1__RouteSeries) throws(SnapshotError) {
        let reader = FieldReader(message: "RouteSeries")
        self.init(
            host: try reader.text(message.host, "host"), path: try reader.text(message.path, "path"),
            ingress: ObjectName(
                namespace: try reader.text(message.ingress_namespace, "ingress_namespace"),
                name: try reader.text(message.ingress_name, "ingress_name")),
            service: try reader.text(message.service, "service"))
        statuses = try reader.list(message.statuses, message.n_statuses, "statuses") {
            status throws(SnapshotError) in try StatusSeries(status)
        }
    }
}

extension StatusSeries {
    fileprivate init(_ message: Portico__Link__V1__StatusSeries) throws(SnapshotError) {
        let reader = FieldReader(message: "StatusSeries")
        self.init(
            method: message.method, status: message.status, requests: message.requests,
            histograms: try reader.list(message.histograms, message.n_histograms, "histograms") {
                histogram throws(SnapshotError) in
                let count = histogram.buckets == nil ? 0 : histogram.n_buckets
                return HistogramSeries(
                    buckets: Array(UnsafeBufferPointer(start: histogram.buckets, count: count)), sum: histogram.sum)
            })
    }
}
