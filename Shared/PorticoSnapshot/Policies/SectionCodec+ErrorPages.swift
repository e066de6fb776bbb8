internal import CPorticoSnapshot
import PorticoModel

extension SectionCodec {
    static func encode(
        _ value: ErrorPagePolicy, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__ErrorPagePolicy>? {
        let message = arena.make(portico__snapshot__v1__error_page_policy__init)
        message.pointee.n_statuses = value.statuses.count
        message.pointee.statuses = arena.list(value.statuses) { $0 }
        message.pointee.upstream = arena.text(value.upstream)
        message.pointee.fallback_upstream = arena.text(value.fallbackUpstream)
        message.pointee.intercepts_responses = value.interceptsResponses ? 1 : 0
        return message
    }

    static func decode(
        _ message: Portico__Snapshot__V1__ErrorPagePolicy
    ) throws(SnapshotError) -> ErrorPagePolicy {
        let reader = FieldReader(message: "ErrorPagePolicy")
        var value = ErrorPagePolicy()
        value.statuses = reader.numbers(message.statuses, message.n_statuses)
        value.upstream = try reader.text(message.upstream, "upstream")
        value.fallbackUpstream = try reader.text(message.fallback_upstream, "fallback_upstream")
        value.interceptsResponses = message.intercepts_responses != 0
        return value
    }
}
