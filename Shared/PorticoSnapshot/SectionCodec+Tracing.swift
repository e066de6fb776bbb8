internal import CPorticoSnapshot
import PorticoModel

extension SectionCodec {
    /// - Returns: nil for the defaults.
    static func encode(
        _ tracing: TracingSettings, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__TracingSettings>? {
        guard tracing != TracingSettings() else { return nil }
        let message = arena.make(portico__snapshot__v1__tracing_settings__init)
        message.pointee.sampler = tracing.sampler.rawValue
        message.pointee.threshold = tracing.threshold
        message.pointee.ignores_parent = tracing.followsParent ? 0 : 1
        message.pointee.is_exported = tracing.isExported ? 1 : 0
        message.pointee.maximum_queue = tracing.maximumQueue
        return message
    }

    static func decode(_ message: Portico__Snapshot__V1__TracingSettings) throws(SnapshotError) -> TracingSettings {
        var tracing = TracingSettings()
        tracing.sampler = try FieldReader(message: "TracingSettings").choice(message.sampler, "sampler")
        tracing.threshold = message.threshold
        tracing.followsParent = message.ignores_parent == 0
        tracing.isExported = message.is_exported != 0
        tracing.maximumQueue = message.maximum_queue
        return tracing
    }
}
