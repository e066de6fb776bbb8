internal import CPorticoSnapshot
import PorticoModel

/// TCP and UDP services.
extension SectionCodec {
    static func encode(
        _ stream: StreamService, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__StreamService> {
        let message = arena.make(portico__snapshot__v1__stream_service__init)
        message.pointee.transport = stream.port.transport.rawValue
        message.pointee.port = UInt32(stream.port.number)
        message.pointee.upstream = arena.text(stream.upstream)
        message.pointee.decodes_proxy_protocol = stream.decodesProxyProtocol ? 1 : 0
        message.pointee.encodes_proxy_protocol = stream.encodesProxyProtocol ? 1 : 0
        message.pointee.idle_ms = stream.settings.idleMilliseconds
        message.pointee.connect_ms = stream.settings.connectMilliseconds
        message.pointee.tries_next_endpoint = stream.settings.triesNextEndpoint ? 1 : 0
        message.pointee.retry_ms = stream.settings.retryMilliseconds
        message.pointee.tries = stream.settings.tries
        message.pointee.responses = stream.settings.responses
        return message
    }

    static func stream(_ message: Portico__Snapshot__V1__StreamService) throws(SnapshotError) -> StreamService {
        let reader = FieldReader(message: "StreamService")
        guard let transport = StreamService.Transport(rawValue: message.transport) else {
            throw reader.invalid("transport", "\(message.transport)")
        }
        guard let number = UInt16(exactly: message.port), number > 0 else {
            throw reader.invalid("port", "\(message.port)")
        }
        var stream = StreamService(
            port: StreamService.Port(transport, number), upstream: try reader.text(message.upstream, "upstream"))
        stream.decodesProxyProtocol = message.decodes_proxy_protocol != 0
        stream.encodesProxyProtocol = message.encodes_proxy_protocol != 0
        stream.settings.idleMilliseconds = message.idle_ms
        stream.settings.connectMilliseconds = message.connect_ms
        stream.settings.triesNextEndpoint = message.tries_next_endpoint != 0
        stream.settings.retryMilliseconds = message.retry_ms
        stream.settings.tries = message.tries
        stream.settings.responses = message.responses
        return stream
    }
}
