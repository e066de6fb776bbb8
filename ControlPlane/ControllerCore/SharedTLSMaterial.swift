import Certificates
import PorticoModel
import PorticoSnapshot

/// What TLS needs that no object of the cluster holds: a certificate for want of a better one, made at start, and the
/// keys of session tickets, renewed every hour. It lives in memory alone.
struct SharedTLSMaterial {
    private static let rotationSeconds: Int64 = 3_600
    /// Those before the newest are still read.
    private static let keptKeys = 3

    private var certificate: LiveObject?
    private var keys: [[UInt8]] = []
    private var rotatedAt: Int64 = 0

    /// What all workers get at this time, in seconds since 1970.
    /// - Parameter seed: what the keys of tickets are derived from; nil for keys of this process's own.
    mutating func objects(at seconds: Int64, seed: [UInt8]?) -> [LiveObject] {
        if certificate == nil, let made = try? SelfSignedCertificate.make() {
            certificate = LiveObject(
                .certificate, name: TLSSettings.builtInCertificate, content: LiveObjectCodec.encode(made))
        }
        if let seed { return [SharedTLSMaterial.tickets(DerivedTicketKeys.material(seed: seed, at: seconds))] + made }
        if keys.isEmpty || seconds - rotatedAt >= SharedTLSMaterial.rotationSeconds { rotate(at: seconds) }
        return [SharedTLSMaterial.tickets(TicketKeyMaterial(keys: keys))] + made
    }

    private var made: [LiveObject] { certificate.map { [$0] } ?? [] }

    private static func tickets(_ material: TicketKeyMaterial) -> LiveObject {
        LiveObject(.ticketKeys, name: "", content: LiveObjectCodec.encode(material))
    }

    private mutating func rotate(at seconds: Int64) {
        rotatedAt = seconds
        // From the system's own source of secrets.
        var generator = SystemRandomNumberGenerator()
        let key = (0..<TicketKeyMaterial.keyBytes).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        keys.insert(key, at: 0)
        if keys.count > SharedTLSMaterial.keptKeys { keys.removeLast() }
    }
}
