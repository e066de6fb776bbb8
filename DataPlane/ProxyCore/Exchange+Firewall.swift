import EventLoop
import HTTPCore
import ModSecurity
import Policies
import WebApplicationFirewall

/// ModSecurity's rules: the request's head is shown to them before anything of the route's own acts, the body once it is
/// whole, and the response's head before it goes out. What they have to say goes to standard error, as nginx has it in its
/// error log.
extension Exchange {
    /// Begins with the rules and shows them the head.
    func passesFirewall(_ extras: ExchangeExtras) -> Bool {
        guard let firewall = extras.features?.firewall else { return true }
        guard let rules = firewall.rules else {
            if let complaint = firewall.takeComplaint() { logFirewall(complaint) }
            answer(status: 503)
            return false
        }
        // A route that a rewrite led to may have the same ones.
        if let begun = extras.firewall, begun.rules === rules { return true }
        let identity = firewall.transactionID.map { Array(value(of: $0)) } ?? Array(extras.bytes(extras.requestID))
        let transaction = FirewallTransaction(rules, identity: identity) { [unowned core] message in
            Exchange.logFirewall(message, core)
        }
        extras.firewall = transaction
        show(extras, to: transaction)
        return obeys(transaction.endRequestHead())
    }

    private func show(_ extras: ExchangeExtras, to transaction: FirewallTransaction) {
        transaction.begin(
            client: client.addressText, clientPort: client.port, server: "127.0.0.1",
            serverPort: downstream?.localPort ?? 80)
        let head = extras.savedHead.bytes
        let version = downstream?.isStream == true ? "2.0" : isHTTP10 ? "1.0" : "1.1"
        transaction.take(method: head[extras.savedMethod], target: head[extras.savedTarget], version: version)
        for line in head.split(separator: UInt8(ascii: "\n")).dropFirst() {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let value = line[(colon + 1)...].drop { $0 == 0x20 || $0 == 0x09 }
            let end = value.lastIndex { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D }.map { $0 + 1 } ?? value.startIndex
            transaction.takeRequestField(
                UnsafeRawBufferPointer(rebasing: head[line.startIndex..<colon]),
                UnsafeRawBufferPointer(rebasing: head[value.startIndex..<end]))
        }
    }

    /// The body is whole, or goes on as it comes: then it is not shown.
    func passesFirewall(body transaction: FirewallTransaction, _ extras: ExchangeExtras) -> Bool {
        extras.firewallSawBody = true
        guard !extras.isErrorPage else { return true }
        if !streamsBody, transaction.rules.inspectsBodies {
            transaction.takeBody(body.memory.bytes)
            var offset = 0
            while offset < body.fileCount {
                guard let count = body.read(at: offset, into: core.upstreamRead) else {
                    answer(status: 500)
                    return false
                }
                transaction.takeBody(UnsafeRawBufferPointer(rebasing: core.upstreamRead[..<count]))
                offset += count
            }
        }
        return obeys(transaction.endRequestBody())
    }

    func passesFirewall(
        _ bytes: UnsafeRawBufferPointer, _ response: ResponseHead, _ transaction: FirewallTransaction,
        _ extras: ExchangeExtras
    ) -> Bool {
        guard !extras.isErrorPage else { return true }
        for index in 0..<response.fields.count {
            let field = response.fields[index]
            transaction.takeResponseField(bytes[field.name], bytes[field.value])
        }
        return obeys(transaction.endResponseHead(status: response.status))
    }

    /// - Returns: whether the request goes on; else it was answered.
    private func obeys(_ verdict: FirewallTransaction.Verdict) -> Bool {
        switch verdict {
        case .pass: return true
        case .refuse(let status):
            core.counters.requestsRefusedByRules += 1
            answer(status: status)
        case .redirect(let status, let location):
            core.counters.requestsRefusedByRules += 1
            answer(status: status) { edits in edits.set("Location") { $0.append(location) } }
        }
        return false
    }

    // MARK: Log

    private func logFirewall(_ text: String) {
        var text = text
        text.withUTF8 { Exchange.logFirewall(UnsafeRawBufferPointer($0), core) }
    }

    private static func logFirewall(_ message: UnsafeRawBufferPointer, _ core: WorkerCore) {
        if !core.errors.isOn { core.errors.configure(isOn: true, path: "/dev/stderr") }
        core.errors.line { output in
            output.append("portico-proxy: ")
            // Its quotation marks are the message's own.
            for byte in message.prefix(8 << 10) {
                output.append(byte < 0x20 || byte == 0x7F ? UInt8(ascii: "?") : byte)
            }
            output.append("\n")
        }
    }
}

extension SocketAddress {
    /// Without the port.
    fileprivate var addressText: String {
        withUnsafeTemporaryAllocation(byteCount: SocketAddress.maximumTextCount, alignment: 1) { memory in
            let count = writeAddress(into: memory)
            return String(decoding: memory[..<count], as: UTF8.self)
        }
    }
}
