import CCurl
import FoundationEssentials
import PorticoModel

/// Speaks the admin API, HTTP over a Unix socket, through libcurl.
struct AdminClient {
    private static let timeoutSeconds = 30

    let socketPath: String

    func get<Answer: Decodable>(_ path: String) throws -> Answer {
        try decode(send(path, body: nil), from: path)
    }

    func post<Answer: Decodable>(_ path: String, _ request: some Encodable) throws -> Answer {
        try decode(send(path, body: JSONEncoder().encode(request)), from: path)
    }

    func post<Answer: Decodable>(_ path: String) throws -> Answer {
        try decode(send(path, body: Data()), from: path)
    }

    private func decode<Answer: Decodable>(_ answer: Data, from path: String) throws -> Answer {
        do {
            return try JSONDecoder().decode(Answer.self, from: answer)
        } catch {
            throw CommandFailure.unusable(
                "the control plane's answer to \(path) cannot be read: is it of another version?")
        }
    }

    private func send(_ path: String, body: Data?) throws -> Data {
        guard let handle = curl_easy_init() else {
            throw CommandFailure.unusable("libcurl cannot be started")
        }
        defer { curl_easy_cleanup(handle) }
        _ = portico_curl_set_string(handle, CURLOPT_UNIX_SOCKET_PATH, socketPath)
        _ = portico_curl_set_string(handle, CURLOPT_URL, "http://portico\(path)")
        _ = portico_curl_set_long(handle, CURLOPT_TIMEOUT, AdminClient.timeoutSeconds)
        let headers = curl_slist_append(nil, "Content-Type: application/json")
        defer { curl_slist_free_all(headers) }
        if let body {
            _ = portico_curl_set_pointer(handle, CURLOPT_HTTPHEADER, headers)
            _ = portico_curl_set_long(handle, CURLOPT_POSTFIELDSIZE, body.count)
            _ = portico_curl_set_string(
                handle, CURLOPT_COPYPOSTFIELDS, String(decoding: body, as: UTF8.self))
        }
        let answer = Collected()
        _ = portico_curl_set_write(handle) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let answer = Unmanaged<Collected>.fromOpaque(context).takeUnretainedValue()
            answer.data.append(UnsafeRawBufferPointer(start: bytes, count: size * count).bindMemory(to: UInt8.self))
            return size * count
        }
        _ = portico_curl_set_pointer(handle, CURLOPT_WRITEDATA, Unmanaged.passUnretained(answer).toOpaque())
        let result = withExtendedLifetime(answer) { curl_easy_perform(handle) }
        guard result == CURLE_OK else {
            throw CommandFailure.unusable(
                "no control plane answers at \(socketPath): \(String(cString: curl_easy_strerror(result)))")
        }
        return try check(answer.data, of: handle)
    }

    private func check(_ answer: Data, of handle: UnsafeMutableRawPointer) throws -> Data {
        var status = 0
        _ = portico_curl_response_code(handle, &status)
        guard status != 200 else { return answer }
        let refusal = try? JSONDecoder().decode(AdminError.self, from: answer)
        throw CommandFailure(message: refusal?.error ?? "the control plane answered \(status)", exitCode: 1)
    }

    /// What libcurl has handed over so far.
    private final class Collected {
        var data = Data()
    }
}
