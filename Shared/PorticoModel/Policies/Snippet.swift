/// What a configuration snippet means, as typed operations.
///
/// `operations` run in order in the rewrite phase. A `test` sets the bit of its condition; whatever names that
/// condition as its guard acts only where the bit is set. Templates see the snippet's variables as `$name`, with a slot
/// for each.
package struct SnippetProgram: Hashable, Sendable {
    /// Names without `$`, in order of slot. All are empty when a request begins.
    package var variables: [String] = []
    package var conditions: [SnippetCondition] = []
    package var operations: [SnippetOperation] = []
    /// How many of them, at the start, are the host's: they run once, before the route counts.
    package var hostOperations: UInt32 = 0
    /// Applied to the request towards the endpoint after all others.
    package var requestHeaders: [SnippetHeader] = []
    /// Applied to the response last, in order.
    package var responseHeaders: [SnippetHeader] = []
    package var cache: CacheDirectives?
    /// Of the texts that operations answer with (`default_type`); empty: `GlobalSettings.mediaType`.
    package var mediaType = ""

    package init() {}
}

/// `if (left comparison right)`.
package struct SnippetCondition: Hashable, Sendable {
    /// A template.
    package var left = ""
    package var comparison: SnippetComparison = .isTrue
    /// A template, or a regular expression whose captures `$1` and so on are then seen by later templates.
    package var right = ""

    package init() {}
}

/// One step of the rewrite phase.
package struct SnippetOperation: Hashable, Sendable {
    package var kind: SnippetOperationKind = .test
    /// One-based index of a condition that must have held; 0: none.
    package var `guard`: UInt32 = 0
    /// `test`: the condition's index. `set`: the variable's slot. `answer`: the status.
    package var index: UInt32 = 0
    /// `set`: the template of the value. `answer`: the template of the body, or of Location for 301, 302, 303, 307 and
    /// 308. `rewrite`: the template of the new path, with the rules of `RewritePolicy.target`.
    package var text = ""
    /// `rewrite`: the regular expression, searched in the normalised path.
    package var pattern = ""
    package var flag: RewriteFlag = .continued

    package init() {}
}

/// One change of a header.
package struct SnippetHeader: Hashable, Sendable {
    package var action: HeaderAction = .add
    /// As in `SnippetOperation`.
    package var `guard`: UInt32 = 0
    /// `clear` and `hide` may end in `*`.
    package var name = ""
    /// A template. An empty value, once filled in, is not sent.
    package var value = ""
    /// The response's statuses that it is for. Empty: for `add` those of nginx's `add_header` without `always` (200,
    /// 201, 204, 206, 301, 302, 303, 304, 307 and 308) unless `always`; for the others any.
    package var statuses: [UInt32] = []
    package var always = false
    /// The response's media types that it is for; empty: any.
    package var mediaTypes: [String] = []
    /// `expires`: the offset from now of Expires, with Cache-Control max-age; negative gives no-cache. Not used by the
    /// others.
    package var seconds: Int64 = 0

    package init() {}
}

/// `proxy_cache*`, kept as written and without effect yet: names and arguments.
package struct CacheDirectives: Hashable, Sendable {
    package var names: [String] = []
    package var values: [String] = []

    package init() {}
}

/// Raw values are on the wire.
package enum SnippetComparison: UInt32, Hashable, Sendable, CaseIterable {
    /// Neither empty nor `0`.
    case isTrue = 0
    case equal = 1
    case notEqual = 2
    case matches = 3
    case matchesIgnoringCase = 4
    case doesNotMatch = 5
    case doesNotMatchIgnoringCase = 6
}

/// Raw values are on the wire.
package enum SnippetOperationKind: UInt32, Hashable, Sendable, CaseIterable {
    /// Evaluates a condition.
    case test = 1
    /// Gives a variable its value.
    case set = 2
    /// Answers the request here.
    case answer = 3
    /// Replaces the path where the pattern matches; what `flag` says comes then.
    case rewrite = 4
    /// `break`: no operation after it runs.
    case stop = 5
    /// Closes the connection without an answer (nginx's status 444).
    case drop = 6
}

/// What follows a rewrite that matched. Raw values are on the wire.
package enum RewriteFlag: UInt32, Hashable, Sendable, CaseIterable {
    /// The next operation, with the new path.
    case continued = 0
    /// `break`: no further operation.
    case stop = 1
    /// `last`: the new path looks for its route again, at most ten times.
    case rerouted = 2
    /// 302 to the new URL.
    case redirect = 3
    /// 301 to the new URL.
    case permanent = 4
}

/// Raw values are on the wire.
package enum HeaderAction: UInt32, Hashable, Sendable, CaseIterable {
    /// One more of the name (`add_header`).
    case add = 1
    /// In place of all of the name (`more_set_headers`, `more_set_input_headers`, `proxy_set_header`).
    case set = 2
    /// None of the name (`more_clear_headers`, `more_clear_input_headers`).
    case clear = 3
    /// None from the endpoint; what is added here stays (`proxy_hide_header`).
    case hide = 4
    /// Expires and Cache-Control.
    case expires = 5
    /// In place of one that is there already (`more_set_input_headers -r`).
    case setIfPresent = 6
}
