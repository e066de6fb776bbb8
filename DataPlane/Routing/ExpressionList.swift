import Patterns
import PorticoModel

/// What matching came to.
package enum RouteOutcome: Equatable {
    case route(RouteEntry)
    case none
    /// A regular expression reached its limits; the answer is 500, as nginx gives it.
    case exhausted

    package static func == (left: RouteOutcome, right: RouteOutcome) -> Bool {
        switch (left, right) {
        case (.none, .none), (.exhausted, .exhausted): true
        case (.route(let left), .route(let right)): left === right
        default: false
        }
    }
}

/// The routes of one host that are regular expressions, in the order of ingress-nginx: the longest text first, of equal
/// lengths the greater one. The first that matches wins.
final class ExpressionList {
    private let routes: [(pattern: Pattern, entry: RouteEntry)]

    /// - Returns: nil where no route is a regular expression. One that does not compile is never matched; the compiler
    ///   reports it.
    init?(_ entries: [RouteEntry]) {
        let expressions = entries.filter { $0.route.match.isRegex }
        guard !expressions.isEmpty else { return nil }
        let sorted = expressions.sorted { left, right in
            let (left, right) = (left.route.path.utf8, right.route.path.utf8)
            return left.count != right.count ? left.count > right.count : right.lexicographicallyPrecedes(left)
        }
        routes = sorted.compactMap { entry in
            (try? Pattern("^\(entry.route.path)", ignoresCase: entry.route.match == .regex)).map { ($0, entry) }
        }
    }

    func match(_ path: UnsafeRawBufferPointer, _ captures: Captures) -> RouteOutcome {
        for route in routes {
            switch route.pattern.match(path, into: captures) {
            case .matched: return .route(route.entry)
            case .noMatch: continue
            case .exhausted: return .exhausted
            }
        }
        return .none
    }
}

extension RouteEntry {
    /// Regular expressions are not asked where this route is the winner of the plain ones.
    var isFirm: Bool { route.match == .exact || route.match == .firmPrefix }
}
