/// One line of an address list.
package struct AddressRule: Hashable, Sendable {
    /// A CIDR block; `0.0.0.0/0` and `::/0` together stand for all.
    package var block = ""
    package var allows = false

    package init() {}
}

/// `limit_except`: address rules for all methods but some.
package struct MethodLimit: Hashable, Sendable {
    /// The methods that are free of it. GET includes HEAD.
    package var methods: [String] = []
    package var rules: [AddressRule] = []

    package init() {}
}

/// Who may use the route. Refused addresses get 403.
package struct AccessPolicy: Hashable, Sendable {
    /// In order; the first that contains the client's address decides, and where none does the client is let in.
    package var addressRules: [AddressRule] = []
    package var methodLimits: [MethodLimit] = []
    /// `satisfy: any`: one of the address rules, password and external authentication is enough; otherwise all must
    /// hold.
    package var satisfiesAny = false
    package var password: PasswordAuthentication?
    package var external: ExternalAuthentication?

    package init() {}
}

/// Basic or digest authentication (`auth-type`). Users and hashes are live state.
package struct PasswordAuthentication: Hashable, Sendable {
    /// The name of a live object of kind `passwords`, whose content is lines of `user:hash`, or `user:realm:hash` for
    /// digest authentication. While there is none, the route answers 503.
    package var secret = ""
    /// As the challenge quotes it. Empty: the header carries an empty realm.
    package var realm = ""
    package var isDigest = false

    package init() {}
}

/// A URL outside the route's own upstream. Its host was resolved into an upstream by the control plane.
package struct RemoteTarget: Hashable, Sendable {
    /// Empty: this gateway itself. The virtual host `host`, or the request's own where that is empty, has the route
    /// that answers, and its upstream is asked.
    package var upstream = ""
    package var usesTLS = false
    /// The template of the Host header, with the port unless it is the scheme's own.
    package var host = ""
    /// The template of path and query; starts with `/`.
    package var requestTarget = ""

    package init() {}
}

/// A service is asked before the request goes on (`auth-url`). 2xx lets it pass, 401 and 403 refuse with that status,
/// and any other answer, or none, gives 500.
///
/// The question carries the request's headers without its body, X-Original-URL, X-Original-Method, X-Sent-From,
/// X-Real-IP, X-Forwarded-For, X-Auth-Request-Redirect and Host as `target` says.
package struct ExternalAuthentication: Hashable, Sendable {
    package var target: RemoteTarget?
    /// Empty: GET.
    package var method = ""
    /// The template of where a 401 leads, with 302, instead of being answered. Empty: nowhere. The redirect parameter
    /// is part of it.
    package var signInURL = ""
    /// Headers of the authentication's answer that the endpoint gets, in place of the client's.
    package var responseHeaders: [String] = []
    /// The template of X-Auth-Request-Redirect; empty: `$request_uri`.
    package var requestRedirect = ""
    /// Headers of the question (`auth-proxy-set-headers`).
    package var setHeaders: [HeaderAssignment] = []
    /// Set-Cookie of the answer goes to the client whatever the response's status; otherwise with 200, 201, 204, 206,
    /// 301, 302, 303, 304, 307 and 308 alone.
    package var alwaysSetsCookie = false
    /// The template under which answers are kept; empty: they are not.
    package var cacheKey = ""
    package var cacheDurations: [CacheDuration] = []
    /// Idle connections kept to the service; 0: a new one each time.
    package var keepAliveConnections: UInt32 = 0
    package var keepAliveRequests: UInt32 = 0
    package var keepAliveTimeoutMilliseconds: UInt32 = 0
    /// No difference here: the question sees the request's variables anyway.
    package var keepAliveSharesVariables = false
    /// What `auth-snippet` adds to the question: its request headers.
    package var snippet: SnippetProgram?

    package init() {}
}

/// How long an answer of certain statuses is kept.
package struct CacheDuration: Hashable, Sendable {
    /// Empty: any.
    package var statuses: [UInt32] = []
    package var milliseconds: UInt32 = 0

    package init() {}
}
