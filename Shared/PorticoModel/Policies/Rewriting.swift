/// What becomes of the path on its way to the endpoint, and which answers are made here instead (`rewrite-target`,
/// `app-root`, `x-forwarded-prefix`, `upstream-vhost`).
package struct RewritePolicy: Hashable, Sendable {
    /// The new path, as a template: `$1` and so on are the captures of the route's regular expression against the
    /// normalised path, empty where the route has none or the group took no part. Empty leaves the path. The request's
    /// query is appended, after `&` where the target has a query of its own; a target that ends in `?` drops it. A
    /// target that starts with `http://`, `https://` or `$scheme` is answered with 302 and never sent on. The endpoint
    /// gets the new path percent-encoded again.
    package var target = ""
    /// Where a request for `/` exactly is sent, with 302 to `$scheme://$http_host` and this path. Empty: nowhere.
    package var applicationRoot = ""
    /// The value of X-Forwarded-Prefix towards the endpoint, only where `target` rewrites. Empty: not sent.
    package var forwardedPrefix = ""
    /// The Host that the endpoint sees, as a template. Empty: the client's own.
    package var upstreamHost = ""

    package init() {}
}

/// The route answers every request with a redirect and has no need of an endpoint. It goes after access control, before
/// anything that rewrites.
package struct RedirectPolicy: Hashable, Sendable {
    /// 300 to 308.
    package var status: UInt32 = 0
    /// The template of the Location header; the query is not appended.
    package var location = ""

    package init() {}
}

/// Replaces one text by another in a header of the response, as nginx's `proxy_redirect` and `proxy_cookie_*` do.
package struct TextReplacement: Hashable, Sendable {
    /// Compared by the rule of `kind`. As a template: variables are allowed.
    package var from = ""
    /// A template; `$1` and so on are captures where `kind` is a regular expression.
    package var to = ""
    package var kind: TextMatch = .exact

    package init() {}
}

/// What is changed in the headers of the endpoint's response.
package struct ResponseRewriting: Hashable, Sendable {
    /// The Domain attribute of Set-Cookie (`proxy-cookie-domain`): equal, letters' case and one leading dot aside. The
    /// first that fits acts.
    package var cookieDomains: [TextReplacement] = []
    /// The Path attribute of Set-Cookie (`proxy-cookie-path`), where it starts with `from`. The first that fits acts.
    package var cookiePaths: [TextReplacement] = []
    /// The start of Location and Refresh (`proxy-redirect-from`, `-to`). The first that fits acts.
    package var locations: [TextReplacement] = []

    package init() {}
}

/// How a text of a rule is compared. Raw values are on the wire.
package enum TextMatch: UInt32, Hashable, Sendable, CaseIterable {
    /// Equal, or as the place says.
    case exact = 0
    /// A regular expression.
    case regex = 1
    /// The same, whatever the letters' case.
    case regexIgnoringCase = 2
}
