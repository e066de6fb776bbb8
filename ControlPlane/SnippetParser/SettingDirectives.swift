import PorticoModel

/// Directives whose values annotations have too.
enum SettingDirectives {
    struct Reading {
        /// Nil where the value changes nothing.
        var value: PolicySetting?
    }

    /// - Returns: nil for other directives.
    static func setting(_ directive: Directive) throws(DirectiveFault) -> Reading? {
        let words = directive.arguments
        let word = words.first ?? ""
        let setting: PolicySetting? =
            switch directive.name {
            case "proxy_connect_timeout": .connectTimeout(try time(word))
            case "proxy_send_timeout", "grpc_send_timeout": .sendTimeout(try time(word))
            case "proxy_read_timeout", "grpc_read_timeout": .readTimeout(try time(word))
            case "proxy_next_upstream_timeout": .retryTimeout(try time(word))
            case "proxy_next_upstream_tries": .retryTries(try number(word))
            case "proxy_next_upstream": .retryConditions(try conditions(words))
            case "proxy_buffering": .buffersResponses(try onOff(word))
            case "proxy_request_buffering": .buffersRequests(try onOff(word))
            case "proxy_intercept_errors": .interceptsErrors(try onOff(word))
            case "proxy_buffer_size": .responseBufferBytes(try buffer(word))
            case "proxy_busy_buffers_size": .busyBufferBytes(try buffer(word))
            case "proxy_buffers":
                .responseBuffers(count: try number(word), bytes: try buffer(words.count == 2 ? words[1] : ""))
            case "proxy_max_temp_file_size": .maximumTemporaryFileBytes(try size(word))
            case "client_max_body_size": .maximumBodyBytes(try size(word))
            case "client_body_buffer_size": .bodyBufferBytes(try buffer(word))
            case "proxy_http_version": .usesHTTP10(try version(word))
            case "limit_rate": .responseRate(bytesPerSecond: try size(word))
            case "limit_rate_after": .responseRateAfter(bytes: try size(word))
            case "satisfy": .satisfiesAny(try satisfy(word))
            case "access_log" where word == "off": .logsAccess(false)
            case "proxy_cookie_domain", "proxy_cookie_path", "proxy_redirect":
                try replacement(directive.name, words)
            default: try UpstreamTLSSetting.read(directive).map { .upstreamTLS($0) }
            }
        if let setting { return Reading(value: setting) }
        return isReplacement(directive.name) ? Reading(value: nil) : nil
    }

    private static func isReplacement(_ name: String) -> Bool {
        name == "proxy_cookie_domain" || name == "proxy_cookie_path" || name == "proxy_redirect"
    }

    private static func replacement(_ name: String, _ words: [String]) throws(DirectiveFault) -> PolicySetting? {
        if words == ["off"] || words == ["default"] { return nil }
        guard words.count == 2 else { throw DirectiveFault("must be off or two texts") }
        var replacement = TextReplacement()
        replacement.to = try ConditionReader.template(words[1], [])
        (replacement.from, replacement.kind) =
            words[0].hasPrefix("~*")
            ? (String(words[0].dropFirst(2)), .regexIgnoringCase)
            : words[0].hasPrefix("~") ? (String(words[0].dropFirst()), .regex) : (words[0], .exact)
        if replacement.kind != .exact { try ConditionReader.checkPattern(replacement.from, restricts: false) }
        switch name {
        case "proxy_cookie_domain": return .cookieDomain(replacement)
        case "proxy_cookie_path": return .cookiePath(replacement)
        default: return .location(replacement)
        }
    }

    // MARK: Values

    /// nginx's times: numbers with units in falling order, or plain seconds; nil for anything else.
    static func milliseconds(_ text: String) -> UInt64? {
        let factors: [String: UInt64] = [
            "ms": 1, "": 1_000, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000,
            "M": 2_592_000_000, "y": 31_536_000_000,
        ]
        var rest = text[...]
        var total: UInt64 = 0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let number = UInt32(digits), let factor = factors[String(unit)] else { return nil }
            total += UInt64(number) * factor
        }
        return total
    }

    private static func time(_ text: String) throws(DirectiveFault) -> UInt32 {
        guard let time = milliseconds(text).flatMap({ UInt32(exactly: $0) }) else {
            throw DirectiveFault("must be a time, not '\(text)'")
        }
        return time
    }

    static func number(_ text: String) throws(DirectiveFault) -> UInt32 {
        guard let number = UInt32(text) else { throw DirectiveFault("must be a number, not '\(text)'") }
        return number
    }

    private static func size(_ text: String) throws(DirectiveFault) -> UInt64 {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let shifts: [String: UInt64] = ["": 0, "k": 10, "m": 20, "g": 30]
        guard let number = UInt64(digits), let shift = shifts[text.dropFirst(digits.count).lowercased()],
            number <= UInt64.max >> shift
        else { throw DirectiveFault("must be a size, not '\(text)'") }
        return number << shift
    }

    private static func buffer(_ text: String) throws(DirectiveFault) -> UInt32 {
        guard let bytes = UInt32(exactly: try size(text)), bytes > 0 else {
            throw DirectiveFault("must be a size of at least one byte, not '\(text)'")
        }
        return bytes
    }

    static func onOff(_ text: String) throws(DirectiveFault) -> Bool {
        guard text == "on" || text == "off" else { throw DirectiveFault("must be on or off, not '\(text)'") }
        return text == "on"
    }

    private static func version(_ text: String) throws(DirectiveFault) -> Bool {
        guard text == "1.0" || text == "1.1" else { throw DirectiveFault("must be 1.0 or 1.1, not '\(text)'") }
        return text == "1.0"
    }

    private static func satisfy(_ text: String) throws(DirectiveFault) -> Bool {
        guard text == "any" || text == "all" else { throw DirectiveFault("must be any or all", restricts: true) }
        return text == "any"
    }

    private static func conditions(_ words: [String]) throws(DirectiveFault) -> RetryConditions {
        let names: [String: RetryConditions] = [
            "error": .error, "timeout": .timeout, "invalid_header": .invalidHeader, "http_500": .http500,
            "http_502": .http502, "http_503": .http503, "http_504": .http504, "http_403": .http403,
            "http_404": .http404, "http_429": .http429, "non_idempotent": .nonIdempotent, "off": [],
        ]
        var conditions: RetryConditions = []
        for word in words {
            guard let condition = names[word] else { throw DirectiveFault("'\(word)' is no condition") }
            conditions.formUnion(condition)
        }
        return words.contains("off") ? [] : conditions
    }
}
