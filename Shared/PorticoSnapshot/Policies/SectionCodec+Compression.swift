internal import CPorticoSnapshot
import PorticoModel

extension SectionCodec {
    static func encode(
        _ value: CompressionSettings, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__CompressionSettings>? {
        let message = arena.make(portico__snapshot__v1__compression_settings__init)
        message.pointee.level = value.level
        message.pointee.minimum_bytes = value.minimumBytes
        message.pointee.n_types = value.types.count
        message.pointee.types = arena.list(value.types) { arena.text($0) }
        message.pointee.n_excluded_agents = value.excludedAgents.count
        message.pointee.excluded_agents = arena.list(value.excludedAgents) { arena.text($0) }
        return message
    }

    static func decode(
        _ message: Portico__Snapshot__V1__CompressionSettings
    ) throws(SnapshotError) -> CompressionSettings {
        let reader = FieldReader(message: "CompressionSettings")
        var value = CompressionSettings()
        value.level = message.level
        value.minimumBytes = message.minimum_bytes
        value.types = try reader.texts(message.types, message.n_types, "types")
        value.excludedAgents = try reader.texts(message.excluded_agents, message.n_excluded_agents, "excluded_agents")
        return value
    }

    static func encode(
        _ value: TextPattern, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__TextPattern>? {
        let message = arena.make(portico__snapshot__v1__text_pattern__init)
        message.pointee.text = arena.text(value.text)
        message.pointee.kind = value.kind.rawValue
        return message
    }

    static func decode(
        _ message: Portico__Snapshot__V1__TextPattern
    ) throws(SnapshotError) -> TextPattern {
        let reader = FieldReader(message: "TextPattern")
        var value = TextPattern()
        value.text = try reader.text(message.text, "text")
        value.kind = try reader.choice(message.kind, "kind")
        return value
    }

    static func encode(
        _ value: LogFormat, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__LogFormat>? {
        let message = arena.make(portico__snapshot__v1__log_format__init)
        message.pointee.template_text = arena.text(value.template)
        message.pointee.escaping = value.escaping.rawValue
        return message
    }

    static func decode(
        _ message: Portico__Snapshot__V1__LogFormat
    ) throws(SnapshotError) -> LogFormat {
        let reader = FieldReader(message: "LogFormat")
        var value = LogFormat()
        value.template = try reader.text(message.template_text, "template_text")
        value.escaping = try reader.choice(message.escaping, "escaping")
        return value
    }
}
