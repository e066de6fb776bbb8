/// Something that goes wrong with requests, on purpose.
package struct Fault: Sendable {
    package enum Action: Sendable {
        case refuse(Refusal)
        /// The connection is closed in place of an answer.
        case cut
        /// Nothing is ever said again on the connection.
        case silence
        /// A watch opens and then says this; the answer of another request breaks off after half of its bytes.
        case errorEvent(Refusal)
        case breakOff
    }

    /// As RBAC names them; nil for any.
    package var verb: String?
    /// Plural; nil for any.
    package var resource: String?
    package var action: Action
    /// How many requests it befalls.
    package var count: Int

    package init(_ action: Action, verb: String? = nil, resource: String? = nil, count: Int = 1) {
        self.action = action
        self.verb = verb
        self.resource = resource
        self.count = count
    }
}

/// A request that arrived.
package struct RequestRecord: Hashable, Sendable {
    /// Who sent it.
    package var user: String
    package var verb: String
    package var resource: String
    package var namespace: String
    package var name: String
    package var query: [String: String]
    /// Only metadata is wanted of the objects.
    package var isPartial: Bool
}
