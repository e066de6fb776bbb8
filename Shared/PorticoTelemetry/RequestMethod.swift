/// The request methods that both planes count by: a report names a method by its index here.
package enum RequestMethod {
    /// The first stands for every method that is not in the list, so that clients cannot invent series.
    package static let names = [
        "OTHER", "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "PROPFIND",
        "PROPPATCH",
        "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK",
    ]

    /// - Returns: 0 for a method that is not in the list.
    package static func index(of name: some StringProtocol) -> UInt32 {
        UInt32(names.dropFirst().firstIndex { $0 == name } ?? 0)
    }

    /// The name to an index of a report; an index that this plane does not know is counted as other.
    package static func name(at index: UInt32) -> String {
        Int(exactly: index).flatMap { $0 < names.count ? names[$0] : nil } ?? names[0]
    }
}
