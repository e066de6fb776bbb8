internal import CPorticoSnapshot
import PorticoModel

extension SectionCodec {
    static func encode(
        _ value: CrossOriginPolicy, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__CrossOriginPolicy>? {
        let message = arena.make(portico__snapshot__v1__cross_origin_policy__init)
        message.pointee.n_origins = value.origins.count
        message.pointee.origins = arena.list(value.origins) { arena.text($0) }
        message.pointee.methods = arena.text(value.methods)
        message.pointee.headers = arena.text(value.headers)
        message.pointee.exposed_headers = arena.text(value.exposedHeaders)
        message.pointee.allows_credentials = value.allowsCredentials ? 1 : 0
        message.pointee.maximum_age_seconds = value.maximumAgeSeconds
        return message
    }

    static func decode(
        _ message: Portico__Snapshot__V1__CrossOriginPolicy
    ) throws(SnapshotError) -> CrossOriginPolicy {
        let reader = FieldReader(message: "CrossOriginPolicy")
        var value = CrossOriginPolicy()
        value.origins = try reader.texts(message.origins, message.n_origins, "origins")
        value.methods = try reader.text(message.methods, "methods")
        value.headers = try reader.text(message.headers, "headers")
        value.exposedHeaders = try reader.text(message.exposed_headers, "exposed_headers")
        value.allowsCredentials = message.allows_credentials != 0
        value.maximumAgeSeconds = message.maximum_age_seconds
        return value
    }

    static func encode(
        _ value: MirrorPolicy, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__MirrorPolicy>? {
        let message = arena.make(portico__snapshot__v1__mirror_policy__init)
        message.pointee.target = value.target.flatMap { encode($0, in: arena) }
        message.pointee.sends_body = value.sendsBody ? 1 : 0
        return message
    }

    static func decode(
        _ message: Portico__Snapshot__V1__MirrorPolicy
    ) throws(SnapshotError) -> MirrorPolicy {
        var value = MirrorPolicy()
        if let part = message.target { value.target = try decode(part.pointee) }
        value.sendsBody = message.sends_body != 0
        return value
    }
}
