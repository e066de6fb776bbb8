/// Connections from clients.
let downstreamOptions: [GlobalOptionDefinition] = [
    GlobalOptionDefinition(
        "client-header-timeout", .seconds, default: "60", "How long a client may take to send a request's head."
    ) { value, options throws(ValueFault) in
        options.settings.clientHeaderTimeoutMilliseconds = try ValueParser.seconds(value, atLeast: 1)
    },
    GlobalOptionDefinition(
        "client-body-timeout", .seconds, default: "60", "The longest pause between two reads of a request's body."
    ) { value, options throws(ValueFault) in
        options.settings.clientBodyTimeoutMilliseconds = try ValueParser.seconds(value, atLeast: 1)
    },
    GlobalOptionDefinition(
        "keep-alive", .seconds, default: "75", "How long an idle connection is kept; 0 closes after each response."
    ) { value, options throws(ValueFault) in
        options.settings.keepAliveTimeoutMilliseconds = try ValueParser.seconds(value, atLeast: 0)
    },
    GlobalOptionDefinition(
        "keep-alive-requests", .number, default: "1000", "How many requests a connection may carry."
    ) { value, options throws(ValueFault) in
        options.settings.keepAliveRequests = try ValueParser.count(value, atLeast: 1)
    },
    GlobalOptionDefinition(
        "large-client-header-buffers", .string, default: "4 8k",
        "How many header lines of which length a request may have: the product bounds the head as a whole."
    ) { value, options throws(ValueFault) in
        let parts = value.split { $0.isWhitespace }.map(String.init)
        guard parts.count == 2 else { throw ValueFault("must be a number and a size, as '4 8k', not '\(value)'") }
        let (number, size) = (try ValueParser.count(parts[0], atLeast: 1), try ValueParser.bufferSize(parts[1]))
        let (total, overflows) = number.multipliedReportingOverflow(by: size)
        guard size >= 512, !overflows, total <= 1 << 20 else {
            throw ValueFault("must be lines of at least 512 bytes and no more than 1m in all, not '\(value)'")
        }
        options.settings.maximumHeaderLineBytes = size
        options.settings.maximumHeaderBytes = total
    },
    GlobalOptionDefinition(
        "max-worker-connections", .number, default: "16384", "How many connections a worker keeps at once."
    ) { value, options throws(ValueFault) in
        options.settings.maximumConnections = try ValueParser.count(value, atLeast: 1)
    },
    GlobalOptionDefinition(
        "use-proxy-protocol", .bool, default: "false", "Whether connections start with a PROXY protocol header."
    ) { value, options throws(ValueFault) in
        options.settings.usesProxyProtocol = try ValueParser.bool(value)
    },
    GlobalOptionDefinition(
        "proxy-protocol-header-timeout", .time, default: "5s", "How long a client may take to send that header."
    ) { value, options throws(ValueFault) in
        let time = try ValueParser.time(value)
        guard time > 0 else { throw ValueFault("must be more than nothing") }
        options.settings.proxyProtocolTimeoutMilliseconds = time
    },
    GlobalOptionDefinition(
        "worker-shutdown-timeout", .time, default: "240s", "How long a worker that stops waits for its requests to end."
    ) { value, options throws(ValueFault) in
        options.settings.drainTimeoutMilliseconds = try ValueParser.time(value)
    },
]
