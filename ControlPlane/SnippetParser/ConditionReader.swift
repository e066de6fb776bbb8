import Patterns
import PorticoModel

/// Reads conditions, templates and regular expressions of directives.
enum ConditionReader {
    private static let comparisons: [String: SnippetComparison] = [
        "=": .equal, "!=": .notEqual, "~": .matches, "~*": .matchesIgnoringCase, "!~": .doesNotMatch,
        "!~*": .doesNotMatchIgnoringCase,
    ]

    /// - Parameter restricts: whether a fault might let requests pass.
    static func read(
        _ arguments: [String], variables: Set<String>, restricts: Bool
    ) throws(DirectiveFault) -> SnippetCondition {
        let words = try unwrapped(arguments, restricts: restricts)
        guard let left = words.first, left.hasPrefix("$") else {
            throw DirectiveFault("only variables are compared; files are not looked at", restricts: restricts)
        }
        var condition = SnippetCondition()
        condition.left = try template(left, variables, restricts: restricts)
        switch words.count {
        case 1: condition.comparison = .isTrue
        case 3:
            guard let comparison = comparisons[words[1]] else {
                throw DirectiveFault("must be =, !=, ~, ~*, !~ or !~*, not '\(words[1])'", restricts: restricts)
            }
            condition.comparison = comparison
            if comparison == .equal || comparison == .notEqual {
                condition.right = try template(words[2], variables, restricts: restricts)
            } else {
                try checkPattern(words[2], restricts: restricts)
                condition.right = words[2]
            }
        default: throw DirectiveFault("must be (variable comparison value)", restricts: restricts)
        }
        return condition
    }

    /// The words between the parentheses, which may stand alone or cling to the words.
    private static func unwrapped(_ arguments: [String], restricts: Bool) throws(DirectiveFault) -> [String] {
        var words = arguments
        guard let first = words.first, first.hasPrefix("(") else {
            throw DirectiveFault("the condition must be in parentheses", restricts: restricts)
        }
        words[0] = String(first.dropFirst())
        if words[0].isEmpty { words.removeFirst() }
        guard let last = words.last, last.hasSuffix(")") else {
            throw DirectiveFault("the condition must be in parentheses", restricts: restricts)
        }
        words[words.count - 1] = String(last.dropLast())
        // A quoted word before the parenthesis leaves it alone; an empty text in quotes is a value.
        if last == ")" { words.removeLast() }
        return words
    }

    static func template(
        _ text: String, _ variables: Set<String>, restricts: Bool = false
    ) throws(DirectiveFault) -> String {
        do throws(Template.Failure) {
            _ = try Template(text, custom: variables)
        } catch {
            throw DirectiveFault(error.explanation, restricts: restricts)
        }
        return text
    }

    static func checkPattern(_ text: String, restricts: Bool) throws(DirectiveFault) {
        do throws(Pattern.CompileError) {
            _ = try Pattern(text)
        } catch {
            throw DirectiveFault("'\(text)' is no regular expression: \(error)", restricts: restricts)
        }
    }
}
