import EventLoop
import Glibc
import HTTPCore
import Policies
import PorticoModel
import StreamProxy

/// The log of TCP and UDP sessions. It shares the access log's file where both have the same.
final class StreamLog: LineLog {
    private var parts: [StreamLogFormat.Part] = []
    private var sharesAccessLog = false

    func configure(_ globals: GlobalSettings) {
        let text = globals.streamLogFormat.isEmpty ? StreamLogFormat.standard : globals.streamLogFormat
        // The compiler has refused what is no format.
        parts = (try? StreamLogFormat(text))?.parts ?? []
        sharesAccessLog =
            globals.logsStreams && globals.logsAccess && globals.streamLogPath == globals.accessLogPath
        configure(isOn: globals.logsStreams && !sharesAccessLog, path: globals.streamLogPath)
    }

    func write(_ record: borrowing StreamRecord, core: WorkerCore) {
        guard isOn || sharesAccessLog else { return }
        (sharesAccessLog ? core.log : self).line { output in
            for part in parts {
                switch part {
                case .text(let text): output.append(text: text)
                case .variable(let variable): Self.write(variable, of: record, core, to: &output)
                }
            }
            output.append(UInt8(ascii: "\n"))
        }
    }

    private static func write(
        _ variable: StreamVariable, of record: borrowing StreamRecord, _ core: WorkerCore, to output: inout ByteWriter
    ) {
        switch variable {
        case .remoteAddress: write(record.client, core, to: &output)
        case .remotePort: output.append(decimal: UInt64(record.client.port))
        case .serverAddress: write(record.local, core, to: &output)
        case .serverPort: output.append(decimal: UInt64(record.port.number))
        case .proxyProtocolAddress, .proxyProtocolPort:
            guard let announced = record.announced else { return output.append(UInt8(ascii: "-")) }
            let address = SocketAddress(announced)
            if variable == .proxyProtocolPort { return output.append(decimal: UInt64(address.port)) }
            write(address, core, to: &output)
        case .timeLocal: output.append(core.time.logTime)
        case .timeISO8601: WallClock.writeISO8601(to: &output)
        case .msec: WallClock.writeSeconds(to: &output)
        case .status: output.append(decimal: record.outcome.rawValue)
        case .hostname: output.append(text: MachineName.text)
        case .pid: output.append(decimal: Int(getpid()))
        case .transport: output.append(record.port.transport == .tcp ? "TCP" : "UDP")
        case .bytesSent, .upstreamBytesReceived: output.append(decimal: record.sentBytes)
        case .bytesReceived, .upstreamBytesSent: output.append(decimal: record.receivedBytes)
        case .sessionTime:
            output.append(secondsFromMilliseconds: record.endedAt - min(record.startedAt, record.endedAt))
        case .proxyUpstreamName: output.append(text: record.upstream)
        case .upstreamAddress:
            if record.endpoints.isEmpty { output.append(UInt8(ascii: "-")) }
            for (index, endpoint) in record.endpoints.enumerated() {
                if index > 0 { output.append(", ") }
                output.append(endpoint.text)
            }
        case .upstreamConnectTime:
            if record.connectedAt == 0 { return output.append(UInt8(ascii: "-")) }
            output.append(secondsFromMilliseconds: record.connectedAt - record.startedAt)
        case .upstreamSessionTime:
            if record.connectedAt == 0 { return output.append(UInt8(ascii: "-")) }
            output.append(secondsFromMilliseconds: record.endedAt - min(record.connectedAt, record.endedAt))
        }
    }

    private static func write(_ address: SocketAddress, _ core: WorkerCore, to output: inout ByteWriter) {
        let count = address.writeAddress(into: core.hostScratch)
        output.append(UnsafeRawBufferPointer(rebasing: core.hostScratch[..<count]))
    }
}

extension ByteWriter {
    mutating func append(text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }
}
