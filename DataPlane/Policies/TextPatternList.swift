import HTTPCore
import Patterns
import PorticoModel

/// Texts and regular expressions, of which one is enough.
package final class TextPatternList {
    private let texts: [[UInt8]]
    private let patterns: [Pattern]

    /// - Returns: nil where there is none. Patterns that do not compile are left out; the compiler reports them.
    package init?(_ list: [TextPattern]) {
        guard !list.isEmpty else { return nil }
        texts = list.filter { $0.kind == .exact }.map { Array($0.text.utf8) }
        patterns = list.filter { $0.kind != .exact }.compactMap {
            try? Pattern($0.text, ignoresCase: $0.kind == .regexIgnoringCase)
        }
    }

    /// - Parameter orExhausts: what a pattern that reached its limits counts as.
    package func matches(_ text: UnsafeRawBufferPointer, _ captures: Captures, orExhausts: Bool = false) -> Bool {
        texts.contains { $0.withUnsafeBytes { isEqualIgnoringCase($0, text) } }
            || patterns.contains { pattern in
                switch pattern.match(text, into: captures) {
                case .matched: true
                case .noMatch: false
                case .exhausted: orExhausts
                }
            }
    }
}
