internal import CPorticoSnapshot
import PorticoModel

extension LinkFrame {
    /// The frame as it goes over the wire: its length as four bytes, big-endian, and its content.
    package func encode() -> [UInt8] {
        let arena = MessageArena()
        let frame = arena.make(portico__link__v1__frame__init)
        fill(&frame.pointee, in: arena)
        var bytes = packed(base(frame), reservingPrefix: LinkFrame.prefixBytes)
        let length = UInt32(bytes.count - LinkFrame.prefixBytes)
        bytes.withUnsafeMutableBytes { $0.storeBytes(of: length.bigEndian, as: UInt32.self) }
        return bytes
    }

    private func fill(_ frame: inout Portico__Link__V1__Frame, in arena: borrowing MessageArena) {
        switch self {
        case .hello(let hello):
            frame.content_case = PORTICO__LINK__V1__FRAME__CONTENT_HELLO
            frame.hello = hello.message(in: arena)
        case .welcome(let welcome):
            frame.content_case = PORTICO__LINK__V1__FRAME__CONTENT_WELCOME
            frame.welcome = arena.make(portico__link__v1__welcome__init)
            frame.welcome.pointee.protocol = welcome.protocolVersion
            frame.welcome.pointee.controller = arena.text(welcome.controller)
            frame.welcome.pointee.refusal = arena.text(welcome.refusal)
        case .blob(let blob):
            frame.content_case = PORTICO__LINK__V1__FRAME__CONTENT_BLOB
            frame.blob = arena.make(portico__link__v1__blob__init)
            frame.blob.pointee.digest = arena.data(blob.digest)
            frame.blob.pointee.is_group = blob.isGroup ? 1 : 0
            frame.blob.pointee.content = arena.data(blob.content)
        case .manifest(let manifest):
            frame.content_case = PORTICO__LINK__V1__FRAME__CONTENT_MANIFEST
            frame.manifest = manifest.message(in: arena)
        case .ack(let version):
            frame.content_case = PORTICO__LINK__V1__FRAME__CONTENT_ACK
            frame.ack = arena.make(portico__link__v1__ack__init)
            frame.ack.pointee.version = version.message(in: arena)
        case .nack(let version, let error):
            frame.content_case = PORTICO__LINK__V1__FRAME__CONTENT_NACK
            frame.nack = arena.make(portico__link__v1__nack__init)
            frame.nack.pointee.version = version.message(in: arena)
            frame.nack.pointee.error = arena.text(error)
        case .liveState(let state):
            frame.content_case = PORTICO__LINK__V1__FRAME__CONTENT_LIVE_STATE
            frame.live_state = state.message(in: arena)
        case .metrics(let report):
            frame.content_case = PORTICO__LINK__V1__FRAME__CONTENT_METRICS
            frame.metrics = report.message(in: arena)
        case .logEvent(let event):
            frame.content_case = PORTICO__LINK__V1__FRAME__CONTENT_LOG_EVENT
            frame.log_event = arena.make(portico__link__v1__log_event__init)
            frame.log_event.pointee.level = arena.text(event.level)
            frame.log_event.pointee.message = arena.text(event.message)
        case .spans(let spans):
            frame.content_case = PORTICO__LINK__V1__FRAME__CONTENT_SPANS
            frame.spans = arena.make(portico__link__v1__span_batch__init)
            frame.spans.pointee.n_spans = spans.count
            frame.spans.pointee.spans = SpanCodec.list(spans, in: arena)
        default:
            fillControl(&frame, in: arena)
        }
    }

    private func fillControl(_ frame: inout Portico__Link__V1__Frame, in arena: borrowing MessageArena) {
        switch self {
        case .drain(let deadline):
            frame.content_case = PORTICO__LINK__V1__FRAME__CONTENT_DRAIN
            frame.drain = arena.make(portico__link__v1__drain__init)
            frame.drain.pointee.deadline_ms = deadline
        case .ping(let token):
            frame.content_case = PORTICO__LINK__V1__FRAME__CONTENT_PING
            frame.ping = arena.make(portico__link__v1__ping__init)
            frame.ping.pointee.token = token
        case .pong(let token):
            frame.content_case = PORTICO__LINK__V1__FRAME__CONTENT_PONG
            frame.pong = arena.make(portico__link__v1__pong__init)
            frame.pong.pointee.token = token
        default:
            frame.content_case = PORTICO__LINK__V1__FRAME__CONTENT__NOT_SET
        }
    }
}

