extension Section {
    /// The live objects that this section refers to, endpoints aside.
    package var liveObjects: Set<LiveObjectName> {
        var names: Set<LiveObjectName> = []
        func add(_ kind: LiveObjectKind, _ name: String) {
            if !name.isEmpty { names.insert(LiveObjectName(kind: kind, name: name)) }
        }
        switch self {
        case .virtualHost(let host):
            for name in host.tls?.certificates ?? [] { add(.certificate, name) }
            if let clients = host.tls?.clientCertificates { add(.authorities, clients.authorities) }
            for policy in host.policies where policy.hasFeatures {
                if let password = policy.features.access?.password { add(.passwords, password.secret) }
                guard let secret = policy.features.upstreamTLS?.secret else { continue }
                add(.certificate, secret)
                add(.authorities, secret)
            }
        case .globalSettings(let settings):
            add(.certificate, settings.tls.defaultCertificate)
            add(.keyExchangeParameters, settings.tls.keyExchangeParameters)
        default: break
        }
        return names
    }
}
