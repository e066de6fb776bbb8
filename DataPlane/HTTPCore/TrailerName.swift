/// The names of fields that come behind a body.
package enum TrailerName {
    /// Whether a field of that name may come in a trailer section (RFC 9110 §6.5.1).
    package static func isAllowed(_ name: UnsafeRawBufferPointer) -> Bool {
        guard !name.isEmpty, name.count <= HeaderNameWords.capacity else { return !name.isEmpty }
        let words = HeaderNameWords(name.bytes, start: 0, count: name.count)
        return !HeaderNameTable.shared.reader.lookup(words, count: name.count).isForbiddenInTrailers
    }
}
