import HTTPCore
import Policies

/// The proxy's own answers to gRPC calls.
extension Exchange {
    /// Whether the caller takes a gRPC status and nothing else for an answer.
    static func isGRPC(_ bytes: UnsafeRawBufferPointer, _ request: RequestHead) -> Bool {
        guard let type = request.fields.value(of: .contentType) else { return false }
        let name: StaticString = "application/grpc"
        guard type.count >= name.utf8CodeUnitCount else { return false }
        let value = bytes[type]
        for index in 0..<name.utf8CodeUnitCount where value[index] | 0x20 != name.utf8Start[index] | 0x20 {
            return false
        }
        return true
    }

    /// Whether the client announces that it takes trailers (RFC 9110 §10.1.4).
    static func takesTrailers(_ bytes: UnsafeRawBufferPointer, _ request: RequestHead) -> Bool {
        for index in 0..<request.fields.count where request.fields[index].id == .te {
            for element in bytes[request.fields[index].value].split(separator: UInt8(ascii: ",")) {
                let name: StaticString = "trailers"
                let wanted = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
                let blank = UInt8(ascii: " ")
                let text = element.drop { $0 == blank }.prefix { $0 != blank && $0 != UInt8(ascii: ";") }
                if isEqualIgnoringCase(UnsafeRawBufferPointer(rebasing: text), wanted) { return true }
            }
        }
        return false
    }

    /// Writes an answer that is a head alone: status 200 and a gRPC status in it (gRPC over HTTP/2, Trailers-Only).
    func writeGRPCAnswer(status: Int, to writer: inout ByteWriter) {
        writer.append("HTTP/1.1 200 OK\r\nDate: ")
        writer.append(core.time.date)
        writer.append("\r\nContent-Type: application/grpc\r\ngrpc-status: ")
        writer.append(decimal: hasRunOut ? 4 : Self.grpcStatus(of: status))
        writer.append("\r\ngrpc-message: ")
        writer.append(decimal: status)
        writer.append(UInt8(ascii: " "))
        writer.append(StatusReason.phrase(of: status))
        writer.append("\r\n\r\n")
    }

    /// The gRPC status that stands for an HTTP status, as gRPC's clients map it themselves.
    private static func grpcStatus(of status: Int) -> Int {
        switch status {
        case 400: 13
        case 401: 16
        case 403: 7
        case 404, 405: 12
        case 413, 431: 8
        case 429, 502, 503, 504: 14
        case 408: 4
        default: 2
        }
    }
}
