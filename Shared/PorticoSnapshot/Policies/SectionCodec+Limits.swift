internal import CPorticoSnapshot
import PorticoModel

extension SectionCodec {
    static func encode(
        _ value: RateLimits, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__RateLimits>? {
        let message = arena.make(portico__snapshot__v1__rate_limits__init)
        message.pointee.connections = value.connections
        message.pointee.requests_per_second = value.requestsPerSecond
        message.pointee.requests_per_minute = value.requestsPerMinute
        message.pointee.burst_multiplier = value.burstMultiplier
        message.pointee.n_allowed_blocks = value.allowedBlocks.count
        message.pointee.allowed_blocks = arena.list(value.allowedBlocks) { arena.text($0) }
        message.pointee.response_bytes_per_second = value.responseBytesPerSecond
        message.pointee.response_rate_after_bytes = value.responseRateAfterBytes
        return message
    }

    static func decode(
        _ message: Portico__Snapshot__V1__RateLimits
    ) throws(SnapshotError) -> RateLimits {
        let reader = FieldReader(message: "RateLimits")
        var value = RateLimits()
        value.connections = message.connections
        value.requestsPerSecond = message.requests_per_second
        value.requestsPerMinute = message.requests_per_minute
        value.burstMultiplier = message.burst_multiplier
        value.allowedBlocks = try reader.texts(message.allowed_blocks, message.n_allowed_blocks, "allowed_blocks")
        value.responseBytesPerSecond = message.response_bytes_per_second
        value.responseRateAfterBytes = message.response_rate_after_bytes
        return value
    }
}
