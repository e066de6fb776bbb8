import CCurl
import Certificates
import Dispatch

/// Asks the responders of authorities: each about one certificate after the other, on a thread that no other waits for.
struct OCSPFetcher {
    private static let timeoutMilliseconds = 10_000
    private static let maximumBytes = 64 << 10
    private var queues: [String: DispatchQueue] = [:]

    /// - Parameter done: called from the responder's thread.
    mutating func ask(
        _ query: OCSPQuery, done: @escaping @Sendable (Result<[UInt8], CertificateFault>) -> Void
    ) {
        let queue = queues[query.url] ?? DispatchQueue(label: "portico.ocsp", qos: .utility)
        queues[query.url] = queue
        queue.async { done(OCSPFetcher.fetch(query)) }
    }

    /// Lets go of responders that nobody needs any more.
    mutating func keep(_ urls: Set<String>) { queues = queues.filter { urls.contains($0.key) } }

    private final class Received {
        var bytes: [UInt8] = []
    }

    private static func fetch(_ query: OCSPQuery) -> Result<[UInt8], CertificateFault> {
        guard let handle = curl_easy_init() else { return .failure(CertificateFault("libcurl has no memory")) }
        defer { curl_easy_cleanup(handle) }
        let fields = curl_slist_append(nil, "Content-Type: application/ocsp-request")
        defer { curl_slist_free_all(fields) }
        let received = Received()
        _ = portico_curl_set_string(handle, CURLOPT_URL, query.url)
        _ = portico_curl_set_string(handle, CURLOPT_PROTOCOLS_STR, "http,https")
        _ = portico_curl_set_list(handle, CURLOPT_HTTPHEADER, fields)
        for (option, value) in [
            (CURLOPT_NOSIGNAL, 1), (CURLOPT_TIMEOUT_MS, timeoutMilliseconds), (CURLOPT_FOLLOWLOCATION, 0),
            (CURLOPT_POST, 1), (CURLOPT_POSTFIELDSIZE, query.request.count),
        ] { _ = portico_curl_set_long(handle, option, value) }
        _ = portico_curl_set_write(handle) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let received = Unmanaged<Received>.fromOpaque(context).takeUnretainedValue()
            guard received.bytes.count + size * count <= OCSPFetcher.maximumBytes else { return 0 }
            received.bytes += UnsafeRawBufferPointer(start: bytes, count: size * count)
            return size * count
        }
        _ = portico_curl_set_pointer(handle, CURLOPT_WRITEDATA, Unmanaged.passUnretained(received).toOpaque())
        var request = query.request
        let result = request.withUnsafeMutableBytes { bytes in
            _ = portico_curl_set_pointer(handle, CURLOPT_POSTFIELDS, bytes.baseAddress)
            return curl_easy_perform(handle)
        }
        guard result == CURLE_OK else {
            return .failure(CertificateFault("\(query.url): \(String(cString: curl_easy_strerror(result)))"))
        }
        var status = 0
        _ = portico_curl_response_code(handle, &status)
        guard status == 200 else { return .failure(CertificateFault("\(query.url) answers with status \(status)")) }
        return withExtendedLifetime(received) { .success(received.bytes) }
    }
}
