/// The media types that nginx's `mime.types` gives to endings of paths, as far as texts have them.
package enum TextTypes {
    private static let types: [(ending: StaticString, type: StaticString)] = [
        ("html", "text/html"), ("htm", "text/html"), ("shtml", "text/html"), ("css", "text/css"), ("xml", "text/xml"),
        ("js", "application/javascript"), ("json", "application/json"), ("txt", "text/plain"),
        ("atom", "application/atom+xml"), ("rss", "application/rss+xml"), ("svg", "image/svg+xml"),
        ("xhtml", "application/xhtml+xml"), ("m3u8", "application/vnd.apple.mpegurl"),
    ]

    /// - Returns: nil where the path has no ending, or one that says nothing.
    package static func type(ofPath path: UnsafeRawBufferPointer) -> StaticString? {
        guard let dot = path.lastIndex(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "/") }),
            path[dot] == UInt8(ascii: ".")
        else { return nil }
        let ending = path[(dot + 1)...]
        return types.first { known in
            known.ending.utf8CodeUnitCount == ending.count
                && zip(ending, known.ending.bytes).allSatisfy { ($0 &- 0x41 < 26 ? $0 | 0x20 : $0) == $1 }
        }?.type
    }
}

extension StaticString {
    fileprivate var bytes: UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: utf8Start, count: utf8CodeUnitCount)
    }
}
