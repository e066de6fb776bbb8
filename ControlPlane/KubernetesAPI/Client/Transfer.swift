import CCurl
import Glibc
import Synchronization

/// One exchange of a request and its response through libcurl.
///
/// Made and cancelled on any thread; everything else happens on the loop's.
final class Transfer: @unchecked Sendable {
    /// Refusals are short; a longer one is cut.
    private static let maximumRefusal = 1 << 20
    /// No answer that is taken as a whole is longer.
    private static let maximumBody = 64 << 20

    typealias ByteTaker = @Sendable (UnsafeBufferPointer<UInt8>) -> Bool

    let request: APIRequest
    let parameters: ConnectionParameters
    private let takeBytes: ByteTaker?
    private let begun: (@Sendable () -> Void)?
    private let outcome = Mutex<(result: Result<APIResponse, APIError>?, waiter: Waiter?)>((nil, nil))
    private let isCancelled = Atomic<Bool>(false)

    private typealias Waiter = CheckedContinuation<Result<APIResponse, APIError>, Never>

    // The loop's thread only.
    private(set) var handle: UnsafeMutableRawPointer?
    private var lists: [UnsafeMutablePointer<curl_slist>?] = []
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    private var response = APIResponse(status: 0, headers: [], body: [])
    private var stopReason: APIError?
    /// Monotonic seconds.
    private(set) var lastByteAt = 0.0

    /// - Parameters:
    ///   - begun: called when the head of a success has arrived.
    ///   - takeBytes: takes the body of a success as it arrives; false ends the transfer.
    init(
        _ request: APIRequest, _ parameters: ConnectionParameters, begun: (@Sendable () -> Void)? = nil,
        takeBytes: ByteTaker? = nil
    ) {
        self.request = request
        self.parameters = parameters
        self.begun = begun
        self.takeBytes = takeBytes
        errorText.pointee = 0
    }

    deinit {
        release()
        errorText.deallocate()
    }

    // MARK: Any thread

    func value() async -> Result<APIResponse, APIError> {
        await withCheckedContinuation { continuation in
            let result = outcome.withLock { outcome in
                if outcome.result == nil { outcome.waiter = continuation }
                return outcome.result
            }
            if let result { continuation.resume(returning: result) }
        }
    }

    func markCancelled() { isCancelled.store(true, ordering: .relaxed) }

    var wasCancelled: Bool { isCancelled.load(ordering: .relaxed) }

    // MARK: The loop's thread

    /// - Returns: the handle to give to libcurl; nil when it has none to give.
    func prepare(now: Double) -> UnsafeMutableRawPointer? {
        guard let handle = curl_easy_init() else { return nil }
        self.handle = handle
        lastByteAt = now
        var setup = TransferSetup(handle: handle, request: request, parameters: parameters)
        setup.apply()
        lists = setup.lists
        let context = Unmanaged.passUnretained(self).toOpaque()
        _ = portico_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, errorText)
        _ = portico_curl_set_pointer(handle, CURLOPT_WRITEDATA, context)
        _ = portico_curl_set_pointer(handle, CURLOPT_HEADERDATA, context)
        _ = portico_curl_set_write(handle) { bytes, size, count, context in
            Transfer.of(context)?.take(bytes, size * count) ?? 0
        }
        _ = portico_curl_set_header_function(handle) { bytes, size, count, context in
            Transfer.of(context)?.takeHeader(bytes, size * count) ?? 0
        }
        return handle
    }

    private static func of(_ context: UnsafeMutableRawPointer?) -> Transfer? {
        context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
    }

    private func take(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
        guard let bytes, let handle else { return 0 }
        lastByteAt = MonotonicClock.seconds
        _ = portico_curl_response_code(handle, &response.status)
        return bytes.withMemoryRebound(to: UInt8.self, capacity: count) { bytes in
            take(UnsafeBufferPointer(start: bytes, count: count))
        } ? count : 0
    }

    private func take(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        let isSuccess = (200..<300).contains(response.status)
        if isSuccess, let takeBytes {
            if takeBytes(bytes) { return true }
            stopReason = stopReason ?? .malformed("the reader gave up")
            return false
        }
        let limit = isSuccess ? Transfer.maximumBody : Transfer.maximumRefusal
        guard response.body.count + bytes.count <= limit else {
            if !isSuccess { return true }
            stopReason = .malformed("longer than \(limit) bytes")
            return false
        }
        response.body.append(contentsOf: bytes)
        return true
    }

    private func takeHeader(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
        guard let bytes else { return 0 }
        lastByteAt = MonotonicClock.seconds
        let line = bytes.withMemoryRebound(to: UInt8.self, capacity: count) {
            String(decoding: UnsafeBufferPointer(start: $0, count: count), as: UTF8.self)
        }
        if line.hasPrefix("HTTP/") {
            response.headers = []
        } else if let colon = line.firstIndex(of: ":") {
            let value = line[line.index(after: colon)...].drop { $0 == " " }.prefix { $0 != "\r\n" && $0 != "\n" }
            response.headers.append(APIHeader(name: line[..<colon].lowercased(), value: String(value)))
        } else if let begun, let handle {
            _ = portico_curl_response_code(handle, &response.status)
            if (200..<300).contains(response.status) { begun() }
        }
        return count
    }

    func finish(_ code: CURLcode) {
        if let handle { _ = portico_curl_response_code(handle, &response.status) }
        finish(with: result(code))
    }

    func finish(with result: Result<APIResponse, APIError>) {
        release()
        let waiter = outcome.withLock { outcome in
            guard outcome.result == nil else { return Waiter?.none }
            outcome.result = result
            return outcome.waiter.take()
        }
        waiter?.resume(returning: result)
    }

    private func result(_ code: CURLcode) -> Result<APIResponse, APIError> {
        if let stopReason { return .failure(stopReason) }
        guard code == CURLE_OK else {
            let detail = String(cString: errorText)
            let reason = detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail
            return .failure(code == CURLE_OPERATION_TIMEDOUT ? .timedOut(reason) : .transport(reason))
        }
        guard (200..<300).contains(response.status) else { return .failure(.refused(APIStatus(of: response))) }
        return .success(response)
    }

    private func release() {
        if let handle { curl_easy_cleanup(handle) }
        handle = nil
        for list in lists { curl_slist_free_all(list) }
        lists = []
    }
}

enum MonotonicClock {
    static var seconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
