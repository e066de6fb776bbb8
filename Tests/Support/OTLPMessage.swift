/// A protobuf message read without its schema: what a collector finds in a request, field by field.
package struct OTLPMessage {
    package enum Value {
        case number(UInt64)
        case bytes([UInt8])
    }

    package private(set) var fields: [(number: Int, value: Value)] = []

    package init(_ bytes: [UInt8]) throws {
        var offset = 0
        func varint() throws -> UInt64 {
            var value: UInt64 = 0
            for shift in stride(from: UInt64(0), to: 64, by: 7) {
                guard offset < bytes.count else { throw Malformed() }
                let byte = bytes[offset]
                offset += 1
                value |= UInt64(byte & 0x7F) << shift
                if byte < 0x80 { return value }
            }
            throw Malformed()
        }
        func take(_ count: Int) throws -> [UInt8] {
            guard count >= 0, offset + count <= bytes.count else { throw Malformed() }
            defer { offset += count }
            return Array(bytes[offset..<offset + count])
        }
        while offset < bytes.count {
            let key = try varint()
            let number = Int(key >> 3)
            switch key & 7 {
            case 0: fields.append((number, .number(try varint())))
            case 1: fields.append((number, .number(try take(8).reversed().reduce(0) { $0 << 8 | UInt64($1) })))
            case 2: fields.append((number, .bytes(try take(Int(try varint())))))
            case 5: fields.append((number, .number(try take(4).reversed().reduce(0) { $0 << 8 | UInt64($1) })))
            default: throw Malformed()
            }
        }
    }

    package struct Malformed: Error {}

    package func bytes(_ number: Int) -> [UInt8] {
        for field in fields where field.number == number { if case .bytes(let bytes) = field.value { return bytes } }
        return []
    }

    package func text(_ number: Int) -> String { String(decoding: bytes(number), as: UTF8.self) }

    package func hexadecimal(_ number: Int) -> String {
        bytes(number).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    package func number(_ number: Int) -> UInt64 {
        for field in fields where field.number == number { if case .number(let value) = field.value { return value } }
        return 0
    }

    package func messages(_ number: Int) throws -> [OTLPMessage] {
        try fields.filter { $0.number == number }.map { field in
            guard case .bytes(let bytes) = field.value else { throw Malformed() }
            return try OTLPMessage(bytes)
        }
    }
}

/// What a collector was sent, in the terms of the tests.
package struct CollectedSpan {
    package var service: String
    package var traceID: String
    package var spanID: String
    package var parentID: String
    package var name: String
    package var kind: UInt64
    package var nanoseconds: UInt64
    package var isError: Bool
    package var attributes: [String: String]

    /// The spans of an ExportTraceServiceRequest.
    package static func all(in request: [UInt8]) throws -> [CollectedSpan] {
        var spans: [CollectedSpan] = []
        for resource in try OTLPMessage(request).messages(1) {
            let service = try resource.messages(1).first.map { try attributes(of: $0, 1)["service.name"] ?? "" }
            for scope in try resource.messages(2) {
                for span in try scope.messages(2) { spans.append(try CollectedSpan(span, service ?? "")) }
            }
        }
        return spans
    }

    private init(_ span: OTLPMessage, _ service: String) throws {
        self.service = service
        traceID = span.hexadecimal(1)
        spanID = span.hexadecimal(2)
        parentID = span.hexadecimal(4)
        name = span.text(5)
        kind = span.number(6)
        nanoseconds = span.number(8) - span.number(7)
        attributes = try Self.attributes(of: span, 9)
        isError = try span.messages(15).first?.number(3) == 2
    }

    private static func attributes(of message: OTLPMessage, _ number: Int) throws -> [String: String] {
        var found: [String: String] = [:]
        for attribute in try message.messages(number) {
            guard let value = try attribute.messages(2).first else { continue }
            found[attribute.text(1)] = value.fields.first?.number == 3 ? "\(value.number(3))" : value.text(1)
        }
        return found
    }
}
