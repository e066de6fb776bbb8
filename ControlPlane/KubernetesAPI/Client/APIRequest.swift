/// One request to the API server.
package struct APIRequest: Hashable, Sendable {
    package enum Method: String, Hashable, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    package struct QueryItem: Hashable, Sendable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package var method: Method
    /// Begins with a slash; what needs escaping is escaped already.
    package var path: String
    /// Escaped on the way out.
    package var query: [QueryItem] = []
    package var body: [UInt8]?
    package var contentType = "application/json"
    package var accept = "application/json"
    /// For the whole exchange, waiting for a throttling server included.
    package var timeoutSeconds: Double = 30
    /// The longest silence before the connection counts as dead; nil leaves it to the timeout.
    package var silenceSeconds: Int?
    /// Not over a connection that is open already, for that may be dead.
    package var needsNewConnection = false
    /// Whether a 429, or a 5xx that names a time, is asked again after the time it names.
    package var repeatsWhenThrottled = true

    package init(_ method: Method = .get, _ path: String, query: [QueryItem] = [], body: [UInt8]? = nil) {
        self.method = method
        self.path = path
        self.query = query
        self.body = body
    }
}

package struct APIResponse: Sendable {
    package var status: Int
    package var headers: [APIHeader]
    /// Empty where the bytes were handed out as they arrived.
    package var body: [UInt8]

    package func header(_ name: String) -> String? {
        headers.first { $0.name == name.lowercased() }?.value
    }
}

package struct APIHeader: Hashable, Sendable {
    /// In lower case.
    package var name: String
    package var value: String
}
