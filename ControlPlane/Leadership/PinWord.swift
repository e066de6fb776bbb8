import ClusterState

/// What a person said last about the rollback of a class group, as replicas tell each other.
package struct PinWord: Hashable, Sendable {
    /// Of two words the higher is the later one.
    package var number: Int
    /// What is pinned; nil after a resume.
    package var pin: Pin?
    /// The replica that was asked.
    package var replica: String

    package struct Pin: Hashable, Sendable {
        /// The digest of the configuration's root, as `portico snapshots list` shows it: replicas number versions each for
        /// themselves, and compile the same bytes.
        package var digest: String
        /// When that replica compiled it first, in milliseconds since 1970.
        package var compiledAt: Int
        package var reason: String

        package init(digest: String, compiledAt: Int, reason: String) {
            self.digest = digest
            self.compiledAt = compiledAt
            self.reason = reason
        }
    }

    package init(number: Int, pin: Pin?, replica: String) {
        self.number = number
        self.pin = pin
        self.replica = replica
    }
}

/// The words of a Lease, in an annotation: JSON by class group.
enum PinCodec {
    static let annotation = "portico.dev/pins"

    /// - Returns: nil where the Lease cannot be read.
    static func words(_ lease: StoredLease) -> [String: PinWord]? {
        guard let object = try? JSONReader.read(Array(lease.object.utf8)) else { return nil }
        guard let text = object.at("metadata", "annotations")?[annotation]?.string,
            let fields = (try? JSONReader.read(Array(text.utf8)))?.fields
        else { return [:] }
        var words: [String: PinWord] = [:]
        for field in fields {
            guard let number = field.value["number"]?.int else { continue }
            let pin = field.value["digest"]?.string.map {
                PinWord.Pin(
                    digest: $0, compiledAt: field.value["compiledAt"]?.int ?? 0,
                    reason: field.value["reason"]?.string ?? "")
            }
            words[field.key] = PinWord(number: number, pin: pin, replica: field.value["replica"]?.string ?? "")
        }
        return words
    }

    /// The Lease with these words; nothing else of it is different.
    static func lease(_ lease: StoredLease, with words: [String: PinWord]) -> StoredLease? {
        guard var object = try? JSONReader.read(Array(lease.object.utf8)) else { return nil }
        var node: ObjectNode = [:]
        for (classGroup, word) in words.sorted(by: { $0.key < $1.key }) {
            var fields: ObjectNode = ["number": .number(word.number), "replica": .text(word.replica)]
            if let pin = word.pin {
                fields.set("digest", to: .text(pin.digest))
                fields.set("compiledAt", to: .number(pin.compiledAt))
                fields.set("reason", to: .text(pin.reason))
            }
            node.set(classGroup, to: fields)
        }
        object.set("metadata", "annotations", annotation, to: .text(node.json))
        return StoredLease(record: lease.record, object: object.json)
    }
}
