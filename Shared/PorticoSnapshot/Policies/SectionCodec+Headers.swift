internal import CPorticoSnapshot
import PorticoModel

extension SectionCodec {
    static func encode(
        _ value: HeaderAssignment, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__HeaderAssignment>? {
        let message = arena.make(portico__snapshot__v1__header_assignment__init)
        message.pointee.name = arena.text(value.name)
        message.pointee.value = arena.text(value.value)
        return message
    }

    static func decode(
        _ message: Portico__Snapshot__V1__HeaderAssignment
    ) throws(SnapshotError) -> HeaderAssignment {
        let reader = FieldReader(message: "HeaderAssignment")
        var value = HeaderAssignment()
        value.name = try reader.text(message.name, "name")
        value.value = try reader.text(message.value, "value")
        return value
    }

    static func encode(
        _ value: HeaderPolicy, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__HeaderPolicy>? {
        let message = arena.make(portico__snapshot__v1__header_policy__init)
        message.pointee.n_request_headers = value.requestHeaders.count
        message.pointee.request_headers = arena.list(value.requestHeaders) { encode($0, in: arena) }
        message.pointee.n_response_headers = value.responseHeaders.count
        message.pointee.response_headers = arena.list(value.responseHeaders) { encode($0, in: arena) }
        message.pointee.n_hidden_headers = value.hiddenHeaders.count
        message.pointee.hidden_headers = arena.list(value.hiddenHeaders) { arena.text($0) }
        message.pointee.connection_header = arena.text(value.connectionHeader)
        return message
    }

    static func decode(
        _ message: Portico__Snapshot__V1__HeaderPolicy
    ) throws(SnapshotError) -> HeaderPolicy {
        let reader = FieldReader(message: "HeaderPolicy")
        var value = HeaderPolicy()
        value.requestHeaders = try reader.list(
            message.request_headers, message.n_request_headers, "request_headers", decode)
        value.responseHeaders = try reader.list(
            message.response_headers, message.n_response_headers, "response_headers", decode)
        value.hiddenHeaders = try reader.texts(message.hidden_headers, message.n_hidden_headers, "hidden_headers")
        value.connectionHeader = try reader.text(message.connection_header, "connection_header")
        return value
    }
}
