import PorticoModel

/// How much of a response is read ahead of a slow client.
let responseBufferAnnotations: [AnnotationDefinition] = [
    AnnotationDefinition(
        "proxy-buffering", .onOff, default: "off", "Whether responses are read ahead of a slow client."
    ) { value, policy, _ throws(ValueFault) in
        policy.route.buffersResponses = try ValueParser.onOff(value)
    },
    AnnotationDefinition(
        "proxy-buffers-number", .number, default: "4",
        "How many buffers of proxy-buffer-size such a response has in memory."
    ) { value, policy, _ throws(ValueFault) in
        policy.route.responseBufferCount = try ValueParser.count(value, atLeast: 1)
    },
    AnnotationDefinition(
        "proxy-buffer-size", .size, default: "4k",
        "The size of each. Other than 4k, also the longest head of a response, up to 64k; otherwise that is 32k."
    ) { value, policy, _ throws(ValueFault) in
        policy.route.responseBufferBytes = try ValueParser.bufferSize(value)
    },
    AnnotationDefinition(
        "proxy-busy-buffers-size", .size, default: "",
        "How much of what waits is handed to the client's connection at a time, up to 128k; 64k unless said."
    ) { value, policy, _ throws(ValueFault) in
        policy.route.busyBufferBytes = value.isEmpty ? 0 : try ValueParser.bufferSize(value)
    },
    AnnotationDefinition(
        "proxy-max-temp-file-size", .size, default: "1024m",
        "How much of a response may wait in a file; 0 keeps it out of files."
    ) { value, policy, _ throws(ValueFault) in
        policy.route.maximumTemporaryFileBytes = try ValueParser.size(value)
    },
    AnnotationDefinition(
        "proxy-http-version", .choice, default: "1.1", "The HTTP version towards the endpoint, 1.0 or 1.1."
    ) { value, policy, _ throws(ValueFault) in
        policy.route.usesHTTP10Upstream = try ValueParser.choice(value, ["1.0": true, "1.1": false])
    },
]

let responseBufferOptions: [GlobalOptionDefinition] = [
    GlobalOptionDefinition(
        "proxy-buffering", .onOff, default: "off", "The default of the annotation of the same name."
    ) { value, options throws(ValueFault) in
        options.defaults.route.buffersResponses = try ValueParser.onOff(value)
    },
    GlobalOptionDefinition(
        "proxy-buffers-number", .number, default: "4", "The default of the annotation of the same name."
    ) { value, options throws(ValueFault) in
        options.defaults.route.responseBufferCount = try ValueParser.count(value, atLeast: 1)
    },
    GlobalOptionDefinition(
        "proxy-buffer-size", .size, default: "4k", "The default of the annotation of the same name."
    ) { value, options throws(ValueFault) in
        options.defaults.route.responseBufferBytes = try ValueParser.bufferSize(value)
    },
    GlobalOptionDefinition(
        "proxy-busy-buffers-size", .size, default: "", "The default of the annotation of the same name."
    ) { value, options throws(ValueFault) in
        options.defaults.route.busyBufferBytes = value.isEmpty ? 0 : try ValueParser.bufferSize(value)
    },
    GlobalOptionDefinition(
        "proxy-max-temp-file-size", .size, default: "1024m", "The default of the annotation of the same name."
    ) { value, options throws(ValueFault) in
        options.defaults.route.maximumTemporaryFileBytes = try ValueParser.size(value)
    },
    GlobalOptionDefinition(
        "proxy-http-version", .choice, default: "1.1", "The default of the annotation of the same name."
    ) { value, options throws(ValueFault) in
        options.defaults.route.usesHTTP10Upstream = try ValueParser.choice(value, ["1.0": true, "1.1": false])
    },
]
