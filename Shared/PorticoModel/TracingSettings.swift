/// What is said for all routes about tracing; whether a route is traced is its policy's.
package struct TracingSettings: Hashable, Sendable {
    package enum Sampler: UInt32, Hashable, Sendable {
        case always
        case never
        /// The share of traces that `threshold` says, chosen by their identifiers.
        case ratio
    }

    /// Of traces that begin here.
    package var sampler = Sampler.always
    /// Of 2^63.
    package var threshold: UInt64 = TracingSettings.threshold(ratio: 0.01)
    /// The client's decision counts, where it has made one.
    package var followsParent = true
    /// There is a collector to send spans to.
    package var isExported = false
    /// Spans that may wait in a worker, and again in the control plane.
    package var maximumQueue: UInt32 = 2_048

    package init() {}

    /// - Parameter ratio: from 0 to 1.
    package static func threshold(ratio: Double) -> UInt64 { UInt64(ratio * 9_223_372_036_854_775_808) }

    /// Whether spans of a trace are recorded. All who share the trace come to the same decision.
    /// - Parameters:
    ///   - traceLow: the second half of the trace's identifier.
    ///   - parent: the client's decision, where its trace is continued.
    package func samples(traceLow: UInt64, parent: Bool?) -> Bool {
        if followsParent, let parent { return parent }
        return switch sampler {
        case .always: true
        case .never: false
        case .ratio: traceLow >> 1 < threshold
        }
    }
}

/// Where spans of a class group go.
package struct TraceCollector: Hashable, Sendable {
    /// A name or an address, without brackets.
    package var host: String
    package var port: UInt16
    package var serviceName = "nginx"
    package var maximumQueue = 2_048
    /// Spans that go together are collected for so long.
    package var delayMilliseconds = 5_000
    package var maximumBatch = 512

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }
}
