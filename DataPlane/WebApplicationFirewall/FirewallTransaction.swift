import CModSecurity
import Glibc
import ModSecurity

/// One request on its way through the rules: connection, head, body and the response's head are shown in this order, and after
/// each the rules say whether it goes on.
package final class FirewallTransaction {
    package enum Verdict: Hashable {
        case pass
        case refuse(status: Int)
        case redirect(status: Int, location: [UInt8])
    }

    package let rules: FirewallRules
    // Set once in `init`, which needs `self` for it.
    private var handle: UnsafeMutableRawPointer?
    private let log: (UnsafeRawBufferPointer) -> Void

    private struct Engine: @unchecked Sendable {
        let handle: UnsafeMutableRawPointer?
    }

    /// There are rules, so the library is there.
    private static let engine = Engine(
        handle: portico_firewall_engine { data, message in
            guard let data, let message else { return }
            let text = message.assumingMemoryBound(to: CChar.self)
            Unmanaged<FirewallTransaction>.fromOpaque(data).takeUnretainedValue().log(
                UnsafeRawBufferPointer(start: text, count: strlen(text)))
        })

    /// - Parameters:
    ///   - identity: of the transaction, in logs.
    ///   - log: gets what rules have to say.
    package init(_ rules: FirewallRules, identity: [UInt8], log: @escaping (UnsafeRawBufferPointer) -> Void) {
        self.rules = rules
        self.log = log
        handle = Self.terminated(identity) {
            portico_firewall_begin(
                Self.engine.handle, rules.handle, $0, Unmanaged.passUnretained(self).toOpaque())
        }
    }

    deinit { if let handle { portico_firewall_end(handle) } }

    package func begin(client: String, clientPort: UInt16, server: String, serverPort: UInt16) {
        portico_firewall_connection(handle, client, Int32(clientPort), server, Int32(serverPort))
    }

    /// The request line.
    package func take(method: UnsafeRawBufferPointer, target: UnsafeRawBufferPointer, version: String) {
        Self.terminated(method) { method in
            Self.terminated(target) { portico_firewall_uri(handle, $0, method, version) }
        }
    }

    package func takeRequestField(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        portico_firewall_request_field(handle, name.baseAddress, name.count, value.baseAddress, value.count)
    }

    package func endRequestHead() -> Verdict {
        portico_firewall_request_head(handle)
        return verdict()
    }

    package func takeBody(_ bytes: UnsafeRawBufferPointer) {
        if !bytes.isEmpty { portico_firewall_append_body(handle, bytes.baseAddress, bytes.count) }
    }

    package func endRequestBody() -> Verdict {
        portico_firewall_request_body(handle)
        return verdict()
    }

    package func takeResponseField(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        portico_firewall_response_field(handle, name.baseAddress, name.count, value.baseAddress, value.count)
    }

    package func endResponseHead(status: Int) -> Verdict {
        portico_firewall_response_head(handle, Int32(status), "HTTP/1.1")
        return verdict()
    }

    private func verdict() -> Verdict {
        let order = portico_firewall_take_order(handle)
        defer {
            free(order.location)
            free(order.message)
        }
        guard order.is_disruptive != 0 else { return .pass }
        if let message = order.message { log(UnsafeRawBufferPointer(start: message, count: strlen(message))) }
        let status = Int(order.status)
        guard let location = order.location else {
            return .refuse(status: (400...599).contains(status) ? status : 403)
        }
        // What a client sent may be part of it, and a line has to stay one.
        let bytes = UnsafeRawBufferPointer(start: location, count: strlen(location)).filter { $0 > 0x20 && $0 != 0x7F }
        return .redirect(status: (300...308).contains(status) ? status : 302, location: bytes)
    }

    /// Calls `body` with the bytes and a zero behind them.
    @discardableResult
    private static func terminated<R>(
        _ bytes: some Collection<UInt8>, _ body: (UnsafePointer<CChar>) -> R
    ) -> R {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: bytes.count + 1) { memory in
            for (index, byte) in bytes.enumerated() { memory[index] = CChar(bitPattern: byte) }
            memory[bytes.count] = 0
            return body(memory.baseAddress!)
        }
    }
}
