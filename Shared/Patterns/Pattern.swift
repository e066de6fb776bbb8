import CPCRE2

/// A regular expression as ingress-nginx's users write them: PCRE2, compiled once to machine code where the machine allows.
///
/// Limits bound what one match may cost, so that a hostile pattern or subject costs one request and not the worker.
/// Immutable; used by one thread at a time, because the limits lie in a match context of its own.
package final class Pattern {
    /// Why a text is no pattern.
    package struct CompileError: Error, Hashable, CustomStringConvertible {
        package let message: String
        /// In bytes from the start of the pattern.
        package let offset: Int
        package var description: String { "\(message) at byte \(offset)" }
    }

    package enum Outcome: Equatable {
        case matched, noMatch
        /// The limit of steps, depth or memory was reached.
        case exhausted
    }

    /// Steps of backtracking in one match; nginx's own default of ten million takes most of a second.
    private static let matchLimit: UInt32 = 100_000
    private static let depthLimit: UInt32 = 1_000
    /// In KiB.
    private static let heapLimit: UInt32 = 1_024
    /// The longest pattern, in bytes.
    package static let maximumByteCount = 8 << 10

    private let code: OpaquePointer
    private let context: OpaquePointer
    /// The number of groups that capture.
    package let captureCount: Int

    /// - Parameter ignoresCase: as nginx's `~*` does.
    package init(_ text: String, ignoresCase: Bool = false) throws(CompileError) {
        let bytes = Array(text.utf8)
        guard bytes.count <= Pattern.maximumByteCount else {
            throw CompileError(message: "longer than \(Pattern.maximumByteCount) bytes", offset: 0)
        }
        var code: Int32 = 0
        var offset = 0
        let options: UInt32 = (ignoresCase ? UInt32(PCRE2_CASELESS) : 0) | UInt32(PCRE2_NEVER_BACKSLASH_C)
        guard let compiled = pcre2_compile_8(bytes, bytes.count, options, &code, &offset, nil) else {
            throw CompileError(message: Pattern.message(of: code), offset: offset)
        }
        guard let context = pcre2_match_context_create_8(nil) else {
            pcre2_code_free_8(compiled)
            throw CompileError(message: "no memory", offset: 0)
        }
        pcre2_set_match_limit_8(context, Pattern.matchLimit)
        pcre2_set_depth_limit_8(context, Pattern.depthLimit)
        pcre2_set_heap_limit_8(context, Pattern.heapLimit)
        // Without it the pattern is interpreted: slower, and the same.
        _ = pcre2_jit_compile_8(compiled, UInt32(PCRE2_JIT_COMPLETE))
        var count: UInt32 = 0
        pcre2_pattern_info_8(compiled, UInt32(PCRE2_INFO_CAPTURECOUNT), &count)
        self.code = compiled
        self.context = context
        captureCount = Int(count)
    }

    deinit {
        pcre2_match_context_free_8(context)
        pcre2_code_free_8(code)
    }

    private static func message(of code: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = pcre2_get_error_message_8(code, &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer.prefix(Int(count)), as: UTF8.self) : "error \(code)"
    }

    /// Looks for the pattern in `subject`.
    package func match(_ subject: UnsafeRawBufferPointer, into captures: Captures) -> Outcome {
        let start = subject.baseAddress?.assumingMemoryBound(to: UInt8.self)
        let result = pcre2_match_8(
            code, start ?? Captures.nothing.utf8Start, subject.count, 0, UInt32(PCRE2_NO_UTF_CHECK), captures.data,
            context)
        // 0: there are more groups than places; those that have one are there.
        if result >= 0 {
            captures.count = result == 0 ? Captures.capacity : Int(result)
            return .matched
        }
        captures.count = 0
        return result == PCRE2_ERROR_NOMATCH ? .noMatch : .exhausted
    }
}

/// Where the groups of the last match lie in its subject: made once per loop and used for every match.
package final class Captures {
    /// The whole match and `$1` to `$9`.
    package static let capacity = 10

    /// What an empty subject points to.
    fileprivate static let nothing: StaticString = ""

    fileprivate let data: OpaquePointer
    private let offsets: UnsafeMutablePointer<Int>
    /// Groups known, the whole match included; 0 after no match.
    @exclusivity(unchecked) package fileprivate(set) var count = 0

    package init() {
        guard let data = pcre2_match_data_create_8(UInt32(Captures.capacity), nil) else {
            preconditionFailure("no memory for match data")
        }
        self.data = data
        offsets = pcre2_get_ovector_pointer_8(data)
    }

    deinit { pcre2_match_data_free_8(data) }

    /// The bytes of `subject`, which must be the one that was matched, that group `index` matched; nil where it took no part.
    package func group(_ index: Int) -> Range<Int>? {
        guard index >= 0, index < count else { return nil }
        let (start, end) = (offsets[2 * index], offsets[2 * index + 1])
        // An unset group is all ones; \K may put the start behind the end.
        guard start >= 0, end >= start else { return nil }
        return start..<end
    }

    package func forget() { count = 0 }
}
