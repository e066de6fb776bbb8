import HTTPCore
import Patterns
import PorticoModel

/// Whether a request goes to a canary: the header decides first, then the cookie, then the weight.
package final class CanaryRule {
    package enum Verdict: Equatable {
        case takes, leaves
        /// No header and no cookie says anything.
        case byWeight
    }

    package let upstream: String
    /// Sessions do not bind requests to this canary, or away from it.
    package let ignoresAffinity: Bool
    package let header: [UInt8]
    package let cookie: [UInt8]
    private let headerValue: [UInt8]
    private let headerPattern: Pattern?
    private let hasPattern: Bool
    private let weight: UInt32
    private let weightTotal: UInt32

    package init(_ alternative: RouteAlternative) {
        upstream = alternative.upstream
        ignoresAffinity = alternative.ignoresAffinity
        header = Array(alternative.header.utf8)
        cookie = Array(alternative.cookie.utf8)
        headerValue = Array(alternative.headerValue.utf8)
        hasPattern = alternative.headerValue.isEmpty && !alternative.headerPattern.isEmpty
        headerPattern = hasPattern ? try? Pattern(alternative.headerPattern) : nil
        weight = alternative.weight
        weightTotal = max(alternative.weightTotal, 1)
    }

    /// - Parameters:
    ///   - header: the value of the header that the rule names, nil where the request has none.
    ///   - cookie: likewise.
    package func judge(
        header: UnsafeRawBufferPointer?, cookie: UnsafeRawBufferPointer?, _ captures: Captures
    ) -> Verdict {
        if let header, !self.header.isEmpty {
            if !headerValue.isEmpty {
                if header.elementsEqual(headerValue) { return .takes }
            } else if hasPattern {
                if let headerPattern, headerPattern.match(header, into: captures) == .matched { return .takes }
            } else if header.elementsEqual("always".utf8) {
                return .takes
            } else if header.elementsEqual("never".utf8) {
                return .leaves
            }
        }
        if let cookie, !self.cookie.isEmpty {
            if cookie.elementsEqual("always".utf8) { return .takes }
            if cookie.elementsEqual("never".utf8) { return .leaves }
        }
        return .byWeight
    }

    /// - Parameter random: any number.
    package func takesByWeight(_ random: UInt64) -> Bool { random % UInt64(weightTotal) < UInt64(weight) }
}
