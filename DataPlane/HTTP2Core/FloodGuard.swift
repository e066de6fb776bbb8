/// Tells a peer that makes work from one that has work done.
///
/// Three budgets, each refilled with time: streams that the peer resets (CVE-2023-44487), frames that carry nothing
/// (CVE-2019-9512 and its kin), and bytes beside heads and bodies. Pure: the caller says what time it is.
package struct FloodGuard: Sendable {
    /// What a peer did too much of; also a label of the metric.
    package enum Flood: UInt8, Sendable, CaseIterable {
        case resets, emptyFrames, overhead, headBlock

        package var label: String {
            switch self {
            case .resets: "resets"
            case .emptyFrames: "empty_frames"
            case .overhead: "overhead"
            case .headBlock: "head_block"
            }
        }
    }

    private static let resetBurst: Int64 = 1_000
    private static let resetsPerSecond: Int64 = 33
    private static let emptyBurst: Int64 = 2_000
    private static let emptyPerSecond: Int64 = 200
    /// Bytes of overhead that any connection may cause, and how many more for each useful one.
    private static let overheadAllowance: UInt64 = 1 << 20
    private static let overheadRatio: UInt64 = 8

    private var resets = Bucket(level: resetBurst)
    private var empty = Bucket(level: emptyBurst)
    private var received: UInt64 = 0
    private var useful: UInt64 = 0

    package init() {}

    /// The peer reset a stream.
    package mutating func streamWasReset(at milliseconds: UInt64) -> Flood? {
        resets.take(at: milliseconds, burst: Self.resetBurst, perSecond: Self.resetsPerSecond) ? nil : .resets
    }

    /// A frame came that asks for work and carries nothing: PING, SETTINGS, PRIORITY, empty DATA or CONTINUATION.
    package mutating func emptyFrameCame(at milliseconds: UInt64) -> Flood? {
        empty.take(at: milliseconds, burst: Self.emptyBurst, perSecond: Self.emptyPerSecond) ? nil : .emptyFrames
    }

    /// Bytes of heads and bodies.
    package mutating func usefulBytesCame(_ count: Int) { useful += UInt64(count) }

    /// Bytes of any kind.
    package mutating func bytesCame(_ count: Int) -> Flood? {
        received += UInt64(count)
        return received / Self.overheadRatio > useful + Self.overheadAllowance ? .overhead : nil
    }

    /// A bucket of thousandths of tokens.
    private struct Bucket: Sendable {
        var thousandths: Int64
        var filledAt: UInt64 = 0

        init(level: Int64) { thousandths = level * 1_000 }

        mutating func take(at milliseconds: UInt64, burst: Int64, perSecond: Int64) -> Bool {
            if filledAt == 0 || milliseconds < filledAt { filledAt = milliseconds }
            let elapsed = Int64(min(milliseconds - filledAt, 1 << 32))
            thousandths = min(burst * 1_000, thousandths + elapsed * perSecond)
            filledAt = milliseconds
            guard thousandths >= 1_000 else { return false }
            thousandths -= 1_000
            return true
        }
    }
}
