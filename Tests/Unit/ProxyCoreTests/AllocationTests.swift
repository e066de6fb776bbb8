import CAllocationCounter
import PorticoModel
import Testing

@testable import ProxyCore

/// The allocation budget per request, on warm connections: nothing at all. Only optimised builds keep it to the letter.
@Suite struct AllocationTests {
    struct Scenario: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var request: String
        var response: String
    }

    private static let scenarios = [
        Scenario(
            testDescription: "GET, small body",
            request: "GET /a HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n",
            response: "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 2\r\n\r\nok"),
        Scenario(
            testDescription: "GET, chunks", request: "GET /a HTTP/1.1\r\nHost: shop.example\r\n\r\n",
            response: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
        Scenario(
            testDescription: "POST, small body",
            request: "POST /a HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 5\r\n\r\nhello",
            response: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    ]

    @Test(arguments: [false, true], scenarios)
    func `a warm request allocates nothing`(logs: Bool, scenario: Scenario) throws {
        guard portico_counts_allocations() == 1 else { return }
        let worker = try TestWorker {
            $0.logsAccess = logs
            $0.accessLogPath = "/dev/null"
        }
        let client = try worker.client()
        client.send(scenario.request)
        let upstream = try #require(worker.endpoints[0].accept())
        func exchange(_ count: Int) {
            for _ in 0..<count {
                _ = upstream.readMessage()
                upstream.send(scenario.response)
                _ = client.readMessage()
                client.send(scenario.request)
            }
        }
        exchange(50)
        let before = worker.inLoop { _ in portico_allocation_count() }
        exchange(200)
        let after = worker.inLoop { _ in portico_allocation_count() }
        // What the test's own orders and the timers of a worker allocate.
        let slack: UInt64 = 20
        #expect(after - before <= slack + 200 * AllocationTests.perRequest)
    }

    #if DEBUG
        /// Without optimisation some values are boxed.
        private static let perRequest: UInt64 = 8
    #else
        private static let perRequest: UInt64 = 0
    #endif
}