extension Version {
    fileprivate func message(
        in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Link__V1__Version> {
        let message = arena.make(portico__link__v1__version__init)
        message.pointee.epoch = epoch
        message.pointee.sequence = sequence
        return message
    }
}

extension LinkFrame.Hello {
    fileprivate func message(in arena: borrowing MessageArena) -> UnsafeMutablePointer<Portico__Link__V1__Hello> {
        let message = arena.make(portico__link__v1__hello__init)
        message.pointee.protocol_minimum = protocolMinimum
        message.pointee.protocol_maximum = protocolMaximum
        message.pointee.node = arena.text(node)
        message.pointee.process = arena.text(process)
        message.pointee.is_worker = isWorker ? 1 : 0
        message.pointee.class_group = arena.text(classGroup)
        message.pointee.version = version.message(in: arena)
        if let rootDigest { message.pointee.root_digest = arena.data(rootDigest) }
        message.pointee.incarnation = arena.text(incarnation)
        message.pointee.process_id = processID
        if let refusedVersion { message.pointee.refused = refusedVersion.message(in: arena) }
        return message
    }
}

extension LinkFrame.Manifest {
    fileprivate func message(
        in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Link__V1__Manifest> {
        let message = arena.make(portico__link__v1__manifest__init)
        message.pointee.version = version.message(in: arena)
        message.pointee.root_digest = arena.data(rootDigest)
        message.pointee.root = arena.data(root)
        message.pointee.is_pinned = isPinned ? 1 : 0
        return message
    }
}

extension LinkFrame.LiveState {
    fileprivate func message(
        in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Link__V1__LiveState> {
        let message = arena.make(portico__link__v1__live_state__init)
        message.pointee.n_endpoint_sets = endpointSets.count
        message.pointee.endpoint_sets = arena.list(endpointSets) { set in
            let item = arena.make(portico__link__v1__endpoint_set__init)
            item.pointee.upstream = arena.text(set.upstream)
            item.pointee.n_endpoints = set.endpoints.count
            item.pointee.endpoints = arena.list(set.endpoints) {
                let endpoint = arena.make(portico__link__v1__endpoint__init)
                endpoint.pointee.address = arena.data($0.address.bytes)
                endpoint.pointee.port = UInt32($0.port)
                return endpoint
            }
            return item
        }
        message.pointee.n_removed_upstreams = removedUpstreams.count
        message.pointee.removed_upstreams = arena.list(removedUpstreams) { arena.text($0) }
        message.pointee.begins_listing = beginsListing ? 1 : 0
        message.pointee.ends_listing = endsListing ? 1 : 0
        message.pointee.n_objects = objects.count
        message.pointee.objects = arena.list(objects) { object in
            let item = arena.make(portico__link__v1__live_object__init)
            item.pointee.kind = object.name.kind.rawValue
            item.pointee.name = arena.text(object.name.name)
            item.pointee.content = arena.data(object.content)
            return item
        }
        message.pointee.n_removed_objects = removedObjects.count
        message.pointee.removed_objects = arena.list(removedObjects) { name in
            let item = arena.make(portico__link__v1__live_object_name__init)
            item.pointee.kind = name.kind.rawValue
            item.pointee.name = arena.text(name.name)
            return item
        }
        return message
    }
}

extension MetricsReport {
    fileprivate func message(
        in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Link__V1__MetricsReport> {
        let message = arena.make(portico__link__v1__metrics_report__init)
        message.pointee.n_routes = routes.count
        message.pointee.routes = arena.list(routes) { $0.message(in: arena) }
        message.pointee.n_counters = counters.count
        message.pointee.counters = arena.list(counters) { counter in
            let item = arena.make(portico__link__v1__counter__init)
            item.pointee.name = arena.text(counter.name)
            item.pointee.is_gauge = counter.isGauge ? 1 : 0
            item.pointee.value = counter.value
            item.pointee.n_labels = counter.labels.count
            item.pointee.labels = arena.list(counter.labels) { arena.text($0) }
            return item
        }
        return message
    }
}

extension RouteSeries {
    fileprivate func message(
        in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Link__V1__RouteSeries>? {
        let message = arena.make(portico__link__v1__route_series__init)
        message.pointee.host = arena.text(host)
        message.pointee.path = arena.text(path)
        message.pointee.ingress_namespace = arena.text(ingress.namespace)
        message.pointee.ingress_name = arena.text(ingress.name)
        message.pointee.service = arena.text(service)
        message.pointee.n_statuses = statuses.count
        message.pointee.statuses = arena.list(statuses) { $0.message(in: arena) }
        return message
    }
}

extension StatusSeries {
    fileprivate func message(
        in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Link__V1__StatusSeries>? {
        let message = arena.make(portico__link__v1__status_series__init)
        message.pointee.method = method
        message.pointee.status = status
        message.pointee.requests = requests
        message.pointee.n_histograms = histograms.count
        message.pointee.histograms = arena.list(histograms) { histogram in
            let item = arena.make(portico__link__v1__histogram__init)
            item.pointee.n_buckets = histogram.buckets.count
            item.pointee.buckets = arena.list(histogram.buckets) { $0 }
            item.pointee.sum = histogram.sum
            return item
        }
        return message
    }
}
