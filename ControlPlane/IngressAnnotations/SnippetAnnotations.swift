import PorticoModel

/// Directives as people wrote them, to be parsed into policies; never pasted anywhere.
package struct SnippetTexts: Hashable, Sendable {
    /// For the whole host.
    package internal(set) var server = ""
    /// For the Ingress's locations.
    package internal(set) var location = ""
    /// For the question of external authentication.
    package internal(set) var authentication = ""

    package var isEmpty: Bool { server.isEmpty && location.isEmpty && authentication.isEmpty }
}

let snippetAnnotations: [AnnotationDefinition] = [
    AnnotationDefinition(
        "configuration-snippet", .snippet, risk: .critical, default: "",
        "Directives for the Ingress's paths, parsed into policies; see the guide for the list."
    ) { value, policy, _ throws(ValueFault) in
        policy.snippets.location = value
    },
    AnnotationDefinition(
        "server-snippet", .snippet, scope: .ingress, risk: .critical, default: "",
        "Directives for the whole host, parsed into policies."
    ) { value, policy, _ throws(ValueFault) in
        policy.snippets.server = value
    },
    AnnotationDefinition(
        "auth-snippet", .snippet, risk: .critical, default: "",
        "Directives for the question of external authentication, parsed into policies."
    ) { value, policy, _ throws(ValueFault) in
        policy.snippets.authentication = value
    },
    .refused(
        "stream-snippet", .snippet, scope: .ingress, risk: .critical,
        "raw configuration of nginx's stream module has no meaning here",
        alternative: "use --tcp-services-configmap and --udp-services-configmap"),
]

let snippetOptions: [GlobalOptionDefinition] = [
    GlobalOptionDefinition(
        "server-snippet", .snippet, default: "", "As the annotation, for every host."
    ) { value, options throws(ValueFault) in
        options.snippets.server = value
    },
    GlobalOptionDefinition(
        "location-snippet", .snippet, default: "", "As configuration-snippet, for every path."
    ) { value, options throws(ValueFault) in
        options.snippets.location = value
    },
    GlobalOptionDefinition(
        "default-type", .string, default: "text/html",
        "The media type of texts that snippets answer with, where neither the path's ending nor `default_type` says it."
    ) { value, options throws(ValueFault) in
        guard MediaTypeName.isValid(value) else {
            throw ValueFault("must be a media type as text/html, not '\(value)'")
        }
        options.settings.mediaType = value == "text/html" ? "" : value
    },
    .refused(
        "main-snippet", .snippet, "raw configuration of nginx has no meaning here",
        alternative: "the keys of this page and the options of portico-proxy cover what it is used for"),
    .refused(
        "http-snippet", .snippet, "raw configuration of nginx's http module has no meaning here",
        alternative: "use server-snippet or location-snippet for what they take, or the keys of this page"),
    .refused(
        "stream-snippet", .snippet, "raw configuration of nginx's stream module has no meaning here",
        alternative: "use --tcp-services-configmap and --udp-services-configmap"),
]
