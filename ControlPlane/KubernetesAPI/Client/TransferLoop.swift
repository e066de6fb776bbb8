import CCurl
import Glibc
import Synchronization
import Threads

/// The one thread on which libcurl does all transfers of a client.
///
/// Other threads put transfers, and orders to cancel them, into a list and wake it.
final class TransferLoop: @unchecked Sendable {
    private struct Orders {
        var added: [Transfer] = []
        var cancelled: [Transfer] = []
        var isEnding = false
    }

    /// libcurl has timers of its own; this bounds only how late a silent transfer is noticed.
    private static let longestSleepMilliseconds: Int32 = 1_000

    private let multi: UnsafeMutableRawPointer
    private let orders = Mutex(Orders())
    private let thread = Mutex<DedicatedThread?>(nil)
    // The thread only.
    private var running: [UnsafeMutableRawPointer: Transfer] = [:]

    /// - Returns: nil when there is no memory or no thread to be had.
    init?() {
        guard curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK, let multi = curl_multi_init() else { return nil }
        self.multi = multi
        _ = portico_curl_multi_set_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
        guard let started = try? DedicatedThread("kubernetes-api", { [self] in run() }) else { return nil }
        thread.withLock { $0 = started }
    }

    deinit { curl_multi_cleanup(multi) }

    func add(_ transfer: Transfer) {
        let isEnding = orders.withLock { orders in
            if !orders.isEnding { orders.added.append(transfer) }
            return orders.isEnding
        }
        if isEnding { return transfer.finish(with: .failure(.cancelled)) }
        curl_multi_wakeup(multi)
    }

    func cancel(_ transfer: Transfer) {
        transfer.markCancelled()
        orders.withLock { $0.cancelled.append(transfer) }
        curl_multi_wakeup(multi)
    }

    /// Cancels all that runs and ends the thread.
    func end() {
        orders.withLock { $0.isEnding = true }
        curl_multi_wakeup(multi)
        thread.withLock { $0.take() }?.detach()
    }

    // MARK: The thread

    private func run() {
        while true {
            let orders = take()
            for transfer in orders.added { start(transfer) }
            for transfer in orders.cancelled { stop(transfer, .cancelled) }
            if orders.isEnding { break }
            var count: Int32 = 0
            curl_multi_perform(multi, &count)
            finishEnded()
            stopSilent()
            curl_multi_poll(multi, nil, 0, running.isEmpty ? 60_000 : TransferLoop.longestSleepMilliseconds, nil)
        }
        for transfer in Array(running.values) { stop(transfer, .cancelled) }
    }

    private func take() -> Orders {
        orders.withLock { orders in
            defer {
                orders.added = []
                orders.cancelled = []
            }
            return orders
        }
    }

    private func start(_ transfer: Transfer) {
        if transfer.wasCancelled { return transfer.finish(with: .failure(.cancelled)) }
        guard let handle = transfer.prepare(now: MonotonicClock.seconds),
            curl_multi_add_handle(multi, handle) == CURLM_OK
        else { return transfer.finish(with: .failure(.transport("libcurl cannot start a transfer"))) }
        running[handle] = transfer
    }

    private func stop(_ transfer: Transfer, _ reason: APIError) {
        guard let handle = transfer.handle, running.removeValue(forKey: handle) != nil else {
            return transfer.finish(with: .failure(reason))
        }
        curl_multi_remove_handle(multi, handle)
        transfer.finish(with: .failure(reason))
    }

    private func finishEnded() {
        var code = CURLE_OK
        while let handle = portico_curl_next_ended(multi, &code) {
            curl_multi_remove_handle(multi, handle)
            running.removeValue(forKey: handle)?.finish(code)
        }
    }

    private func stopSilent() {
        let now = MonotonicClock.seconds
        for transfer in Array(running.values) {
            guard let limit = transfer.request.silenceSeconds, now - transfer.lastByteAt > Double(limit) else {
                continue
            }
            stop(transfer, .timedOut("no word for \(limit) s"))
        }
    }
}
