import EventLoop
import HTTPCore
import PorticoModel

/// The access log in ingress-nginx's default format (`upstreaminfo`).
final class AccessLog: LineLog {
    /// One line for a request that was never whole.
    func refused(status: Int, peer: SocketAddress, core: WorkerCore) {
        line { output in
            AccessLog.writeAddress(peer, core, to: &output)
            output.append(" - - [")
            output.append(core.time.logTime)
            output.append("] \"\" ")
            output.append(decimal: status)
            output.append(" 0 \"-\" \"-\" 0 0.000 [] [] - - - - -\n")
        }
    }

    /// One line for a finished exchange.
    func write(_ exchange: Exchange, elapsed: UInt64, requestCount: UInt64) {
        line { output in
            AccessLog.writeRequest(exchange, to: &output)
            output.append(decimal: requestCount)
            output.append(UInt8(ascii: " "))
            output.append(secondsFromMilliseconds: elapsed)
            output.append(" [")
            if let route = exchange.route { output.append(route.upstreamName) }
            output.append("] [] ")
            AccessLog.writeAttempts(exchange, to: &output)
            output.append(UInt8(ascii: " "))
            AccessLog.writeField(exchange.facts.requestID, of: exchange, to: &output)
            output.append(UInt8(ascii: "\n"))
        }
    }

    /// One line for a finished exchange of a route with features, or where the format is the user's.
    func write(_ exchange: Exchange, _ extras: ExchangeExtras) {
        let globals = exchange.tables.compiled
        if extras.isSubrequest { return }
        if let unlogged = globals.unloggedTargets {
            let target = extras.savedHead.bytes[extras.savedTarget]
            if unlogged.matches(target, exchange.core.policies.captures) { return }
        }
        let format = globals.logFormat ?? globals.standardLogFormat
        line { output in
            format.write(from: exchange, escaping: globals.logEscaping, to: &output)
            output.append(UInt8(ascii: "\n"))
        }
    }

    private static func writeAddress(_ address: SocketAddress, _ core: WorkerCore, to output: inout ByteWriter) {
        let count = address.writeAddress(into: core.hostScratch)
        output.append(UnsafeRawBufferPointer(rebasing: core.hostScratch[..<count]))
    }

    private static func writeRequest(_ exchange: Exchange, to output: inout ByteWriter) {
        writeAddress(exchange.client, exchange.core, to: &output)
        output.append(" - ")
        writeUser(exchange, to: &output)
        output.append(" [")
        output.append(exchange.core.time.logTime)
        output.append("] \"")
        writeField(exchange.facts.methodAndTarget, of: exchange, to: &output)
        let isStream = exchange.downstream?.isStream ?? false
        output.append(isStream ? " HTTP/2.0\" " : exchange.isHTTP10 ? " HTTP/1.0\" " : " HTTP/1.1\" ")
        output.append(decimal: exchange.status)
        output.append(UInt8(ascii: " "))
        output.append(decimal: exchange.responseCount)
        output.append(" \"")
        writeField(exchange.facts.referer, of: exchange, to: &output)
        output.append("\" \"")
        writeField(exchange.facts.userAgent, of: exchange, to: &output)
        output.append("\" ")
    }

    private static func writeField(_ range: ByteRange, of exchange: Exchange, to output: inout ByteWriter) {
        guard !range.isEmpty, range.upperBound <= exchange.head.count else { return output.append(UInt8(ascii: "-")) }
        LogEscaping.standard.append(exchange.head.bytes[range], to: &output)
    }

    /// The name in basic credentials, or a hyphen.
    private static func writeUser(_ exchange: Exchange, to output: inout ByteWriter) {
        let range = exchange.facts.authorization
        guard !range.isEmpty, range.upperBound <= exchange.head.count else { return output.append(UInt8(ascii: "-")) }
        BasicCredentials.writeUser(of: exchange.head.bytes[range], to: &output)
    }

    /// Address, length, time and status of every attempt, as nginx lists them.
    private static func writeAttempts(_ exchange: Exchange, to output: inout ByteWriter) {
        let attempts = exchange.attemptLog
        if attempts.isEmpty { return output.append("- - - -") }
        for column in 0..<4 {
            if column > 0 { output.append(UInt8(ascii: " ")) }
            for index in attempts.indices {
                if index > 0 { output.append(", ") }
                switch column {
                case 0: output.append(attempts[index].endpoint.text)
                case 1: output.append(decimal: attempts[index].responseCount)
                case 2: output.append(secondsFromMilliseconds: attempts[index].milliseconds)
                default:
                    if attempts[index].status == 0 {
                        output.append(UInt8(ascii: "-"))
                    } else {
                        output.append(decimal: attempts[index].status)
                    }
                }
            }
        }
    }
}
