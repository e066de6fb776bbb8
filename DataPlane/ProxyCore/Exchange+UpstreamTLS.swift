import HTTPCore
import Policies
import PorticoModel
import TLSEngine
import Upstreams

/// How TLS is spoken to the endpoints of a request.
extension Exchange {
    /// Asked only where the protocol is not HTTP.
    var speaksTLSToEndpoints: Bool {
        policy.backendProtocol.usesTLS(clientUsesTLS: downstream?.flags.contains(.isSecure) ?? false)
    }

    /// - Returns: nil where the settings are of no use; then nothing goes out in the clear either.
    func tlsPeer() -> TLSPeer? {
        let isGRPC = policy.backendProtocol.isGRPC
        let choice = tlsChoice(isGRPC: isGRPC)
        if let known = choice.known {
            let peer = unsafeDowncast(known, to: TLSPeer.self)
            if peer.isCurrent { return peer }
        }
        let name = choice.takesHostOfRequest ? sentHost : choice.settings.name
        do {
            let peer = try core.tls.peer(for: choice.settings, name: name, offersHTTP2: isGRPC)
            // Another request may have another host.
            choice.known = choice.takesHostOfRequest ? nil : peer
            return peer
        } catch {
            core.notices.tell(
                "TLS cannot be spoken to the endpoints of \(route?.route.upstream ?? name): \(error)",
                about: "\(route?.route.upstream ?? name) \(error)", at: now)
            return nil
        }
    }

    private func tlsChoice(isGRPC: Bool) -> CompiledUpstreamTLS {
        if let extras {
            if extras.isSubrequest { return core.defaultTLS.remote }
            if let own = extras.features?.upstreamTLS { return own }
        }
        return isGRPC ? core.defaultTLS.grpc : core.defaultTLS.http
    }

    /// The host that the endpoint is asked for, without its port.
    private var sentHost: String {
        guard let value = FieldSearch.value(of: "host", in: UnsafeRawBufferPointer(rebasing: head.bytes[..<headCount]))
        else { return "" }
        var end = value.count
        if value.first == UInt8(ascii: "[") {
            guard let bracket = value.firstIndex(of: UInt8(ascii: "]")) else { return "" }
            return String(decoding: value[1..<bracket], as: UTF8.self)
        }
        if let colon = value.lastIndex(of: UInt8(ascii: ":")) { end = colon }
        return String(decoding: value[..<end], as: UTF8.self).lowercased()
    }
}

/// TLS to endpoints of which no policy says anything else.
final class DefaultUpstreamTLS {
    let http = CompiledUpstreamTLS(UpstreamTLS())
    let grpc = CompiledUpstreamTLS(UpstreamTLS())
    /// Of the proxy's own requests, which go to services by their names.
    let remote: CompiledUpstreamTLS

    init() {
        var settings = UpstreamTLS()
        settings.sendsServerName = true
        remote = CompiledUpstreamTLS(settings)
    }
}
