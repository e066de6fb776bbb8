import PorticoModel

/// What an Event says.
package struct EventNote: Hashable, Sendable {
    package enum Severity: String, Hashable, Sendable {
        case normal = "Normal"
        case warning = "Warning"
    }

    /// The API's limit.
    private static let longestMessage = 1_024

    package var object: ObjectReference
    /// Of the object; empty where it is not known.
    package var uid: String
    package var severity: Severity
    /// One word, as `Sync`.
    package var reason: String
    package var message: String

    package init(object: ObjectReference, uid: String, severity: Severity, reason: String, message: String) {
        self.object = object
        self.uid = uid
        self.severity = severity
        self.reason = reason
        self.message = EventNote.shortened(message)
    }

    /// Says of an object what is wrong with it.
    package init(_ diagnostic: Diagnostic, of object: ObjectReference, uid: String) {
        let place = diagnostic.field.isEmpty ? "" : "\(diagnostic.field): "
        let consequence = diagnostic.consequence.isEmpty ? "" : " (\(diagnostic.consequence))"
        self.init(
            object: object, uid: uid, severity: .warning, reason: diagnostic.kind.rawValue,
            message: place + diagnostic.reason + consequence)
    }

    private static func shortened(_ message: String) -> String {
        guard message.utf8.count > longestMessage else { return message }
        var short = message
        while short.utf8.count > longestMessage - 3 { short.removeLast() }
        return short + "…"
    }

    /// The name of the Event object: the same for the same words about the same object, whichever replica says them.
    package var eventName: String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for part in [uid, severity.rawValue, reason, message] {
            // A byte that UTF-8 does not have ends each part.
            for byte in Array(part.utf8) + [0xFF] { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        }
        let digits = String(hash, radix: 16)
        return "\(object.name.name.prefix(230)).\(String(repeating: "0", count: 16 - digits.count))\(digits)"
    }
}
