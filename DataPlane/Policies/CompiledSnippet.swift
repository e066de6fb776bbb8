import HTTPCore
import Patterns
import PorticoModel

/// `SnippetProgram`, ready to be run: conditions and operations in order, each with its templates and patterns.
package final class CompiledSnippet {
    package struct Condition {
        package let left: CompiledTemplate
        package let comparison: SnippetComparison
        /// Of an equality.
        package let right: CompiledTemplate?
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
    /// How many operations at the start are the host's.
    package let hostOperationCount: Int
    /// The bits of the conditions that those test; the same for all routes of a host.
    package let hostConditions: UInt64
    package let requestHeaders: [Header]
    package let responseHeaders: [Header]
    /// Of texts; nil where the ConfigMap says it.
    package let mediaType: [UInt8]?

    init(_ program: SnippetProgram, custom: inout CustomVariables) {
        for name in program.variables { _ = custom.index(of: name) }
        var conditions: [Condition?] = []
        for condition in program.conditions { conditions.append(Self.condition(condition, custom: &custom)) }
        self.conditions = conditions
        var operations: [Operation] = []
        var (hostCount, hostConditions) = (0, UInt64(0))
        for (index, operation) in program.operations.enumerated() {
            guard let step = Self.step(operation, program, custom: &custom) else { continue }
            operations.append(Operation(step: step, guardIndex: Int(operation.guard) - 1))
            guard index < Int(program.hostOperations) else { continue }
            hostCount += 1
            if case .test(let condition) = step, condition < 64 { hostConditions |= 1 << UInt64(condition) }
        }
        self.operations = operations
        (hostOperationCount, self.hostConditions) = (hostCount, hostConditions)
        var lists: ([Header], [Header]) = ([], [])
        for header in program.requestHeaders { lists.0.append(Self.header(header, custom: &custom)) }
        for header in program.responseHeaders { lists.1.append(Self.header(header, custom: &custom)) }
        (requestHeaders, responseHeaders) = lists
        mediaType = program.mediaType.isEmpty ? nil : Array(program.mediaType.utf8)
    }

    private static func condition(_ condition: SnippetCondition, custom: inout CustomVariables) -> Condition? {
        guard let left = CompiledTemplate(condition.left, custom: &custom) else { return nil }
        var right: CompiledTemplate?
        if condition.comparison == .equal || condition.comparison == .notEqual {
            right = CompiledTemplate(condition.right, custom: &custom)
        }
        let pattern: Pattern? =
            switch condition.comparison {
            case .isTrue, .equal, .notEqual: nil
            case .matches, .doesNotMatch: try? Pattern(condition.right)
            case .matchesIgnoringCase, .doesNotMatchIgnoringCase: try? Pattern(condition.right, ignoresCase: true)
            }
        return Condition(left: left, comparison: condition.comparison, right: right, pattern: pattern)
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
    /// What comparing came to.
    package enum Verdict {
        case holds, fails
        /// The pattern reached its limits: nobody knows.
        case unknown
    }

    /// Compares a value of the left side with `right`, which is that of the right side of an equality. A match leaves its groups
    /// in `captures`.
    package func judge(
        _ value: UnsafeRawBufferPointer, right: UnsafeRawBufferPointer, _ captures: Captures
    ) -> Verdict {
        switch comparison {
        case .isTrue: return !value.isEmpty && !(value.count == 1 && value[0] == UInt8(ascii: "0")) ? .holds : .fails
        case .equal: return value.elementsEqual(right) ? .holds : .fails
        case .notEqual: return value.elementsEqual(right) ? .fails : .holds
        case .matches, .matchesIgnoringCase, .doesNotMatch, .doesNotMatchIgnoringCase: break
        }
        let wantsMatch = comparison == .matches || comparison == .matchesIgnoringCase
        return switch pattern?.match(value, into: captures) {
        case .matched: wantsMatch ? .holds : .fails
        case .noMatch: wantsMatch ? .fails : .holds
        case .exhausted: .unknown
        case nil: .fails
        }
    }
}
