/// How a listener tells a client that is busy from one that is gone.
package struct LinkTiming: Hashable, Sendable {
    package var pingIntervalMilliseconds: Int64 = 5_000
    /// A client that is silent for so long, though it was pinged, is shown as not responding.
    package var silenceMilliseconds: Int64 = 15_000
    /// After so long its connection is closed; if it lives, it connects again.
    package var closeMilliseconds: Int64 = 60_000

    package init() {}
}
