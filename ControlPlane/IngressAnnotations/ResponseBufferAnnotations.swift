import PorticoModel

private let responseBufferReason =
    "Concerns nginx's buffers for responses. Here a response flows as its client takes it, through buffers of a fixed size."

/// How much of a response is read ahead of a slow client.
let responseBufferAnnotations: [AnnotationDefinition] = [
    AnnotationDefinition(
        "proxy-buffering", .onOff, default: "off", "Whether responses are read ahead of a slow client."
    ) { value, policy, _ throws(ValueFault) in
        policy.route.buffersResponses = try ValueParser.onOff(value)
    }.inert(responseBufferReason),
    AnnotationDefinition(
        "proxy-buffers-number", .number, default: "4", "How many buffers such a response has in memory."
    ) { value, policy, _ throws(ValueFault) in
        policy.route.responseBufferCount = try ValueParser.count(value, atLeast: 1)
    }.inert(responseBufferReason),
    AnnotationDefinition(
        "proxy-buffer-size", .size, default: "4k", "The size of each, and the longest head of a response."
    ) { value, policy, _ throws(ValueFault) in
        policy.route.responseBufferBytes = try ValueParser.bufferSize(value)
    }.inert(responseBufferReason),
    AnnotationDefinition(
        "proxy-busy-buffers-size", .size, default: "",
        "How much may be on its way to the client while the rest is still read; twice a buffer unless said."
    ) { value, policy, _ throws(ValueFault) in
        policy.route.busyBufferBytes = value.isEmpty ? 0 : try ValueParser.bufferSize(value)
    }.inert(responseBufferReason),
    AnnotationDefinition(
        "proxy-max-temp-file-size", .size, default: "1024m",
        "How much of a response may wait in a file; 0 keeps it out of files."
    ) { value, policy, _ throws(ValueFault) in
        policy.route.maximumTemporaryFileBytes = try ValueParser.size(value)
    }.inert(responseBufferReason),
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
    }.inert(responseBufferReason),
    GlobalOptionDefinition(
        "proxy-buffers-number", .number, default: "4", "The default of the annotation of the same name."
    ) { value, options throws(ValueFault) in
        options.defaults.route.responseBufferCount = try ValueParser.count(value, atLeast: 1)
    }.inert(responseBufferReason),
    GlobalOptionDefinition(
        "proxy-buffer-size", .size, default: "4k", "The default of the annotation of the same name."
    ) { value, options throws(ValueFault) in
        options.defaults.route.responseBufferBytes = try ValueParser.bufferSize(value)
    }.inert(responseBufferReason),
    GlobalOptionDefinition(
        "proxy-busy-buffers-size", .size, default: "", "The default of the annotation of the same name."
    ) { value, options throws(ValueFault) in
        options.defaults.route.busyBufferBytes = value.isEmpty ? 0 : try ValueParser.bufferSize(value)
    }.inert(responseBufferReason),
    GlobalOptionDefinition(
        "proxy-max-temp-file-size", .size, default: "1024m", "The default of the annotation of the same name."
    ) { value, options throws(ValueFault) in
        options.defaults.route.maximumTemporaryFileBytes = try ValueParser.size(value)
    }.inert(responseBufferReason),
    GlobalOptionDefinition(
        "proxy-http-version", .choice, default: "1.1", "The default of the annotation of the same name."
    ) { value, options throws(ValueFault) in
        options.defaults.route.usesHTTP10Upstream = try ValueParser.choice(value, ["1.0": true, "1.1": false])
    },
]
