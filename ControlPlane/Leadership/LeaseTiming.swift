/// How long things take in an election. The rules and the defaults are those of client-go, so that its users and
/// Portico can share a Lease.
package struct LeaseTiming: Hashable, Sendable {
    /// So long after the last change that they saw, others take the Lease.
    package var leaseDuration: Duration
    /// A leader that has not renewed for so long stops leading.
    package var renewDeadline: Duration
    /// Between two attempts.
    package var retryPeriod: Duration

    /// Those who wait come by after 1 to 1 + `jitterFactor` retry periods.
    package static let jitterFactor = 1.2

    package init(leaseDuration: Duration, renewDeadline: Duration, retryPeriod: Duration) {
        self.leaseDuration = leaseDuration
        self.renewDeadline = renewDeadline
        self.retryPeriod = retryPeriod
    }

    /// 15, 10 and 2 seconds.
    package static let standard = LeaseTiming(seconds: 15)

    /// A Lease of so many seconds, with the other times in the standard proportion.
    package init(seconds: Int) {
        self.init(
            leaseDuration: .seconds(seconds), renewDeadline: .seconds(seconds) * 2 / 3,
            retryPeriod: .seconds(seconds) * 2 / 15)
    }

    package var leaseSeconds: Int { max(1, Int(leaseDuration.components.seconds)) }
}
