/// Guesses which key someone meant.
package enum Spelling {
    /// Spellings of tutorials and other controllers, and what they mean here.
    private static let aliases: [String: String] = [
        "rate-limit": "limit-rpm", "rate-limit-rps": "limit-rps", "rate-limit-rpm": "limit-rpm",
        "rate-limit-burst": "limit-burst-multiplier", "limit-burst": "limit-burst-multiplier",
        "rate-limit-connection": "limit-connections", "rate-limit-connections": "limit-connections",
        "enable-opentracing": "enable-opentelemetry",
        "opentracing-trust-incoming-span": "opentelemetry-trust-incoming-span",
        "secure-backends": "backend-protocol", "grpc-backend": "backend-protocol",
        "add-base-url": "x-forwarded-prefix", "base-url-scheme": "x-forwarded-prefix",
        "session-cookie-hash": "session-cookie-name", "mirror-uri": "mirror-target",
        "whitelist-source": "whitelist-source-range", "cors-enable": "enable-cors",
        "proxy-timeout": "proxy-read-timeout", "max-body-size": "proxy-body-size",
        "client-max-body-size": "proxy-body-size", "ssl-force-redirect": "force-ssl-redirect",
    ]

    package static func suggestion(for key: String, among keys: some Sequence<String>) -> String? {
        if let alias = aliases[key] { return alias }
        let candidates = keys.map { (distance: distance(key, $0), key: $0) }
        let limit = max(1, key.utf8.count / 4)
        return candidates.filter { $0.distance <= limit }.min { $0 < $1 }?.key
    }

    /// How many letters must be put in, taken out, changed or swapped with the next (optimal string alignment).
    static func distance(_ left: String, _ right: String) -> Int {
        let (a, b) = (Array(left.utf8.prefix(128)), Array(right.utf8.prefix(128)))
        var before: [Int] = []
        var previous = Array(0...b.count)
        for i in 1..<(a.count + 1) {
            var row = [i] + Array(repeating: 0, count: b.count)
            for j in 1..<(b.count + 1) {
                let cost = a[i - 1] == b[j - 1] ? 0 : 1
                row[j] = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + cost)
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                    row[j] = min(row[j], before[j - 2] + 1)
                }
            }
            (before, previous) = (previous, row)
        }
        return previous[b.count]
    }
}
