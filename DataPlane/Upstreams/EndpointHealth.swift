/// Passive health of one endpoint: consecutive failures eject it for a time that doubles with each ejection.
///
/// Pure. After an ejection one more failure ejects again, one success forgives everything.
package struct EndpointHealth {
    package static let failuresToEject = 3
    package static let firstEjectionMilliseconds: UInt64 = 5_000
    package static let longestEjectionMilliseconds: UInt64 = 120_000

    private var consecutiveFailures = 0
    private var ejections: UInt64 = 0
    private var ejectedUntil: UInt64 = 0

    package init() {}

    /// Whether requests should go elsewhere while others can take them.
    package func isEjected(at milliseconds: UInt64) -> Bool { milliseconds < ejectedUntil }

    /// - Returns: whether this failure ejects the endpoint.
    package mutating func failed(at milliseconds: UInt64) -> Bool {
        if isEjected(at: milliseconds) { return false }
        consecutiveFailures += 1
        guard consecutiveFailures >= EndpointHealth.failuresToEject else { return false }
        let doubled = EndpointHealth.firstEjectionMilliseconds << min(ejections, 10)
        ejectedUntil = milliseconds + min(doubled, EndpointHealth.longestEjectionMilliseconds)
        ejections += 1
        return true
    }

    package mutating func succeeded() {
        guard consecutiveFailures != 0 else { return }
        self = EndpointHealth()
    }
}
