import PorticoModel

/// What the annotations of basic and digest authentication say.
struct PasswordChoices: Hashable, Sendable {
    var isDigest: Bool?
    var realm = ""
}

let passwordAnnotations: [AnnotationDefinition] = [
    AnnotationDefinition(
        "auth-type", .choice, default: "", "`basic` or `digest`: requests need a user name and password.",
        faults: .withholdsRoutes
    ) { value, policy, _ throws(ValueFault) in
        policy.password.isDigest = try ValueParser.choice(value, ["basic": false, "digest": true, "": nil])
    },
    AnnotationDefinition(
        "auth-secret", .objectName, risk: .medium, default: "",
        "The Secret with the users, as `name` or `namespace/name`. Its data is live state: a change takes effect at once.",
        faults: .withholdsRoutes
    ) { value, policy, _ throws(ValueFault) in
        guard !value.isEmpty else { return }
        let (namespace, name) = try ValueParser.objectName(value)
        policy.references.passwords = .init(key: "auth-secret", namespace: namespace, name: name)
    },
    AnnotationDefinition(
        "auth-secret-type", .choice, default: "auth-file",
        "`auth-file`: the Secret has an htpasswd file under the key `auth`; `auth-map`: each key is a user and its value the hash.",
        faults: .withholdsRoutes
    ) { value, policy, _ throws(ValueFault) in
        policy.references.passwordsAreMap = try ValueParser.choice(value, ["auth-file": false, "auth-map": true])
    },
    AnnotationDefinition(
        "auth-realm", .string, risk: .medium, default: "", "The realm that the challenge names."
    ) { value, policy, _ throws(ValueFault) in
        policy.password.realm = try TextSyntax.words.check(value)
    },
]

extension IngressPolicy {
    /// Nil where no password is asked for. The secret's name is the compiler's to add.
    package var passwordAuthentication: PasswordAuthentication? {
        guard let isDigest = password.isDigest else { return nil }
        var authentication = PasswordAuthentication()
        (authentication.isDigest, authentication.realm) = (isDigest, password.realm)
        return authentication
    }
}
