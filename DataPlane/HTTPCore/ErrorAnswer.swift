/// The proxy's own answers: a complete response with a small page that says what happened.
package enum ErrorAnswer {
    /// Enough for any answer that `write` makes.
    package static let maximumByteCount = 1_024

    /// - Parameters:
    ///   - date: the value of the Date field.
    ///   - closes: says that the connection closes behind the answer.
    ///   - omitsBody: for HEAD requests; the length is given all the same.
    ///   - fields: further fields, whole lines.
    package static func write(
        status: Int, date: UnsafeRawBufferPointer, closes: Bool, omitsBody: Bool, fields: [UInt8] = [],
        to writer: inout ByteWriter
    ) {
        writer.appendStatusLine(status)
        writer.append("Date: ")
        writer.append(date)
        writer.append("\r\nContent-Type: text/html\r\nContent-Length: ")
        writer.append(decimal: bodyByteCount(status))
        writer.append(closes ? "\r\nConnection: close\r\n" : "\r\nConnection: keep-alive\r\n")
        if !fields.isEmpty { writer.append(fields) }
        writer.appendLineEnd()
        if !omitsBody { writeBody(status, to: &writer) }
    }

    private static let parts: (StaticString, StaticString, StaticString, StaticString, StaticString) = (
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>", "</title></head>\n<body>\n<h1>",
        "</h1>\n<p>", "</p>\n", "</body>\n</html>\n"
    )

    /// The page's length in bytes.
    package static func bodyByteCount(_ status: Int) -> Int {
        let heading = 4 + StatusReason.phrase(of: status).utf8CodeUnitCount
        let frame =
            parts.0.utf8CodeUnitCount + parts.1.utf8CodeUnitCount + parts.2.utf8CodeUnitCount
            + parts.3.utf8CodeUnitCount + parts.4.utf8CodeUnitCount
        return 2 * heading + frame + explanation(of: status).utf8CodeUnitCount
    }

    /// The page alone.
    package static func writeBody(_ status: Int, to writer: inout ByteWriter) {
        writer.append(parts.0)
        writeHeading(status, to: &writer)
        writer.append(parts.1)
        writeHeading(status, to: &writer)
        writer.append(parts.2)
        writer.append(explanation(of: status))
        writer.append(parts.3)
        writer.append(parts.4)
    }

    private static func writeHeading(_ status: Int, to writer: inout ByteWriter) {
        writer.append(decimal: UInt64(status), digits: 3)
        writer.append(UInt8(ascii: " "))
        writer.append(StatusReason.phrase(of: status))
    }

    private static func explanation(of status: Int) -> StaticString {
        switch status {
        case 400: "The request is not well-formed HTTP."
        case 403: "This client may not have this page."
        case 301, 302, 307, 308: "The page is at another address."
        case 404: "No route leads here: default backend - 404"
        case 405: "The request's method is not allowed here."
        case 408: "The request did not arrive in time."
        case 413: "The request's body is larger than allowed."
        case 414: "The request's address is longer than allowed."
        case 421: "This connection was made for another host."
        case 429: "Too many requests came from this client."
        case 431: "The request's header fields are larger than allowed."
        case 500: "The proxy could not handle the request."
        case 501: "The request uses a transfer coding that is not supported."
        case 502: "The service behind this address gave no valid answer."
        case 503: "The service behind this address has nothing to answer with at the moment."
        case 504: "The service behind this address did not answer in time."
        case 505: "This version of HTTP is not supported."
        default: "The request could not be completed."
        }
    }
}
