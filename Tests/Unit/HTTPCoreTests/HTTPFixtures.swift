@testable import HTTPCore

/// A request head as values, for comparison.
struct ParsedRequest: Equatable, Sendable {
    var outcome: RequestHeadOutcome
    var method = ""
    var target = ""
    var host = ""
    var framing = BodyFraming.none
    var keepAlive = false
    var fields: [String] = []
}

extension RequestHead {
    /// Parses `text`, handed over in growing pieces that end at `cuts`, then whole.
    static func parse(
        _ text: String, cuts: [Int] = [], limits: HeadLimits = HeadLimits(), head: RequestHead = RequestHead()
    ) -> ParsedRequest {
        parse(Array(text.utf8), cuts: cuts, limits: limits, head: head)
    }

    static func parse(
        _ bytes: [UInt8], cuts: [Int] = [], limits: HeadLimits = HeadLimits(), head: RequestHead = RequestHead()
    ) -> ParsedRequest {
        var progress = HeadProgress()
        var outcome = RequestHeadOutcome.incomplete
        for end in cuts + [bytes.count] where outcome == .incomplete {
            // Copied to an allocation of its own size, so that a read past the end is seen by the address sanitizer.
            outcome = Array(bytes[..<end]).withUnsafeBytes {
                RequestHeadParser.parse($0, &progress, limits: limits, into: head)
            }
        }
        guard case .complete = outcome else { return ParsedRequest(outcome: outcome) }
        return ParsedRequest(
            outcome: outcome, method: text(bytes, head.methodName), target: text(bytes, head.originTarget),
            host: text(bytes, head.host), framing: head.framing, keepAlive: head.isKeepAlive,
            fields: describe(head.fields, bytes))
    }

    private static func text(_ bytes: [UInt8], _ range: ByteRange) -> String {
        String(decoding: bytes[range.range], as: UTF8.self)
    }

    static func describe(_ fields: HeaderFields, _ bytes: [UInt8]) -> [String] {
        (0..<fields.count).map { index in
            let field = fields[index]
            return "\(text(bytes, field.name))=\(text(bytes, field.value))#\(field.flags.rawValue)"
        }
    }
}

/// `GET /` to a host, with more field lines.
func request(_ fields: String..., version: String = "1.1") -> String {
    "GET / HTTP/\(version)\r\nHost: a.example\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
}

/// A response head as values, for comparison.
struct ParsedResponse: Equatable, Sendable {
    var outcome: ResponseHeadOutcome
    var status = 0
    var framing = BodyFraming.none
    var keepAlive = false
    var fields: [String] = []
}

extension ResponseHead {
    /// Parses `text`, handed over in growing pieces that end at `cuts`, then whole.
    static func parse(
        _ text: String, answering method: HTTPMethod = .get, cuts: [Int] = [], limits: HeadLimits = HeadLimits()
    ) -> ParsedResponse {
        let bytes = Array(text.utf8)
        let head = ResponseHead()
        var progress = HeadProgress()
        var outcome = ResponseHeadOutcome.incomplete
        for end in cuts + [bytes.count] where outcome == .incomplete {
            outcome = Array(bytes[..<end]).withUnsafeBytes {
                ResponseHeadParser.parse($0, answering: method, &progress, limits: limits, into: head)
            }
        }
        guard case .complete = outcome else { return ParsedResponse(outcome: outcome) }
        return ParsedResponse(
            outcome: outcome, status: head.status, framing: head.framing, keepAlive: head.isKeepAlive,
            fields: RequestHead.describe(head.fields, bytes))
    }
}

/// What a writer wrote into a region of `capacity` bytes.
func written(capacity: Int = 2_048, _ body: (inout ByteWriter) -> Void) -> (text: String, overflowed: Bool) {
    let region = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 1)
    defer { region.deallocate() }
    var writer = ByteWriter(region)
    body(&writer)
    return (String(decoding: writer.written, as: UTF8.self), writer.overflowed)
}
