/// The header fields that the proxy has an interest in. At most 63, so that a head's set of them is one word.
@usableFromInline
package enum KnownHeader: UInt8, CaseIterable, Sendable {
    case other = 0
    // Framing and connection management: never copied blindly.
    case host, connection, keepAlive, proxyConnection, te, trailer, transferEncoding, upgrade, contentLength, expect
    // Forwarding.
    case xForwardedFor, xForwardedHost, xForwardedPort, xForwardedProto, xForwardedScheme, forwarded, xRealIP
    case xRequestID, xScheme, xOriginalForwardedFor, xOriginalURI, xOriginalMethod, proxy, via
    // Requests.
    case cookie, authorization, proxyAuthorization, userAgent, referer, accept, acceptEncoding, origin, range
    case ifNoneMatch, ifModifiedSince, secWebSocketKey, secWebSocketVersion
    // Responses.
    case date, server, location, setCookie, wwwAuthenticate, proxyAuthenticate, retryAfter, refresh, expires, eTag
    case lastModified, vary, age, xAccelRedirect, xAccelExpires, xAccelBuffering, xAccelLimitRate, xAccelCharset
    // Both.
    case contentType, contentEncoding, cacheControl, xPad

    /// The field's name in lower case; empty for `other`.
    package var name: StaticString {
        switch self {
        case .other: ""
        case .host: "host"
        case .connection: "connection"
        case .keepAlive: "keep-alive"
        case .proxyConnection: "proxy-connection"
        case .te: "te"
        case .trailer: "trailer"
        case .transferEncoding: "transfer-encoding"
        case .upgrade: "upgrade"
        case .contentLength: "content-length"
        case .expect: "expect"
        case .xForwardedFor: "x-forwarded-for"
        case .xForwardedHost: "x-forwarded-host"
        case .xForwardedPort: "x-forwarded-port"
        case .xForwardedProto: "x-forwarded-proto"
        case .xForwardedScheme: "x-forwarded-scheme"
        case .forwarded: "forwarded"
        case .xRealIP: "x-real-ip"
        case .xRequestID: "x-request-id"
        case .xScheme: "x-scheme"
        case .xOriginalForwardedFor: "x-original-forwarded-for"
        case .xOriginalURI: "x-original-uri"
        case .xOriginalMethod: "x-original-method"
        case .proxy: "proxy"
        case .via: "via"
        default: messageFieldName
        }
    }

    private var messageFieldName: StaticString {
        switch self {
        case .cookie: "cookie"
        case .authorization: "authorization"
        case .proxyAuthorization: "proxy-authorization"
        case .userAgent: "user-agent"
        case .referer: "referer"
        case .accept: "accept"
        case .acceptEncoding: "accept-encoding"
        case .origin: "origin"
        case .range: "range"
        case .ifNoneMatch: "if-none-match"
        case .ifModifiedSince: "if-modified-since"
        case .secWebSocketKey: "sec-websocket-key"
        case .secWebSocketVersion: "sec-websocket-version"
        case .date: "date"
        case .server: "server"
        case .location: "location"
        case .setCookie: "set-cookie"
        case .wwwAuthenticate: "www-authenticate"
        case .proxyAuthenticate: "proxy-authenticate"
        case .retryAfter: "retry-after"
        case .refresh: "refresh"
        case .expires: "expires"
        case .eTag: "etag"
        case .lastModified: "last-modified"
        case .vary: "vary"
        case .age: "age"
        case .xAccelRedirect: "x-accel-redirect"
        case .xAccelExpires: "x-accel-expires"
        case .xAccelBuffering: "x-accel-buffering"
        case .xAccelLimitRate: "x-accel-limit-rate"
        case .xAccelCharset: "x-accel-charset"
        case .contentType: "content-type"
        case .contentEncoding: "content-encoding"
        case .cacheControl: "cache-control"
        case .xPad: "x-pad"
        default: ""
        }
    }

    /// Meant for one connection only (RFC 9110 §7.6.1), so never forwarded as received.
    package var isHopByHop: Bool {
        switch self {
        case .connection, .keepAlive, .proxyConnection, .te, .transferEncoding, .upgrade, .proxyAuthorization,
            .proxyAuthenticate:
            true
        default: false
        }
    }

    /// May not come in a trailer section: fields of framing, routing and authentication (RFC 9110 §6.5.1).
    package var isForbiddenInTrailers: Bool {
        switch self {
        case .host, .connection, .keepAlive, .proxyConnection, .te, .trailer, .transferEncoding, .upgrade,
            .contentLength, .expect, .authorization, .proxyAuthorization, .contentEncoding, .contentType, .range,
            .setCookie, .cookie, .cacheControl, .xForwardedFor, .xForwardedHost, .xForwardedPort, .xForwardedProto,
            .xForwardedScheme, .forwarded, .xRealIP, .xOriginalForwardedFor, .xScheme:
            true
        default: false
        }
    }
}

/// A set of known header fields, one bit each.
@usableFromInline
package struct KnownHeaderSet: Hashable, Sendable {
    @usableFromInline
    package var bits: UInt64 = 0

    @inlinable
    package init() {}

    @inlinable
    package func contains(_ header: KnownHeader) -> Bool { bits & (1 &<< UInt64(header.rawValue)) != 0 }

    @inlinable
    package mutating func insert(_ header: KnownHeader) { bits |= 1 &<< UInt64(header.rawValue) }
}
