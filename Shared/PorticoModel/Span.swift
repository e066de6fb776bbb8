/// A span as a worker reports it: what one part of a request's way was and how long it took.
package struct Span: Hashable, Sendable {
    /// OTLP's numbers.
    package enum Kind: UInt32, Hashable, Sendable {
        /// A request that was answered.
        case server = 2
        /// A request that was made of an endpoint.
        case client = 3
    }

    package static let traceByteCount = 16
    package static let spanByteCount = 8

    package var traceID: [UInt8]
    package var spanID: [UInt8]
    /// Empty where the trace begins with this span.
    package var parentID: [UInt8]
    package var traceState = ""
    package var kind: Kind
    package var name: String
    // Since 1970.
    package var startNanoseconds: UInt64
    package var endNanoseconds: UInt64
    package var isError = false
    package var attributes: [SpanAttribute] = []

    package init(
        traceID: [UInt8], spanID: [UInt8], parentID: [UInt8], kind: Kind, name: String, startNanoseconds: UInt64,
        endNanoseconds: UInt64
    ) {
        self.traceID = traceID
        self.spanID = spanID
        self.parentID = parentID
        self.kind = kind
        self.name = name
        self.startNanoseconds = startNanoseconds
        self.endNanoseconds = endNanoseconds
    }
}

/// What is known about a span, under a name of OpenTelemetry's conventions.
package struct SpanAttribute: Hashable, Sendable {
    package enum Value: Hashable, Sendable {
        case text(String)
        case number(Int64)
    }

    package var name: String
    package var value: Value

    package init(_ name: String, _ text: String) {
        self.name = name
        value = .text(text)
    }

    package init(_ name: String, number: Int64) {
        self.name = name
        value = .number(number)
    }
}
