import PorticoModel

/// ingress-nginx's own format of the access log.
let standardLogTemplate =
    #"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "#
    + #""$http_user_agent" $request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] "#
    + "$upstream_addr $upstream_response_length $upstream_response_time $upstream_status $req_id"

/// The access log.
let loggingOptions: [GlobalOptionDefinition] = [
    GlobalOptionDefinition(
        "disable-access-log", .bool, default: "false", "Whether there is no access log at all."
    ) { value, options throws(ValueFault) in
        options.settings.logsAccess = try !ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "disable-http-access-log", .bool, default: "false", "Whether there is none of requests."
    ) { value, options throws(ValueFault) in
        options.logsHTTP = try !ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "disable-stream-access-log", .bool, default: "false", "Whether there is none of TCP and UDP sessions."
    ) { value, options throws(ValueFault) in
        options.settings.logsStreams = try !ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "access-log-path", .string, default: "/var/log/nginx/access.log",
        "The file of the access log. ingress-nginx's own default, a link to its standard output, means ours."
    ) { value, options throws(ValueFault) in
        options.settings.accessLogPath = try logPath(value)
    },
    GlobalOptionDefinition(
        "http-access-log-path", .string, default: "", "The same; it goes before access-log-path."
    ) { value, options throws(ValueFault) in
        if !value.isEmpty { options.accessLogPath = try logPath(value) }
    },
    GlobalOptionDefinition(
        "stream-access-log-path", .string, default: "",
        "The file of the log of TCP and UDP sessions; without it they are logged where access-log-path says."
    ) { value, options throws(ValueFault) in
        if !value.isEmpty { options.streamLogPath = try logPath(value) }
    },
    GlobalOptionDefinition(
        "log-format-stream", .template, default: StreamLogFormat.standard, "A line of that log."
    ) { value, options throws(ValueFault) in
        do throws(Template.Failure) { _ = try StreamLogFormat(value) } catch {
            throw ValueFault("\(error.explanation) for TCP and UDP sessions: '\(value)'")
        }
        options.settings.streamLogFormat = value == StreamLogFormat.standard ? "" : value
    },
    GlobalOptionDefinition(
        "enable-syslog", .bool, default: "false",
        "Whether the access log goes to syslog-host as datagrams (RFC 3164), in place of a file."
    ) { value, options throws(ValueFault) in
        options.syslog.isOn = try ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "syslog-host", .string, default: "", "The syslog server's address. Names are not looked up."
    ) { value, options throws(ValueFault) in
        let address = value.hasPrefix("[") && value.hasSuffix("]") ? String(value.dropFirst().dropLast()) : value
        guard address.isEmpty || IPAddress(address) != nil else {
            throw ValueFault("must be an IP address, not '\(value)'", consequence: "the log goes to its file")
        }
        options.syslog.host = address
    },
    GlobalOptionDefinition(
        "syslog-port", .number, default: "514", "The syslog server's port."
    ) { value, options throws(ValueFault) in
        options.syslog.port = try ValueParser.count(value, atLeast: 1)
    },
    GlobalOptionDefinition(
        "enable-access-log-for-default-backend", .bool, default: "false",
        "Whether requests that no route claims are logged."
    ) { value, options throws(ValueFault) in
        options.settings.logsDefaultBackend = try ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "log-format-upstream", .template, default: standardLogTemplate, "A line of the access log."
    ) { value, options throws(ValueFault) in
        let text = try ValueParser.template(value)
        options.logTemplate = text == standardLogTemplate ? "" : text
    },
    GlobalOptionDefinition(
        "log-format-escape-json", .bool, default: "false", "Variables in it are escaped as in JSON."
    ) { value, options throws(ValueFault) in
        if try ValueParser.bool(value) { options.logEscaping = .json }
    },
    GlobalOptionDefinition(
        "log-format-escape-none", .bool, default: "false",
        "Variables in it are not escaped, save for control characters; log-format-escape-json goes before it."
    ) { value, options throws(ValueFault) in
        if try ValueParser.bool(value), options.logEscaping != .json { options.logEscaping = .none }
    },
    GlobalOptionDefinition(
        "use-geoip2", .bool, default: "false",
        "Whether variables as `$geoip2_country_code` have values, from the databases that portico-proxy was given."
    ) { value, options throws(ValueFault) in
        options.settings.usesGeoDatabases = try ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "skip-access-log-urls", .list, default: "",
        "Targets that are not logged: a text, or `~` or `~*` and a regular expression."
    ) { value, options throws(ValueFault) in
        options.settings.unloggedTargets = try textPatterns(value)
    },
]

private func logPath(_ value: String) throws(ValueFault) -> String {
    let path = try ValueParser.absolutePath(value)
    return path == "/var/log/nginx/access.log" ? "/dev/stdout" : path
}

/// Where the access log goes in place of a file.
struct SyslogChoices: Hashable, Sendable {
    var isOn = false
    var host = ""
    var port: UInt32 = 514
}

extension GlobalOptions {
    mutating func completeLog() {
        settings.streamLogPath = streamLogPath ?? settings.accessLogPath
        settings.logsStreams = settings.logsStreams && settings.logsAccess
        settings.logsAccess = settings.logsAccess && logsHTTP
        if let accessLogPath { settings.accessLogPath = accessLogPath }
        if syslog.isOn, !syslog.host.isEmpty, syslog.port <= 65_535 {
            let host = syslog.host.contains(":") ? "[\(syslog.host)]" : syslog.host
            settings.accessLogPath = "syslog:\(host):\(syslog.port)"
            settings.streamLogPath = settings.accessLogPath
        }
        guard !logTemplate.isEmpty || logEscaping != .standard else { return }
        var format = LogFormat()
        format.template = logTemplate.isEmpty ? standardLogTemplate : logTemplate
        format.escaping = logEscaping
        settings.logFormat = format
    }
}
