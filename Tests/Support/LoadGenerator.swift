import Foundation
import ProcessSupervision
import Synchronization

/// Keeps a few connections busy with GETs until it is stopped, and counts what came back.
package final class LoadGenerator: Sendable {
    package struct Tally: Sendable {
        package var byStatus: [Int: Int] = [:]
        /// Requests that got no response, with the reason.
        package var failures: [String] = []

        package var succeeded: Int { byStatus[200, default: 0] }
        /// Everything but 200.
        package var failed: Int { failures.count + byStatus.filter { $0.key != 200 }.values.reduce(0, +) }
    }

    private let tally = Mutex(Tally())
    private let isStopped = Mutex(false)
    private let threads = DispatchGroup()

    package init(
        connections: Int, to address: ListenAddress, host: String, target: String = "/", pauseMicroseconds: UInt32 = 500
    ) {
        for _ in 0..<connections {
            threads.enter()
            Thread.detachNewThread { [self] in
                run(address, host, target, pauseMicroseconds)
                threads.leave()
            }
        }
    }

    private func run(_ address: ListenAddress, _ host: String, _ target: String, _ pause: UInt32) {
        var connection: RawConnection?
        while !isStopped.withLock({ $0 }) {
            do {
                let current = try connection ?? RawConnection(to: address)
                connection = current
                let response = try current.get(target, host: host)
                if response["Connection"]?.lowercased() == "close" { connection = nil }
                tally.withLock { $0.byStatus[response.status, default: 0] += 1 }
            } catch {
                connection = nil
                tally.withLock { $0.failures.append("\(error)") }
            }
            usleep(pause)
        }
    }

    package var current: Tally { tally.withLock { $0 } }

    package func stop() -> Tally {
        isStopped.withLock { $0 = true }
        threads.wait()
        return current
    }
}
