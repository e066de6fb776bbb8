/// Rules in ModSecurity's language as people wrote them, without what they may not do: read or write files, run programs, look
/// up names, or see the worker's environment.
///
/// Directives are those of a list, and within them some words are refused wherever they stand, because the language's own
/// parser may see an operator or an action where this one does not.
struct SecRuleText: Hashable, Sendable {
    /// What is left, a directive to a line.
    private(set) var rules = ""
    /// The core rules are to be read in front of these.
    private(set) var usesCoreRules = false
    /// Directives that have no effect here, with their lines.
    private(set) var ignored: [String] = []

    private static let allowed: Set<String> = [
        "secaction", "secargumentseparator", "secargumentslimit", "seccollectiontimeout", "seccomponentsignature",
        "seccookieformat", "secdefaultaction", "secmarker", "secpcrematchlimit", "secpcrematchlimitrecursion",
        "secrequestbodyaccess", "secrequestbodyjsondepthlimit", "secrequestbodylimit", "secrequestbodylimitaction",
        "secrequestbodynofileslimit", "secrule", "secruleengine", "secruleremovebyid", "secruleremovebymsg",
        "secruleremovebytag", "secruleupdateactionbyid", "secruleupdatetargetbyid", "secruleupdatetargetbymsg",
        "secruleupdatetargetbytag", "secwebappid",
    ]

    /// Where logs and files go is not a rule's to say, and bodies of responses are not looked at.
    private static let withoutEffect: Set<String> = [
        "secauditengine", "secauditlog", "secauditlog2", "secauditlogdirmode", "secauditlogfilemode",
        "secauditlogformat", "secauditlogparts", "secauditlogprefix", "secauditlogrelevantstatus",
        "secauditlogstoragedir", "secauditlogtype", "secconnengine", "secdatadir", "secdebuglog", "secdebugloglevel",
        "secrequestbodyinmemorylimit", "secresponsebodyaccess", "secresponsebodylimit", "secresponsebodylimitaction",
        "secresponsebodymimetype", "secresponsebodymimetypesclear", "secsensorid", "secserversignature",
        "secstatusengine", "sectmpdir", "sectmpsaveuploadedfiles", "secunicodemapfile", "secuploaddir",
        "secuploadfilelimit", "secuploadfilemode", "secuploadkeepfiles",
    ]

    /// With blanks and quotes left out, in lower case.
    private static let forbidden: [(word: String, reason: String)] = [
        ("exec:", "runs a program"), ("secrulescript", "runs a program"), ("@inspectfile", "runs a program"),
        ("fromfile", "reads a file"), ("@pmf", "reads a file"), ("@ipmatchf", "reads a file"),
        ("@fuzzyhash", "reads a file"), ("@validateschema", "reads a file"), ("@validatedtd", "reads a file"),
        ("@geolookup", "reads a file"), ("@gsblookup", "reads a file"), ("@rbl", "waits for a name server"),
        ("env:", "sees the environment"), ("%{env", "sees the environment"),
    ]

    init() {}

    /// - Throws: where something is not allowed: then none of the text counts.
    init(_ text: String) throws(ValueFault) {
        for (number, line) in Self.logicalLines(text) {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            do throws(ValueFault) { try take(line, first.lowercased(), words.dropFirst(), number) } catch {
                throw ValueFault("line \(number): \(error.reason)", consequence: error.consequence)
            }
        }
    }

    private mutating func take(
        _ line: String, _ directive: String, _ arguments: ArraySlice<Substring>, _ number: Int
    ) throws(ValueFault) {
        if directive == "include" || directive == "includeoptional" {
            return try include(arguments.first.map { $0.filter { $0 != "\"" && $0 != "'" } } ?? "")
        }
        if Self.withoutEffect.contains(directive) {
            return ignored.append("\(line.prefix { $0 != " " && $0 != "\t" }) in line \(number)")
        }
        guard Self.allowed.contains(directive) else { throw ValueFault("\(directive) is not allowed here") }
        let squeezed = line.lowercased().filter { !" \t\"'".contains($0) }
        for (word, reason) in Self.forbidden where squeezed.contains(word) {
            throw ValueFault("'\(word)' \(reason), which is not allowed here")
        }
        if directive == "secrule", let variables = arguments.first {
            let names = variables.lowercased().split { "|!&\"'".contains($0) }
            if names.contains("env") { throw ValueFault("ENV sees the environment, which is not allowed here") }
        }
        guard Self.isBalanced(line) else { throw ValueFault("a quotation is not closed in its line") }
        if directive == "secrule" { try Self.checkPattern(of: line.dropFirst(directive.count)) }
        rules += line + "\n"
    }

    /// The files that ingress-nginx's image has, by the paths that its documentation gives.
    private mutating func include(_ path: String) throws(ValueFault) {
        if path.hasSuffix("owasp-modsecurity-crs/nginx-modsecurity.conf") {
            usesCoreRules = true
        } else if !path.hasSuffix("/modsecurity/modsecurity.conf") {
            throw ValueFault("Include reads a file, which is not allowed here")
        }
    }

    /// Lines with those that a backslash joins to them, and the number of the first.
    private static func logicalLines(_ text: String) -> [(number: Int, line: String)] {
        var lines: [(Int, String)] = []
        var (start, joined) = (1, "")
        let all = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, part) in all.enumerated() {
            if joined.isEmpty { start = index + 1 }
            let trimmed = part.reversed().drop { $0 == " " || $0 == "\t" }.reversed()
            if trimmed.last == "\\", index + 1 < all.count {
                joined += String(trimmed.dropLast()) + " "
                continue
            }
            lines.append((start, ValueParser.trim(joined + String(part))))
            joined = ""
        }
        return lines
    }

    /// libmodsecurity takes a regular expression that does not compile, and then never finds it.
    private static func checkPattern(of line: Substring) throws(ValueFault) {
        var rest = line
        _ = takeWord(of: &rest)
        var condition = takeWord(of: &rest)
        if condition.hasPrefix("!") { condition = ValueParser.trim(String(condition.dropFirst())) }
        if condition.lowercased().hasPrefix("@rx ") {
            condition = ValueParser.trim(String(condition.dropFirst(4)))
        } else if condition.hasPrefix("@") {
            return
        }
        if !condition.contains("%{") { try ValueParser.checkPattern(condition) }
    }

    /// A word, or what stands between double quotes, without the backslashes in front of such.
    private static func takeWord(of text: inout Substring) -> String {
        text = text.drop { $0 == " " || $0 == "\t" }
        let isQuoted = text.first == "\""
        if isQuoted { text = text.dropFirst() }
        var word = ""
        while let next = text.popFirst() {
            if isQuoted ? next == "\"" : next == " " || next == "\t" { break }
            if isQuoted, next == "\\", text.first == "\"" { word.append(text.removeFirst()) } else { word.append(next) }
        }
        return word
    }

    /// Every double quote that no backslash stands in front of has its partner.
    private static func isBalanced(_ line: String) -> Bool {
        var (isOpen, isEscaped) = (false, false)
        for byte in line.utf8 {
            if byte == UInt8(ascii: "\""), !isEscaped { isOpen.toggle() }
            isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
        }
        return !isOpen
    }
}
