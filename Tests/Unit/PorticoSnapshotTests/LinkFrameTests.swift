import PorticoModel
import PorticoSnapshot
import Testing

@Suite struct LinkFrameTests {
    static let version = Version(epoch: 3, sequence: .max)
    static let digest = Digest.sha256(of: [1, 2, 3])

    static var endpoints: [Endpoint] {
        [[10, 0, 0, 1], [UInt8](repeating: 0xfe, count: 16)].compactMap { IPAddress(bytes: $0) }.map {
            Endpoint(address: $0, port: 8080)
        }
    }

    static var series: RouteSeries {
        var series = RouteSeries(
            host: "a", path: "/", ingress: ObjectName(namespace: "default", name: "a"), service: "b")
        series.statuses = [
            StatusSeries(
                method: 1, status: 200, requests: .max,
                histograms: [
                    HistogramSeries(buckets: [0, 1, 2], sum: 0.25), HistogramSeries(buckets: [], sum: 2),
                    HistogramSeries(buckets: [.max], sum: 3e300),
                ]),
            StatusSeries(method: 0, status: 0, requests: 0),
        ]
        return series
    }

    static let frames: [LinkFrame] = [
        .hello(
            LinkFrame.Hello(
                protocolMinimum: 1, protocolMaximum: 2, node: "node-1", process: "worker-0", isWorker: true,
                classGroup: "nginx", version: version, rootDigest: digest, incarnation: "x", processID: 77)),
        .hello(
            LinkFrame.Hello(
                protocolMinimum: 0, protocolMaximum: 0, node: "", process: "", isWorker: false, classGroup: "",
                version: .none, rootDigest: nil, incarnation: "", processID: 0)),
        .welcome(LinkFrame.Welcome(protocolVersion: 1, controller: "control-0")),
        .blob(LinkFrame.Blob(digest: digest, isGroup: true, content: [0, 255, 0])),
        .blob(LinkFrame.Blob(digest: digest, isGroup: false, content: [])),
        .manifest(LinkFrame.Manifest(version: version, rootDigest: digest, root: [9], isPinned: true)),
        .ack(version), .nack(version, error: "no"),
        .liveState(
            LinkFrame.LiveState(
                endpointSets: [
                    EndpointSet(upstream: "u", endpoints: endpoints), EndpointSet(upstream: "v", endpoints: []),
                ], removedUpstreams: ["w", ""],
                objects: [
                    LiveObject(.certificate, name: "n/s", content: [1, 0, 2]),
                    LiveObject(LiveObjectKind(rawValue: 4_711), name: "", content: []),
                ], removedObjects: [LiveObjectName(kind: .ticketKeys, name: "x")], beginsListing: true,
                endsListing: true)),
        .liveState(LinkFrame.LiveState()),
        .drain(deadlineMilliseconds: 5), .ping(token: 1), .pong(token: 2),
        .metrics(
            MetricsReport(
                routes: [series], counters: [CounterSeries(name: "c", isGauge: true, value: -1.5, labels: ["a", "b"])])),
        .logEvent(LinkFrame.LogEvent(level: "warning", message: "m")),
        .spans([
            span,
            Span(
                traceID: Array(1...16), spanID: Array(1...8), parentID: [], kind: .client, name: "",
                startNanoseconds: 0,
                endNanoseconds: 0),
        ]),
        .spans([]),
        .unknown,
    ]

    private static var span: Span {
        var span = Span(
            traceID: Array(1...16), spanID: Array(1...8), parentID: Array(9...16), kind: .server, name: "GET /käse",
            startNanoseconds: 1, endNanoseconds: .max)
        span.traceState = "vendor=1"
        span.isError = true
        span.attributes = [SpanAttribute("a", "b"), SpanAttribute("n", number: -3), SpanAttribute("", "")]
        return span
    }

    private func decode(_ bytes: some Collection<UInt8>) throws -> LinkFrame {
        try Array(bytes).withUnsafeBytes { try LinkFrame.decode($0) }
    }

    @Test(arguments: frames)
    func `A frame reads back what it writes`(frame: LinkFrame) throws {
        let bytes = frame.encode()
        #expect(bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) } == bytes.count - 4)
        #expect(try decode(bytes.dropFirst(4)) == frame)
    }

    @Test(arguments: frames)
    func `Any changed byte is refused or decodes to something that encodes again`(frame: LinkFrame) throws {
        let bytes = frame.encode().dropFirst(4)
        for index in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[index] ^= 1 << bit
                guard let other = try? decode(damaged) else { continue }
                _ = other.encode()
            }
        }
    }

    @Test(
        arguments: [
            // Endpoints with an address of 3 bytes, and with port 0.
            [0x3a, 0x09, 0x0a, 0x07, 0x12, 0x05, 0x0a, 0x03, 1, 2, 3],
            [0x3a, 0x0a, 0x0a, 0x08, 0x12, 0x06, 0x0a, 0x04, 1, 2, 3, 4],
            // A blob with a short digest.
            [0x1a, 0x03, 0x0a, 0x01, 0x00],
            // A log event that is no UTF-8.
            [0x62, 0x03, 0x12, 0x01, 0xff],
        ] as [[UInt8]])
    func `A frame with an impossible value is refused`(bytes: [UInt8]) {
        #expect(throws: SnapshotError.self) { try decode(bytes) }
    }
}
