internal import CPorticoSnapshot
import PorticoModel

extension SectionCodec {
    static func encode(
        _ value: SnippetProgram, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__SnippetProgram>? {
        let message = arena.make(portico__snapshot__v1__snippet_program__init)
        message.pointee.n_variables = value.variables.count
        message.pointee.variables = arena.list(value.variables) { arena.text($0) }
        message.pointee.n_conditions = value.conditions.count
        message.pointee.conditions = arena.list(value.conditions) { encode($0, in: arena) }
        message.pointee.n_operations = value.operations.count
        message.pointee.operations = arena.list(value.operations) { encode($0, in: arena) }
        message.pointee.host_operations = value.hostOperations
        message.pointee.n_request_headers = value.requestHeaders.count
        message.pointee.request_headers = arena.list(value.requestHeaders) { encode($0, in: arena) }
        message.pointee.n_response_headers = value.responseHeaders.count
        message.pointee.response_headers = arena.list(value.responseHeaders) { encode($0, in: arena) }
        message.pointee.cache = value.cache.flatMap { encode($0, in: arena) }
        message.pointee.media_type = arena.text(value.mediaType)
        return message
    }

    static func decode(
        _ message: Portico__Snapshot__V1__SnippetProgram
    ) throws(SnapshotError) -> SnippetProgram {
        let reader = FieldReader(message: "SnippetProgram")
        var value = SnippetProgram()
        value.variables = try reader.texts(message.variables, message.n_variables, "variables")
        value.conditions = try reader.list(message.conditions, message.n_conditions, "conditions", decode)
        value.operations = try reader.list(message.operations, message.n_operations, "operations", decode)
        value.hostOperations = message.host_operations
        value.requestHeaders = try reader.list(
            message.request_headers, message.n_request_headers, "request_headers", decode)
        value.responseHeaders = try reader.list(
            message.response_headers, message.n_response_headers, "response_headers", decode)
        if let part = message.cache { value.cache = try decode(part.pointee) }
        value.mediaType = try reader.text(message.media_type, "media_type")
        return value
    }

    static func encode(
        _ value: SnippetCondition, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__SnippetCondition>? {
        let message = arena.make(portico__snapshot__v1__snippet_condition__init)
        message.pointee.left = arena.text(value.left)
        message.pointee.comparison = value.comparison.rawValue
        message.pointee.right = arena.text(value.right)
        return message
    }

    static func decode(
        _ message: Portico__Snapshot__V1__SnippetCondition
    ) throws(SnapshotError) -> SnippetCondition {
        let reader = FieldReader(message: "SnippetCondition")
        var value = SnippetCondition()
        value.left = try reader.text(message.left, "left")
        value.comparison = try reader.choice(message.comparison, "comparison")
        value.right = try reader.text(message.right, "right")
        return value
    }

    static func encode(
        _ value: SnippetOperation, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__SnippetOperation>? {
        let message = arena.make(portico__snapshot__v1__snippet_operation__init)
        message.pointee.kind = value.kind.rawValue
        message.pointee.guard_condition = value.`guard`
        message.pointee.index = value.index
        message.pointee.text = arena.text(value.text)
        message.pointee.pattern = arena.text(value.pattern)
        message.pointee.flag = value.flag.rawValue
        return message
    }

    static func decode(
        _ message: Portico__Snapshot__V1__SnippetOperation
    ) throws(SnapshotError) -> SnippetOperation {
        let reader = FieldReader(message: "SnippetOperation")
        var value = SnippetOperation()
        value.kind = try reader.choice(message.kind, "kind")
        value.`guard` = message.guard_condition
        value.index = message.index
        value.text = try reader.text(message.text, "text")
        value.pattern = try reader.text(message.pattern, "pattern")
        value.flag = try reader.choice(message.flag, "flag")
        return value
    }

    static func encode(
        _ value: SnippetHeader, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__SnippetHeader>? {
        let message = arena.make(portico__snapshot__v1__snippet_header__init)
        message.pointee.action = value.action.rawValue
        message.pointee.guard_condition = value.`guard`
        message.pointee.name = arena.text(value.name)
        message.pointee.value = arena.text(value.value)
        message.pointee.n_statuses = value.statuses.count
        message.pointee.statuses = arena.list(value.statuses) { $0 }
        message.pointee.always = value.always ? 1 : 0
        message.pointee.n_media_types = value.mediaTypes.count
        message.pointee.media_types = arena.list(value.mediaTypes) { arena.text($0) }
        message.pointee.seconds = value.seconds
        return message
    }

    static func decode(
        _ message: Portico__Snapshot__V1__SnippetHeader
    ) throws(SnapshotError) -> SnippetHeader {
        let reader = FieldReader(message: "SnippetHeader")
        var value = SnippetHeader()
        value.action = try reader.choice(message.action, "action")
        value.`guard` = message.guard_condition
        value.name = try reader.text(message.name, "name")
        value.value = try reader.text(message.value, "value")
        value.statuses = reader.numbers(message.statuses, message.n_statuses)
        value.always = message.always != 0
        value.mediaTypes = try reader.texts(message.media_types, message.n_media_types, "media_types")
        value.seconds = message.seconds
        return value
    }

    static func encode(
        _ value: CacheDirectives, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__CacheDirectives>? {
        let message = arena.make(portico__snapshot__v1__cache_directives__init)
        message.pointee.n_names = value.names.count
        message.pointee.names = arena.list(value.names) { arena.text($0) }
        message.pointee.n_values = value.values.count
        message.pointee.values = arena.list(value.values) { arena.text($0) }
        return message
    }

    static func decode(
        _ message: Portico__Snapshot__V1__CacheDirectives
    ) throws(SnapshotError) -> CacheDirectives {
        let reader = FieldReader(message: "CacheDirectives")
        var value = CacheDirectives()
        value.names = try reader.texts(message.names, message.n_names, "names")
        value.values = try reader.texts(message.values, message.n_values, "values")
        return value
    }
}
