import Patterns
import PorticoModel

/// The characters that a kind of value may hold: as strict as ingress-nginx, so that no value can reach a place where it
/// means more than its author may say.
package struct TextSyntax: Sendable {
    /// For people, as in "must be …".
    let description: String
    private let low: UInt64
    private let high: UInt64

    private init(_ description: String, _ symbols: String) {
        self.description = description
        var (low, high): (UInt64, UInt64) = (0, 0)
        let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        for byte in letters.utf8.map({ $0 }) + symbols.utf8 {
            if byte < 64 { low |= 1 << UInt64(byte) } else { high |= 1 << UInt64(byte - 64) }
        }
        (self.low, self.high) = (low, high)
    }

    private func allows(_ byte: UInt8) -> Bool {
        switch byte {
        case 0..<64: low >> UInt64(byte) & 1 == 1
        case 64..<128: high >> UInt64(byte - 64) & 1 == 1
        default: false
        }
    }

    /// The text without white space around it, if it holds nothing else.
    package func check(_ text: String) throws(ValueFault) -> String {
        let trimmed = ValueParser.trim(text)
        guard trimmed.utf8.allSatisfy(allows) else { throw ValueFault("must be \(description), not '\(text)'") }
        return trimmed
    }

    private static let plain = "-._~/:"

    /// The same for each part between commas, which may stand apart.
    func checkList(_ text: String) throws(ValueFault) -> String {
        var parts: [String] = []
        for part in ValueParser.list(text) { parts.append(try check(part)) }
        return parts.joined(separator: ",")
    }

    /// A name, a host or a path.
    package static let basic = TextSyntax("letters, digits and - . _ ~ / :", plain)
    package static let words = TextSyntax("letters, digits, spaces and - . _ ~ / :", plain + " ")
    package static let extended = TextSyntax("letters, digits, spaces, commas and - . _ ~ / :", plain + ", ")
    package static let url = TextSyntax("a URL", plain + "?&=")
    package static let urlWithVariables = TextSyntax("a URL", plain + "?&=${}")
    package static let path = TextSyntax("a path, in which $1 and so on are captures", plain + "$")
    package static let regex = TextSyntax("a regular expression of plain characters", plain + "^$[](){}*+?|&=\\")
    package static let variables = TextSyntax("variables and letters, digits, - and _", "-_${}")
    package static let headerList = TextSyntax("a list of headers", "-_, ")
    package static let headerListOrAll = TextSyntax("a list of headers or *", "-_, *")
    package static let urlAndSpace = TextSyntax("URLs or paths", plain + "?&= ")
    package static let urlPattern = TextSyntax("a URL or a regular expression of one", plain + "?&=^$[](){}*+|\\")
    package static let spanName = TextSyntax("words and variables", plain + "${} ")
}

extension ValueParser {
    /// A regular expression that compiles.
    package static func regex(_ text: String, syntax: TextSyntax = .regex) throws(ValueFault) -> String {
        let pattern = try syntax.check(text)
        try checkPattern(pattern)
        return pattern
    }

    package static func checkPattern(_ pattern: String) throws(ValueFault) {
        do throws(Pattern.CompileError) {
            _ = try Pattern(pattern)
        } catch {
            throw ValueFault("'\(pattern)' is no regular expression: \(error)")
        }
    }

    /// A text with variables, all of which exist.
    package static func template(
        _ text: String, syntax: TextSyntax? = nil, custom: Set<String> = []
    ) throws(ValueFault) -> String {
        let text = try syntax?.check(text) ?? text
        do throws(Template.Failure) {
            _ = try Template(text, custom: custom)
        } catch {
            throw ValueFault("\(error.explanation): '\(text)'")
        }
        return text
    }

    /// One of a few words.
    package static func choice<Choice>(_ text: String, _ choices: [String: Choice]) throws(ValueFault) -> Choice {
        guard let choice = choices[trim(text)] else {
            throw ValueFault(
                "must be one of \(choices.keys.filter { !$0.isEmpty }.sorted().joined(separator: ", ")), not '\(text)'")
        }
        return choice
    }

    /// The parts between commas, without white space around them and without empty ones.
    package static func list(_ text: String) -> [String] {
        text.split(separator: ",").map { trim(String($0)) }.filter { !$0.isEmpty }
    }

    /// CIDR blocks between commas.
    package static func addressBlocks(_ text: String) throws(ValueFault) -> [String] {
        var blocks: [String] = []
        for part in list(text) { blocks.append(try addressBlock(part)) }
        return blocks
    }

    /// Status codes from `minimum` to 599 between commas, sorted.
    package static func statuses(_ text: String, atLeast minimum: UInt32 = 400) throws(ValueFault) -> [UInt32] {
        var found: Set<UInt32> = []
        for part in list(text) {
            guard let status = UInt32(part), (minimum...599).contains(status) else {
                throw ValueFault("must be status codes from \(minimum) to 599, not '\(text)'")
            }
            found.insert(status)
        }
        return found.sorted()
    }

    /// The name of a service, as Kubernetes has it.
    package static func serviceName(_ text: String) throws(ValueFault) -> String {
        let name = trim(text)
        let bytes = Array(name.utf8)
        let fits = bytes.allSatisfy { $0 &- 0x61 < 26 || $0 &- 0x30 < 10 || $0 == UInt8(ascii: "-") }
        guard let first = bytes.first, fits, bytes.count <= 63, first &- 0x61 < 26, bytes.last != UInt8(ascii: "-")
        else { throw ValueFault("must be the name of a service, not '\(text)'") }
        return name
    }

    /// `namespace/name` or `name`, which is in `namespace`.
    package static func objectName(_ text: String) throws(ValueFault) -> (namespace: String?, name: String) {
        let parts = try TextSyntax.basic.check(text).split(separator: "/", omittingEmptySubsequences: false)
        switch parts.count {
        case 1 where !parts[0].isEmpty: return (nil, String(parts[0]))
        case 2 where !parts[0].isEmpty && !parts[1].isEmpty: return (String(parts[0]), String(parts[1]))
        default: throw ValueFault("must be a name or namespace/name, not '\(text)'")
        }
    }
}
