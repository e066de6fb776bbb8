import Foundation
import Testing

/// Asks again and again until `condition` holds, and records an issue when it does not within `limit` seconds.
@discardableResult
package func eventually(
    within limit: Double = 10, _ what: String, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () throws -> Bool
) rethrows -> Bool {
    let end = ContinuousClock.now + .seconds(limit)
    while true {
        if try condition() { return true }
        guard ContinuousClock.now < end else { break }
        usleep(5_000)
    }
    Issue.record("not within \(limit) s: \(what)", sourceLocation: sourceLocation)
    return false
}

/// The same without keeping a thread of the test run from tasks that the condition waits for.
@discardableResult
package func settles(
    within limit: Double = 10, _ what: String, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async rethrows -> Bool {
    let end = ContinuousClock.now + .seconds(limit)
    while true {
        if try await condition() { return true }
        guard ContinuousClock.now < end else { break }
        try? await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("not within \(limit) s: \(what)", sourceLocation: sourceLocation)
    return false
}
