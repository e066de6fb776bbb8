import PorticoModel

/// A value of `proxy_ssl_*` that an annotation has too.
package enum UpstreamTLSSetting: Hashable, Sendable {
    case verifies(Bool)
    case depth(UInt32)
    /// Empty: the request's host.
    case name(String)
    case sendsServerName(Bool)
    case protocols(TLSProtocols)
    case ciphers(String)

    package func apply(to tls: inout UpstreamTLS) {
        switch self {
        case .verifies(let flag): tls.verifies = flag
        case .depth(let depth): tls.depth = depth
        case .name(let name): tls.name = name
        case .sendsServerName(let flag): tls.sendsServerName = flag
        case .protocols(let protocols): tls.protocols = protocols
        case .ciphers(let ciphers): tls.ciphers = ciphers
        }
    }

    /// - Returns: nil for other directives.
    static func read(_ directive: Directive) throws(DirectiveFault) -> UpstreamTLSSetting? {
        let words = directive.arguments
        let word = words.first ?? ""
        switch directive.name {
        case "proxy_ssl_verify": return .verifies(try SettingDirectives.onOff(word))
        case "proxy_ssl_verify_depth": return .depth(max(1, try SettingDirectives.number(word)))
        case "proxy_ssl_name": return .name(try name(words))
        case "proxy_ssl_server_name": return .sendsServerName(try SettingDirectives.onOff(word))
        case "proxy_ssl_protocols": return .protocols(try protocols(words))
        case "proxy_ssl_ciphers": return .ciphers(try ciphers(words))
        default: return nil
        }
    }

    private static func name(_ words: [String]) throws(DirectiveFault) -> String {
        guard words.count == 1, let word = words.first else { throw DirectiveFault("must be a host name") }
        if word == "$host" || word == "$http_host" { return "" }
        guard !word.isEmpty, word.utf8.count <= 253,
            word.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "$") })
        else { throw DirectiveFault("must be a host name or $host, not '\(word)'") }
        return word
    }

    private static func protocols(_ words: [String]) throws(DirectiveFault) -> TLSProtocols {
        var protocols: TLSProtocols = []
        for word in words {
            guard let version = TLSProtocols.named(word) else {
                throw DirectiveFault("'\(word)' is none of TLSv1, TLSv1.1, TLSv1.2 and TLSv1.3")
            }
            protocols.formUnion(version)
        }
        guard !protocols.isEmpty else { throw DirectiveFault("must name a version of TLS") }
        return protocols
    }

    private static func ciphers(_ words: [String]) throws(DirectiveFault) -> String {
        guard words.count == 1, let list = words.first, !list.isEmpty, list.utf8.count <= 4_096,
            list.utf8.allSatisfy({ ($0 | 0x20) &- 0x61 < 26 || $0 &- 0x30 < 10 || "+:_-!@=,".utf8.contains($0) })
        else { throw DirectiveFault("must be a list of ciphers") }
        return list
    }
}
