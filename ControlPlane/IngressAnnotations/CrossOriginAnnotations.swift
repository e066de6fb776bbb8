import PorticoModel

/// What the annotations of CORS say; they count where `enable-cors` is true.
struct CrossOriginChoices: Hashable, Sendable {
    static let methods = "GET, PUT, POST, DELETE, PATCH, OPTIONS"
    static let headers =
        "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization"

    var isEnabled = false
    var policy = CrossOriginPolicy()

    init() {
        policy.origins = ["*"]
        policy.methods = CrossOriginChoices.methods
        policy.headers = CrossOriginChoices.headers
        policy.allowsCredentials = true
        policy.maximumAgeSeconds = 1_728_000
    }
}

let crossOriginAnnotations: [AnnotationDefinition] = [
    AnnotationDefinition(
        "enable-cors", .bool, scope: .ingress, default: "false", "Answers preflight requests and adds the CORS headers."
    ) { value, policy, _ throws(ValueFault) in
        policy.crossOrigin.isEnabled = try ValueParser.bool(value)
    },
    AnnotationDefinition(
        "cors-allow-origin", .list, scope: .ingress, risk: .medium, default: "*",
        "The origins that are let in: `*`, `scheme://host[:port]`, or `*.` before the host for one label."
    ) { value, policy, _ throws(ValueFault) in
        do throws(ValueFault) {
            policy.crossOrigin.policy.origins = try origins(value)
        } catch {
            policy.crossOrigin.policy.origins = []
            throw error
        }
    },
    AnnotationDefinition(
        "cors-allow-methods", .list, scope: .ingress, risk: .medium, default: CrossOriginChoices.methods,
        "The methods that Access-Control-Allow-Methods names."
    ) { value, policy, _ throws(ValueFault) in
        let text = try TextSyntax.headerList.check(value)
        guard text.utf8.allSatisfy({ ($0 | 0x20) &- 0x61 < 26 || $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: " ") })
        else { throw ValueFault("must be a list of methods, not '\(value)'") }
        if !text.isEmpty { policy.crossOrigin.policy.methods = text }
    },
    AnnotationDefinition(
        "cors-allow-headers", .list, scope: .ingress, risk: .medium, default: CrossOriginChoices.headers,
        "The headers that Access-Control-Allow-Headers names."
    ) { value, policy, _ throws(ValueFault) in
        let text = try TextSyntax.headerList.check(value)
        if !text.isEmpty { policy.crossOrigin.policy.headers = text }
    },
    AnnotationDefinition(
        "cors-expose-headers", .list, scope: .ingress, risk: .medium, default: "",
        "The headers that Access-Control-Expose-Headers names; `*` is all."
    ) { value, policy, _ throws(ValueFault) in
        policy.crossOrigin.policy.exposedHeaders = try TextSyntax.headerListOrAll.check(value)
    },
    AnnotationDefinition(
        "cors-allow-credentials", .bool, scope: .ingress, default: "true", "Whether credentials may be sent along."
    ) { value, policy, _ throws(ValueFault) in
        policy.crossOrigin.policy.allowsCredentials = try ValueParser.bool(value)
    },
    AnnotationDefinition(
        "cors-max-age", .number, scope: .ingress, default: "1728000", "How many seconds a preflight answer is kept."
    ) { value, policy, _ throws(ValueFault) in
        policy.crossOrigin.policy.maximumAgeSeconds = try ValueParser.count(value)
    },
]

private func origins(_ value: String) throws(ValueFault) -> [String] {
    var found: [String] = []
    for origin in ValueParser.list(value) {
        guard isOrigin(origin) else {
            throw ValueFault("'\(origin)' is no origin as https://shop.example.com", consequence: "no origin is let in")
        }
        found.append(origin)
    }
    return found.isEmpty ? ["*"] : found
}

private func isOrigin(_ text: String) -> Bool {
    if text == "*" || text == "null" { return true }
    guard let separator = text.firstRange(of: "://") else { return false }
    let scheme = text[..<separator.lowerBound]
    guard !scheme.isEmpty, scheme.utf8.allSatisfy({ $0 &- 0x61 < 26 || $0 &- 0x30 < 10 || "+-.".utf8.contains($0) })
    else { return false }
    let parts = text[separator.upperBound...].split(separator: ":", omittingEmptySubsequences: false)
    if parts.count == 2, UInt16(parts[1]) == nil { return false }
    return parts.count <= 2 && HostSyntax.isHost(parts[0].lowercased())
}

extension IngressPolicy {
    mutating func completeCrossOrigin() {
        features.crossOrigin = crossOrigin.isEnabled ? crossOrigin.policy : nil
    }
}
