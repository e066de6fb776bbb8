import HTTPCore
import Patterns
import PorticoModel

/// `SnippetProgram`, ready to be run: conditions and operations in order, each with its templates and patterns.
package final class CompiledSnippet {
    package struct Condition {
        package let left: CompiledTemplate
        package let comparison: SnippetComparison
        package let right: [UInt8]
        /// Nil where the comparison needs none, or it does not compile: such a condition never holds.
        package let pattern: Pattern?
    }

    package enum Step {
        case test(Int)
        case set(variable: Int, CompiledTemplate)
        case answer(status: Int, CompiledTemplate?)
        case rewrite(Pattern, RewriteRule, RewriteFlag)
        case stop
        case drop
    }

    package struct Operation {
        package let step: Step
        /// The condition that must have held; -1 for none.
        package let guardIndex: Int
    }

    package struct Header {
        package let action: HeaderAction
        package let guardIndex: Int
        package let name: [UInt8]
        package let value: CompiledTemplate?
        package let statuses: [Int]
        package let always: Bool
        package let mediaTypes: MediaTypes?
        package let seconds: Int64

        /// Whether it is for a response of that status and media type.
        package func applies(status: Int, contentType: UnsafeRawBufferPointer) -> Bool {
            if let mediaTypes, !mediaTypes.contains(contentType) { return false }
            if !statuses.isEmpty { return statuses.contains(status) }
            return action != .add && action != .expires || always || Self.usual.contains(status)
        }

        /// The statuses of nginx's `add_header` without `always`.
        package static let usual: Set<Int> = [200, 201, 204, 206, 301, 302, 303, 304, 307, 308]
    }

    /// More conditions than that are not evaluated: what is guarded by them does not act.
    package static let maximumConditions = 64

    package let conditions: [Condition?]
    package let operations: [Operation]
    package let requestHeaders: [Header]
    package let responseHeaders: [Header]

    init(_ program: SnippetProgram, custom: inout CustomVariables) {
        for name in program.variables { _ = custom.index(of: name) }
        var conditions: [Condition?] = []
        for condition in program.conditions { conditions.append(Self.condition(condition, custom: &custom)) }
        self.conditions = conditions
        var operations: [Operation] = []
        for operation in program.operations {
            guard let step = Self.step(operation, program, custom: &custom) else { continue }
            operations.append(Operation(step: step, guardIndex: Int(operation.guard) - 1))
        }
        self.operations = operations
        var lists: ([Header], [Header]) = ([], [])
        for header in program.requestHeaders { lists.0.append(Self.header(header, custom: &custom)) }
        for header in program.responseHeaders { lists.1.append(Self.header(header, custom: &custom)) }
        (requestHeaders, responseHeaders) = lists
    }

    private static func condition(_ condition: SnippetCondition, custom: inout CustomVariables) -> Condition? {
        guard let left = CompiledTemplate(condition.left, custom: &custom) else { return nil }
        let pattern: Pattern? =
            switch condition.comparison {
            case .isTrue, .equal, .notEqual: nil
            case .matches, .doesNotMatch: try? Pattern(condition.right)
            case .matchesIgnoringCase, .doesNotMatchIgnoringCase: try? Pattern(condition.right, ignoresCase: true)
            }
        return Condition(
            left: left, comparison: condition.comparison, right: Array(condition.right.utf8), pattern: pattern)
    }

    private static func step(
        _ operation: SnippetOperation, _ program: SnippetProgram, custom: inout CustomVariables
    ) -> Step? {
        switch operation.kind {
        case .test: return .test(Int(operation.index))
        case .set:
            guard program.variables.indices.contains(Int(operation.index)),
                let value = CompiledTemplate(operation.text, custom: &custom)
            else { return nil }
            return .set(variable: custom.index(of: program.variables[Int(operation.index)]), value)
        case .answer:
            let text = CompiledTemplate(unlessEmpty: operation.text, custom: &custom)
            return .answer(status: Int(operation.index), text)
        case .rewrite:
            guard let pattern = try? Pattern(operation.pattern),
                let rule = RewriteRule(operation.text, custom: &custom)
            else { return nil }
            return .rewrite(pattern, rule, operation.flag)
        case .stop: return .stop
        case .drop: return .drop
        }
    }

    private static func header(_ header: SnippetHeader, custom: inout CustomVariables) -> Header {
        Header(
            action: header.action, guardIndex: Int(header.guard) - 1, name: Array(header.name.utf8),
            value: CompiledTemplate(header.value, custom: &custom), statuses: header.statuses.map { Int($0) },
            always: header.always, mediaTypes: header.mediaTypes.isEmpty ? nil : MediaTypes(header.mediaTypes),
            seconds: header.seconds)
    }
}

extension CompiledSnippet.Condition {
    /// Whether the condition holds for a value of its left side. A match leaves its groups in `captures`.
    package func holds(_ value: UnsafeRawBufferPointer, _ captures: Captures) -> Bool {
        switch comparison {
        case .isTrue: !value.isEmpty && !(value.count == 1 && value[0] == UInt8(ascii: "0"))
        case .equal: value.elementsEqual(right)
        case .notEqual: !value.elementsEqual(right)
        case .matches, .matchesIgnoringCase: pattern?.match(value, into: captures) == .matched
        case .doesNotMatch, .doesNotMatchIgnoringCase:
            // A pattern that runs away has not been seen not to match: what it guards does not act.
            pattern?.match(value, into: captures) == .noMatch
        }
    }
}
