internal import CPorticoSnapshot
import PorticoModel

extension SectionCodec {
    static func encode(
        _ value: RewritePolicy, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__RewritePolicy>? {
        let message = arena.make(portico__snapshot__v1__rewrite_policy__init)
        message.pointee.target = arena.text(value.target)
        message.pointee.application_root = arena.text(value.applicationRoot)
        message.pointee.forwarded_prefix = arena.text(value.forwardedPrefix)
        message.pointee.upstream_host = arena.text(value.upstreamHost)
        return message
    }

    static func decode(
        _ message: Portico__Snapshot__V1__RewritePolicy
    ) throws(SnapshotError) -> RewritePolicy {
        let reader = FieldReader(message: "RewritePolicy")
        var value = RewritePolicy()
        value.target = try reader.text(message.target, "target")
        value.applicationRoot = try reader.text(message.application_root, "application_root")
        value.forwardedPrefix = try reader.text(message.forwarded_prefix, "forwarded_prefix")
        value.upstreamHost = try reader.text(message.upstream_host, "upstream_host")
        return value
    }

    static func encode(
        _ value: RedirectPolicy, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__RedirectPolicy>? {
        let message = arena.make(portico__snapshot__v1__redirect_policy__init)
        message.pointee.status = value.status
        message.pointee.location = arena.text(value.location)
        return message
    }

    static func decode(
        _ message: Portico__Snapshot__V1__RedirectPolicy
    ) throws(SnapshotError) -> RedirectPolicy {
        let reader = FieldReader(message: "RedirectPolicy")
        var value = RedirectPolicy()
        value.status = message.status
        value.location = try reader.text(message.location, "location")
        return value
    }

    static func encode(
        _ value: TextReplacement, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__TextReplacement>? {
        let message = arena.make(portico__snapshot__v1__text_replacement__init)
        message.pointee.from = arena.text(value.from)
        message.pointee.to = arena.text(value.to)
        message.pointee.kind = value.kind.rawValue
        return message
    }

    static func decode(
        _ message: Portico__Snapshot__V1__TextReplacement
    ) throws(SnapshotError) -> TextReplacement {
        let reader = FieldReader(message: "TextReplacement")
        var value = TextReplacement()
        value.from = try reader.text(message.from, "from")
        value.to = try reader.text(message.to, "to")
        value.kind = try reader.choice(message.kind, "kind")
        return value
    }

    static func encode(
        _ value: ResponseRewriting, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__ResponseRewriting>? {
        let message = arena.make(portico__snapshot__v1__response_rewriting__init)
        message.pointee.n_cookie_domains = value.cookieDomains.count
        message.pointee.cookie_domains = arena.list(value.cookieDomains) { encode($0, in: arena) }
        message.pointee.n_cookie_paths = value.cookiePaths.count
        message.pointee.cookie_paths = arena.list(value.cookiePaths) { encode($0, in: arena) }
        message.pointee.n_locations = value.locations.count
        message.pointee.locations = arena.list(value.locations) { encode($0, in: arena) }
        return message
    }

    static func decode(
        _ message: Portico__Snapshot__V1__ResponseRewriting
    ) throws(SnapshotError) -> ResponseRewriting {
        let reader = FieldReader(message: "ResponseRewriting")
        var value = ResponseRewriting()
        value.cookieDomains = try reader.list(
            message.cookie_domains, message.n_cookie_domains, "cookie_domains", decode)
        value.cookiePaths = try reader.list(message.cookie_paths, message.n_cookie_paths, "cookie_paths", decode)
        value.locations = try reader.list(message.locations, message.n_locations, "locations", decode)
        return value
    }
}
