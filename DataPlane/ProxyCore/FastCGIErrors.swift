import EventLoop
import HTTPCore
import Policies
import PorticoModel

/// What a FastCGI application writes to its error stream, on its way to the proxy's standard error, line by line.
struct FastCGIErrors {
    /// A longer line is cut.
    private static let maximumLine = 4 << 10
    /// Bytes of one request; what is beyond them is dropped.
    private static let maximumTotal = 64 << 10

    private var line = PooledBuffer()
    private var total = 0

    /// Takes a part of the stream.
    mutating func take(_ bytes: UnsafeRawBufferPointer, from connection: UpstreamConnection) {
        let room = max(0, Self.maximumTotal - total)
        total += bytes.count
        var rest = UnsafeRawBufferPointer(rebasing: bytes.prefix(room))
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            append(UnsafeRawBufferPointer(rebasing: rest[..<end]), connection)
            write(connection)
            rest = UnsafeRawBufferPointer(rebasing: rest[(end + 1)...])
        }
        append(rest, connection)
    }

    private mutating func append(_ bytes: UnsafeRawBufferPointer, _ connection: UpstreamConnection) {
        let room = max(0, Self.maximumLine - line.count)
        connection.core.buffers.append(UnsafeRawBufferPointer(rebasing: bytes.prefix(room)), to: &line)
    }

    /// The stream is over.
    mutating func end(_ connection: UpstreamConnection) {
        write(connection)
        connection.core.buffers.give(&line)
    }

    private mutating func write(_ connection: UpstreamConnection) {
        guard !line.isEmpty else { return }
        let core = connection.core
        let text = line
        if !core.errors.isOn { core.errors.configure(isOn: true, path: "/dev/stderr") }
        core.errors.line { output in
            output.append("portico-proxy: FastCGI application ")
            output.append(connection.endpoint.text)
            output.append(" of ")
            output.append(text: connection.endpoint.upstream.name)
            if let exchange = connection.exchange, let route = exchange.route {
                output.append(", Ingress ")
                output.append(text: "\(route.route.ingress)")
                output.append(", \"")
                LogEscaping.standard.append(exchange.head.bytes[exchange.facts.methodAndTarget], to: &output)
                output.append("\"")
            }
            output.append(": ")
            LogEscaping.standard.append(text.bytes, to: &output)
            output.append("\n")
        }
        line.removeAll()
    }
}
