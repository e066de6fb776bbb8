/// What people should know of, on its way to the control plane's log: each thing once a minute, few things at once.
final class Notices {
    private static let capacity = 64
    private static let repeatMilliseconds: UInt64 = 60_000
    private var waiting: [String] = []
    private var told: [String: UInt64] = [:]

    /// - Parameter key: tells one thing from another.
    func tell(_ text: String, about key: String, at milliseconds: UInt64) {
        if let last = told[key], milliseconds < last + Notices.repeatMilliseconds { return }
        guard waiting.count < Notices.capacity else { return }
        if told.count >= Notices.capacity {
            told = told.filter { milliseconds < $0.value + Notices.repeatMilliseconds }
            if told.count >= Notices.capacity { return }
        }
        told[key] = milliseconds
        waiting.append(text)
    }

    func take() -> [String] {
        guard !waiting.isEmpty else { return [] }
        defer { waiting = [] }
        return waiting
    }
}
