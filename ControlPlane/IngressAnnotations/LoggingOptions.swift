/// The access log.
let loggingOptions: [GlobalOptionDefinition] = [
    GlobalOptionDefinition(
        "disable-access-log", .bool, default: "false", "Whether there is no access log at all."
    ) { value, options throws(ValueFault) in
        options.settings.logsAccess = try !ValueParser.bool(value)
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
        if !value.isEmpty { options.settings.accessLogPath = try logPath(value) }
    },
]

private func logPath(_ value: String) throws(ValueFault) -> String {
    let path = try ValueParser.absolutePath(value)
    return path == "/var/log/nginx/access.log" ? "/dev/stdout" : path
}
