/// What the webhook says about an object.
package struct AdmissionVerdict: Hashable, Sendable {
    package var allowed: Bool
    /// Why it is denied: field, fault and what to do.
    package var message: String
    /// Shown to whoever applies the object.
    package var warnings: [String]

    package static let untouched = AdmissionVerdict(allowed: true, message: "", warnings: [])

    package static func allowed(warnings: [String]) -> AdmissionVerdict {
        AdmissionVerdict(allowed: true, message: "", warnings: warnings)
    }

    package static func denied(_ message: String, warnings: [String] = []) -> AdmissionVerdict {
        AdmissionVerdict(allowed: false, message: message, warnings: warnings)
    }
}
