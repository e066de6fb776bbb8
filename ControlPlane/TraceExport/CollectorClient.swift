import CCurl
import PorticoModel

extension TraceCollector {
    /// OTLP over gRPC has a port of its own; what is configured for it is sent over HTTP to the neighbour.
    private static let portOfGRPC: UInt16 = 4_317
    private static let portOfHTTP: UInt16 = 4_318

    var url: String {
        let port = port == TraceCollector.portOfGRPC ? TraceCollector.portOfHTTP : port
        return "http://\(host.contains(":") ? "[\(host)]" : host):\(port)/v1/traces"
    }
}

/// Posts requests of OTLP/HTTP, protobuf, over one connection that is kept. One thread uses it.
final class CollectorClient {
    static let timeoutSeconds = 10
    private static let contentType = "Content-Type: application/x-protobuf"

    private let handle = curl_easy_init()
    private let headers = curl_slist_append(nil, CollectorClient.contentType)
    /// Why the last request came to nothing; nil where it did not.
    private(set) var lastFailure: String?

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(headers)
    }

    func post(_ body: [UInt8], to collector: TraceCollector, timeoutSeconds: Int) -> SpanBuffer.Outcome {
        guard let handle else {
            lastFailure = "libcurl cannot be started"
            return .failed
        }
        _ = portico_curl_set_string(handle, CURLOPT_URL, collector.url)
        // Of the environment's proxies none is meant.
        _ = portico_curl_set_string(handle, CURLOPT_PROXY, "")
        _ = portico_curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        _ = portico_curl_set_long(handle, CURLOPT_TIMEOUT, timeoutSeconds)
        _ = portico_curl_set_list(handle, CURLOPT_HTTPHEADER, headers)
        _ = portico_curl_set_write(handle) { _, size, count, _ in size * count }
        _ = portico_curl_set_long(handle, CURLOPT_POSTFIELDSIZE, body.count)
        let result = body.withUnsafeBytes { bytes in
            _ = portico_curl_set_pointer(
                handle, CURLOPT_POSTFIELDS, UnsafeMutableRawPointer(mutating: bytes.baseAddress))
            return curl_easy_perform(handle)
        }
        guard result == CURLE_OK else {
            lastFailure = String(cString: curl_easy_strerror(result))
            return .failed
        }
        var status = 0
        _ = portico_curl_response_code(handle, &status)
        lastFailure = (200..<300).contains(status) ? nil : "it answered \(status)"
        return CollectorClient.outcome(of: status)
    }

    /// Those of the protocol's statuses after which the same may be sent again.
    static func outcome(of status: Int) -> SpanBuffer.Outcome {
        switch status {
        case 200..<300: .delivered
        case 429, 502, 503, 504: .failed
        default: .refused
        }
    }
}
