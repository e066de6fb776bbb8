import Foundation
import ProcessSupervision
import Synchronization

/// An HTTP/1.1 server on a real socket whose every answer is a test's to choose; a thread for each connection.
///
/// It serves until the test run ends, so that a test need not hold on to it.
package final class ScriptedBackend: Sendable {
    /// Takes a request and the connection it came on, for those answers that are not one message.
    /// - Returns: the bytes to send, or nil to close the connection.
    package typealias Script = @Sendable (HTTPMessage, RawConnection) throws -> [UInt8]?

    package let address: ListenAddress
    private let record = Record()

    private final class Record: Sendable {
        let requests = Mutex<[HTTPMessage]>([])
    }

    /// Answers everything with `name` as the body.
    package convenience init(named name: String) throws {
        try self.init { _, _ in ScriptedBackend.response(body: name) }
    }

    package init(script: @escaping Script) throws {
        let wanted = ListenAddress(host: "127.0.0.1", port: 0)
        let listener = try ListeningSocket.open(on: wanted)
        address = ListeningSocket.localAddress(of: listener, like: wanted)
        _ = fcntl(listener, F_SETFL, 0)
        let record = record
        Thread.detachNewThread {
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else { return }
                let connection = RawConnection(descriptor: descriptor, seconds: 60)
                Thread.detachNewThread {
                    while let request = try? connection.receiveMessage(isResponse: false) {
                        record.requests.withLock { $0.append(request) }
                        guard let answer = try? script(request, connection) else { return }
                        do { try connection.send(answer) } catch { return }
                    }
                }
            }
        }
    }

    package var received: [HTTPMessage] { record.requests.withLock { $0 } }

    package static func response(_ status: String = "200 OK", body: String) -> [UInt8] {
        Array("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
    }
}
