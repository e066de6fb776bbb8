import PorticoModel

/// What the annotations of mirroring say.
package struct MirrorChoices: Hashable, Sendable {
    package internal(set) var address: WebAddress?
    /// The Host header of the copy; empty: the target's own.
    package internal(set) var host = ""
    package internal(set) var sendsBody = true
}

let mirrorAnnotations: [AnnotationDefinition] = [
    AnnotationDefinition(
        "mirror-target", .url, scope: .ingress, risk: .high, default: "",
        "Where a copy of each request goes, as `https://test.example.com$request_uri`."
    ) { value, policy, _ throws(ValueFault) in
        let text = try ValueParser.template(value, syntax: .regex)
        policy.mirror.address = text.isEmpty ? nil : try mirrorAddress(text)
    },
    AnnotationDefinition(
        "mirror-host", .template, scope: .ingress, risk: .high, default: "", "The Host header of the copy."
    ) { value, policy, _ throws(ValueFault) in
        policy.mirror.host = try ValueParser.template(value, syntax: .regex)
    },
    AnnotationDefinition(
        "mirror-request-body", .onOff, scope: .ingress, default: "on", "Whether the copy has the request's body."
    ) { value, policy, _ throws(ValueFault) in
        policy.mirror.sendsBody = try ValueParser.onOff(value)
    },
]

private func mirrorAddress(_ text: String) throws(ValueFault) -> WebAddress {
    let address = try WebAddress(text)
    guard !address.namesVariable else { throw ValueFault("the host may not be a variable, in '\(text)'") }
    return address
}
