import HTTPCore
import PorticoModel

/// Where a request stands in a trace (W3C Trace Context): the trace, what is recorded of it here, and whose child that is.
package struct TraceContext: BitwiseCopyable, Hashable {
    package var traceHigh: UInt64
    package var traceLow: UInt64
    /// The client's span; 0 where the trace begins here.
    package var parent: UInt64 = 0
    /// The span of the request.
    package var span: UInt64 = 0
    /// The span of the attempt that is answered: what endpoints see as their parent.
    package var attempt: UInt64 = 0
    package var isSampled: Bool

    private static let byteCount = 55
    private static let sampledFlag: UInt8 = 1

    /// A trace that begins here.
    package init(beginning generator: inout RequestIDGenerator) {
        traceHigh = generator.next()
        traceLow = TraceContext.identifier(&generator)
        isSampled = false
    }

    /// The trace that a client names.
    /// - Returns: nil for what is not well-formed, which is as if it were not there (§3.2.2).
    package init?(traceParent value: UnsafeRawBufferPointer) {
        guard value.count >= TraceContext.byteCount,
            let version = TraceContext.hexadecimal(value, 0, 2), version != 0xFF,
            value.count == TraceContext.byteCount
                || version > 0 && value[TraceContext.byteCount] == UInt8(ascii: "-"),
            [2, 35, 52].allSatisfy({ value[$0] == UInt8(ascii: "-") }),
            let high = TraceContext.hexadecimal(value, 3, 16), let low = TraceContext.hexadecimal(value, 19, 16),
            let parent = TraceContext.hexadecimal(value, 36, 16), let flags = TraceContext.hexadecimal(value, 53, 2),
            high | low != 0, parent != 0
        else { return nil }
        traceHigh = high
        traceLow = low
        self.parent = parent
        isSampled = UInt8(flags) & TraceContext.sampledFlag != 0
    }

    /// Begins spans here, and decides whether they are recorded.
    package mutating func begin(by settings: TracingSettings, _ generator: inout RequestIDGenerator) {
        span = TraceContext.identifier(&generator)
        attempt = TraceContext.identifier(&generator)
        isSampled = settings.samples(traceLow: traceLow, parent: parent == 0 ? nil : isSampled)
    }

    /// Zero is no identifier.
    package static func identifier(_ generator: inout RequestIDGenerator) -> UInt64 { max(1, generator.next()) }

    package func writeTrace(to writer: inout ByteWriter) {
        writer.append(sixteenHexadecimalDigits: traceHigh)
        writer.append(sixteenHexadecimalDigits: traceLow)
    }

    /// The value of `traceparent` for endpoints.
    package func writeTraceParent(to writer: inout ByteWriter) {
        writer.append("00-")
        writeTrace(to: &writer)
        writer.append("-")
        writer.append(sixteenHexadecimalDigits: attempt)
        writer.append(isSampled ? "-01" : "-00")
    }

    /// Lower case digits alone are valid.
    private static func hexadecimal(_ text: UnsafeRawBufferPointer, _ start: Int, _ count: Int) -> UInt64? {
        var value: UInt64 = 0
        for byte in text[start..<(start + count)] {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(byte - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return value
    }
}

extension UInt64 {
    /// The identifier's bytes as they are sent.
    package var identifierBytes: [UInt8] { withUnsafeBytes(of: bigEndian) { Array($0) } }
}
