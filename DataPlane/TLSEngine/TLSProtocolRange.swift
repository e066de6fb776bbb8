import COpenSSL
import PorticoModel

/// Versions of TLS in OpenSSL's terms.
enum TLSProtocolRange {
    private static let versions: [(TLSProtocols, Int32)] = [
        (.tls10, TLS1_VERSION), (.tls11, TLS1_1_VERSION), (.tls12, TLS1_2_VERSION), (.tls13, TLS1_3_VERSION),
    ]

    /// The lowest and the highest of them; TLS 1.2 and 1.3 where there is none.
    static func bounds(_ protocols: TLSProtocols) -> (low: Int32, high: Int32) {
        let wanted = versions.filter { protocols.contains($0.0) }.map(\.1)
        return (wanted.first ?? TLS1_2_VERSION, wanted.last ?? TLS1_3_VERSION)
    }

    /// Options against those in between.
    static func disabling(_ protocols: TLSProtocols) -> UInt64 {
        var options: UInt64 = 0
        if !protocols.contains(.tls10) { options |= portico_SSL_OP_NO_TLSv1() }
        if !protocols.contains(.tls11) { options |= portico_SSL_OP_NO_TLSv1_1() }
        guard !protocols.isDisjoint(with: [.tls12, .tls13]) else { return options }
        if !protocols.contains(.tls12) { options |= portico_SSL_OP_NO_TLSv1_2() }
        if !protocols.contains(.tls13) { options |= portico_SSL_OP_NO_TLSv1_3() }
        return options
    }
}
