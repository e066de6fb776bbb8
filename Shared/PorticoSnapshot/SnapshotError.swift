/// Why bytes are not what they claim to be. The text names the message, the field and what was found.
package enum SnapshotError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The bytes are no message of the schema, or need more memory than such a message may.
    case malformed(message: String)
    /// The bytes are a message, though not in its one canonical form.
    case notCanonical(message: String)
    /// A field holds a value that the model has no place for.
    case invalidField(message: String, field: String, found: String)

    package var description: String {
        switch self {
        case .malformed(let message): "\(message): the bytes are malformed"
        case .notCanonical(let message): "\(message): the encoding is not canonical"
        case .invalidField(let message, let field, let found): "\(message): \(field): invalid value \(found)"
        }
    }
}
