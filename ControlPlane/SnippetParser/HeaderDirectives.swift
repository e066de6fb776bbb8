import PorticoModel

/// Directives that change headers, and the lists of addresses.
enum HeaderDirectives {
    struct Change {
        var headers: [SnippetHeader]
        var isRequest: Bool
        var isProxyHeader = false
    }

    /// - Returns: nil for directives that change no headers.
    static func change(_ directive: Directive, variables: Set<String>) throws(DirectiveFault) -> Change? {
        let arguments = directive.arguments
        switch directive.name {
        case "add_header": return Change(headers: [try addHeader(arguments, variables)], isRequest: false)
        case "expires": return Change(headers: try expires(arguments), isRequest: false)
        case "more_set_headers": return Change(headers: try more(.set, arguments, variables), isRequest: false)
        case "more_clear_headers": return Change(headers: try more(.clear, arguments, variables), isRequest: false)
        case "more_set_input_headers": return Change(headers: try more(.set, arguments, variables), isRequest: true)
        case "more_clear_input_headers": return Change(headers: try more(.clear, arguments, variables), isRequest: true)
        case "proxy_set_header", "grpc_set_header":
            guard arguments.count == 2 else { throw DirectiveFault("must be a name and a value") }
            let header = try header(.set, arguments[0], arguments[1], variables)
            return Change(headers: [header], isRequest: true, isProxyHeader: true)
        case "proxy_hide_header":
            guard arguments.count == 1 else { throw DirectiveFault("must be a name") }
            return Change(
                headers: [try header(.hide, arguments[0], "", variables)], isRequest: false, isProxyHeader: true)
        default: return nil
        }
    }

    private static func addHeader(_ arguments: [String], _ variables: Set<String>) throws(DirectiveFault)
        -> SnippetHeader
    {
        guard arguments.count == 2 || arguments.count == 3 && arguments[2] == "always" else {
            throw DirectiveFault("must be a name, a value and at most always")
        }
        var header = try header(.add, arguments[0], arguments[1], variables)
        header.always = arguments.count == 3
        return header
    }

    private static func header(
        _ action: HeaderAction, _ name: String, _ value: String, _ variables: Set<String>
    ) throws(DirectiveFault) -> SnippetHeader {
        var header = SnippetHeader()
        (header.action, header.name) = (action, name)
        header.value = try ConditionReader.template(value, variables)
        let mayEndInAsterisk = action == .clear || action == .hide
        guard isName(mayEndInAsterisk && name.hasSuffix("*") ? name.dropLast() : name[...]) else {
            throw DirectiveFault("'\(name)' is no header")
        }
        guard !value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) else {
            throw DirectiveFault("the value of \(name) holds a control character")
        }
        return header
    }

    /// RFC 9110 §5.6.2 token.
    private static func isName(_ name: Substring) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
    }

    /// `[-s statuses] [-t types] [-r] 'Name: value'…`.
    private static func more(
        _ action: HeaderAction, _ arguments: [String], _ variables: Set<String>
    ) throws(DirectiveFault) -> [SnippetHeader] {
        var headers: [SnippetHeader] = []
        var statuses: [UInt32] = []
        var types: [String] = []
        var action = action
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "-s":
                let words = (rest.popFirst() ?? "").split(separator: " ")
                statuses = words.compactMap { UInt32($0) }
                guard !statuses.isEmpty, statuses.count == words.count else {
                    throw DirectiveFault("-s must be statuses")
                }
            case "-t": types = (rest.popFirst() ?? "").split(separator: " ").map { $0.lowercased() }
            case "-r": action = action == .set ? .setIfPresent : action
            default:
                var header = try field(argument, action, variables)
                (header.statuses, header.mediaTypes, header.always) = (statuses, types, true)
                headers.append(header)
            }
        }
        guard !headers.isEmpty else { throw DirectiveFault("names no header") }
        return headers
    }

    private static func field(
        _ text: String, _ action: HeaderAction, _ variables: Set<String>
    ) throws(DirectiveFault) -> SnippetHeader {
        guard let colon = text.firstIndex(of: ":") else {
            return try header(action == .setIfPresent ? .clear : action == .set ? .clear : action, text, "", variables)
        }
        let name = String(text[..<colon])
        let value = text[text.index(after: colon)...].drop { $0 == " " }
        if value.isEmpty { return try header(.clear, name, "", variables) }
        return try header(action, name, action == .clear ? "" : String(value), variables)
    }

    private static func expires(_ arguments: [String]) throws(DirectiveFault) -> [SnippetHeader] {
        guard let word = arguments.last, arguments.count == 1 else {
            throw DirectiveFault("must be a time, max, epoch or off")
        }
        if word == "off" { return [] }
        var header = SnippetHeader()
        (header.action, header.name) = (.expires, "Expires")
        switch word {
        case "max": header.seconds = 315_360_000
        case "epoch": header.seconds = -1
        default:
            let isNegative = word.hasPrefix("-")
            let digits = isNegative || word.hasPrefix("+") ? String(word.dropFirst()) : word
            guard let time = SettingDirectives.milliseconds(digits) else {
                throw DirectiveFault("must be a time, max, epoch or off, not '\(word)'")
            }
            header.seconds = Int64(time / 1_000) * (isNegative ? -1 : 1)
        }
        return [header]
    }

    static func addressRules(_ allows: Bool, _ arguments: [String]) throws(DirectiveFault) -> [AddressRule] {
        guard let text = arguments.first, arguments.count == 1 else {
            throw DirectiveFault("must be an address, a CIDR block or all", restricts: true)
        }
        if text == "unix:" { return [] }
        let blocks = text == "all" ? ["0.0.0.0/0", "::/0"] : [text]
        var rules: [AddressRule] = []
        for block in blocks {
            guard let block = AddressBlock.normalised(block) else {
                throw DirectiveFault("'\(text)' is no address or CIDR block", restricts: true)
            }
            var rule = AddressRule()
            (rule.block, rule.allows) = (block, allows)
            rules.append(rule)
        }
        return rules
    }
}
