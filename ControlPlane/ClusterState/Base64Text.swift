import FoundationEssentials

/// Base64 as people write it into YAML.
package enum Base64Text {
    /// White space, line breaks too, is passed over.
    /// - Returns: nil where the rest is no base64.
    package static func decode(_ text: String) -> [UInt8]? {
        Data(base64Encoded: text.filter { !$0.isWhitespace }).map { Array($0) }
    }
}
