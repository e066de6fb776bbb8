import ClusterState

/// Speaks HTTP with an API server: one thread of libcurl, an asynchronous face.
///
/// Requests share connections, and over HTTP/2 one carries all of them. A task that is cancelled cancels its request.
package final class KubernetesClient: Sendable {
    private static let throttledRepeats = 10
    private static let defaultRetrySeconds = 1.0

    private let source: any ConnectionSource
    private let loop: TransferLoop

    package init(_ source: any ConnectionSource) throws(APIError) {
        guard let loop = TransferLoop() else { throw .transport("libcurl cannot be started") }
        self.source = source
        self.loop = loop
    }

    deinit { loop.end() }

    /// Cancels what runs; later requests fail.
    package func close() { loop.end() }

    /// - Returns: a success only; every other status is thrown as `APIError.refused`.
    package func send(_ request: APIRequest) async throws(APIError) -> APIResponse {
        try await repeatingWhenThrottled(request, nil)
    }

    /// Hands out the body of a success as it arrives, and returns when it has ended.
    ///
    /// - Parameters:
    ///   - begun: called when the head of a success has arrived.
    ///   - takeBytes: called on the client's thread, and must not block it. False ends the transfer, which is then
    ///     thrown as `APIError.malformed`.
    @discardableResult
    package func stream(
        _ request: APIRequest, begun: (@Sendable () -> Void)? = nil,
        takeBytes: @escaping @Sendable (UnsafeBufferPointer<UInt8>) -> Bool
    ) async throws(APIError) -> APIResponse {
        try await repeatingWhenThrottled(request, Taker(begun: begun, takeBytes: takeBytes))
    }

    /// Who takes a response as it arrives.
    private struct Taker {
        var begun: (@Sendable () -> Void)?
        var takeBytes: Transfer.ByteTaker
    }

    private func repeatingWhenThrottled(
        _ request: APIRequest, _ taker: Taker?
    ) async throws(APIError) -> APIResponse {
        let deadline = MonotonicClock.seconds + request.timeoutSeconds
        for _ in 0..<KubernetesClient.throttledRepeats {
            do {
                return try await authenticated(request, taker)
            } catch {
                guard request.repeatsWhenThrottled, let pause = KubernetesClient.pause(after: error),
                    MonotonicClock.seconds + pause < deadline
                else { throw error }
                do { try await Task.sleep(for: .seconds(pause)) } catch { throw .cancelled }
            }
        }
        return try await authenticated(request, taker)
    }

    /// Seconds to wait as the server wishes; nil where it does not wish to be asked again.
    private static func pause(after error: APIError) -> Double? {
        guard case .refused(let status) = error else { return nil }
        // It does not help to ask once more for what the server cannot know.
        if error.asksForList { return nil }
        if status.code == 429 { return status.retryAfterSeconds ?? defaultRetrySeconds }
        return (500..<600).contains(status.code) ? status.retryAfterSeconds : nil
    }

    private func authenticated(
        _ request: APIRequest, _ taker: Taker?
    ) async throws(APIError) -> APIResponse {
        let parameters = try await source.parameters()
        do {
            return try await transfer(request, parameters, taker)
        } catch {
            guard error.isUnauthorized, await source.refuse(parameters) else { throw error }
            return try await transfer(request, try await source.parameters(), taker)
        }
    }

    private func transfer(
        _ request: APIRequest, _ parameters: ConnectionParameters, _ taker: Taker?
    ) async throws(APIError) -> APIResponse {
        let transfer = Transfer(request, parameters, begun: taker?.begun, takeBytes: taker?.takeBytes)
        let result = await withTaskCancellationHandler {
            loop.add(transfer)
            return await transfer.value()
        } onCancel: {
            loop.cancel(transfer)
        }
        return try result.get()
    }
}
