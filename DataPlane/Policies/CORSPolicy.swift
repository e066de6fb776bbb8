import HTTPCore
import PorticoModel

/// The answers to requests from pages of other origins (`enable-cors`), as ingress-nginx gives them.
package final class CORSPolicy {
    /// One origin that is allowed: equal, or a wildcard for exactly one label.
    private enum Origin {
        case any
        case equal([UInt8])
        /// What stands in front of the asterisk, and behind it.
        case wildcard([UInt8], [UInt8])
    }

    private let origins: [Origin]
    private let allowsAny: Bool
    private let fields: [(name: [UInt8], value: [UInt8])]

    package init(_ policy: CrossOriginPolicy) {
        let origins = policy.origins
        self.origins = origins.map { text in
            if text == "*" { return .any }
            let bytes = Array(text.utf8)
            guard let star = bytes.firstIndex(of: UInt8(ascii: "*")) else { return .equal(bytes) }
            return .wildcard(Array(bytes[..<star]), Array(bytes[(star + 1)...]))
        }
        allowsAny = origins.contains("*")
        let values = [
            ("Access-Control-Allow-Credentials", policy.allowsCredentials ? "true" : ""),
            ("Access-Control-Expose-Headers", policy.exposedHeaders),
            ("Access-Control-Allow-Methods", policy.methods), ("Access-Control-Allow-Headers", policy.headers),
            ("Access-Control-Max-Age", "\(policy.maximumAgeSeconds)"),
        ]
        fields = values.filter { !$0.1.isEmpty }.map { (Array($0.0.utf8), Array($0.1.utf8)) }
    }

    /// Whether a page of that origin may read the answer.
    package func allows(_ origin: UnsafeRawBufferPointer) -> Bool {
        allowsAny || !origin.isEmpty && origins.contains { Self.matches($0, origin) }
    }

    private static func matches(_ allowed: Origin, _ origin: UnsafeRawBufferPointer) -> Bool {
        switch allowed {
        case .any: return true
        case .equal(let text): return text.withUnsafeBytes { isEqualIgnoringCase($0, origin) }
        case .wildcard(let front, let back):
            guard origin.count > front.count + back.count else { return false }
            let head = UnsafeRawBufferPointer(rebasing: origin[..<front.count])
            let tail = UnsafeRawBufferPointer(rebasing: origin[(origin.count - back.count)...])
            guard front.withUnsafeBytes({ isEqualIgnoringCase($0, head) }),
                back.withUnsafeBytes({ isEqualIgnoringCase($0, tail) })
            else { return false }
            // One label: no dot, colon or slash beyond the scheme's.
            let label = origin[front.count..<(origin.count - back.count)]
            return label.allSatisfy { isLabel($0) } || front.isEmpty && isSchemeAndLabel(label)
        }
    }

    private static func isLabel(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }

    private static func isSchemeAndLabel(_ text: Slice<UnsafeRawBufferPointer>) -> Bool {
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")) else { return false }
        let rest = text[(colon + 1)...]
        return text[..<colon].allSatisfy(isLabel) && rest.starts(with: "//".utf8)
            && rest.dropFirst(2).allSatisfy(isLabel)
    }

    /// Sets the fields of an answer to a page of `origin`, which is allowed, in place of the endpoint's own.
    package func collect(_ edits: HeaderEdits, origin: UnsafeRawBufferPointer) {
        // Never the origin in its place: with credentials, browsers refuse an asterisk, and every site would be let in.
        edits.set("Access-Control-Allow-Origin") { writer in
            if allowsAny { writer.append(UInt8(ascii: "*")) } else { writer.append(origin) }
        }
        for field in fields { field.name.withUnsafeBytes { name in edits.set(name) { $0.append(field.value) } } }
        if !allowsAny { edits.add("Vary") { $0.append("Origin") } }
    }
}
