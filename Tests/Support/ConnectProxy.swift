import Foundation
import ProcessSupervision
import Synchronization

/// A proxy for CONNECT (RFC 9110 §9.3.6) that leads every name to this machine.
///
/// It serves until the test run ends, so that a test need not hold on to it.
package final class ConnectProxy: Sendable {
    package let address: ListenAddress
    private let asked = Asked()

    private final class Asked: Sendable {
        let targets = Mutex<[String]>([])
    }

    package init() throws {
        let wanted = ListenAddress(host: "127.0.0.1", port: 0)
        let listener = try ListeningSocket.open(on: wanted)
        address = ListeningSocket.localAddress(of: listener, like: wanted)
        _ = fcntl(listener, F_SETFL, 0)
        let asked = asked
        Thread.detachNewThread {
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else { return }
                Thread.detachNewThread { ConnectProxy.serve(client, asked) }
            }
        }
    }

    /// What tunnels were asked for, as `host:port`.
    package var targets: [String] { asked.targets.withLock { $0 } }

    private static func serve(_ client: Int32, _ asked: Asked) {
        defer { close(client) }
        guard let words = readHead(client)?.split(separator: " "), words.count > 1, words[0] == "CONNECT",
            let port = words[1].split(separator: ":").last.flatMap({ UInt16($0) })
        else { return }
        asked.targets.withLock { $0.append(String(words[1])) }
        guard let target = try? RawConnection(to: ListenAddress(host: "127.0.0.1", port: port), seconds: 600)
        else { return }
        let answer = Array("HTTP/1.1 200 Connection established\r\n\r\n".utf8)
        guard send(client, answer, answer.count, Int32(MSG_NOSIGNAL)) == answer.count else { return }
        let other = target.descriptor
        let back = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            copy(other, client)
            back.signal()
        }
        copy(client, other)
        back.wait()
    }

    private static func readHead(_ client: Int32) -> String? {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while bytes.count < 8_192, recv(client, &byte, 1, 0) == 1 {
            bytes.append(byte)
            if bytes.suffix(4) == Array("\r\n\r\n".utf8) { return String(decoding: bytes, as: UTF8.self) }
        }
        return nil
    }

    /// Copies until the end, and passes the end on.
    private static func copy(_ source: Int32, _ target: Int32) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(source, &buffer, buffer.count, 0)
            guard count > 0, send(target, buffer, count, Int32(MSG_NOSIGNAL)) == count else { break }
        }
        shutdown(target, Int32(SHUT_RDWR))
    }
}
