import CModSecurity
import Glibc

/// Rules in ModSecurity's language, compiled by libmodsecurity.
///
/// Immutable once made, and only read by those that apply it.
package final class FirewallRules: @unchecked Sendable {
    package struct Failure: Error, Hashable, Sendable {
        package let reason: String
    }

    /// libmodsecurity is installed.
    package static var isAvailable: Bool { portico_firewall_load() == 0 }

    package let handle: UnsafeMutableRawPointer
    /// Bodies of requests are to be shown before anything goes on.
    package let inspectsBodies: Bool

    /// - Parameters:
    ///   - text: comes after what stands for ModSecurity's recommended configuration, and after the core rules.
    ///   - coreRules: nil leaves them out.
    package init(_ text: String, coreRules: CoreRuleSet?) throws(Failure) {
        guard Self.isAvailable, let handle = portico_firewall_rules() else {
            throw Failure(reason: "libmodsecurity is not installed")
        }
        self.handle = handle
        inspectsBodies = Self.lastValue(of: "secrequestbodyaccess", in: text) != "off"
        // As one text: where texts are added one by one, the first to set a property wins.
        var whole = Self.recommended
        if let coreRules {
            let files = coreRules.files
            if files.isEmpty { throw Failure(reason: "there is no core rule set in \(coreRules.folder)") }
            for file in files { whole += "Include \(file)\n" }
        }
        try add(whole + text + Self.closing)
    }

    deinit { portico_firewall_free_rules(handle) }

    private func add(_ text: String) throws(Failure) {
        var reason: UnsafeMutablePointer<CChar>?
        defer { free(reason) }
        guard portico_firewall_add(handle, text, &reason) < 0 else { return }
        let said = reason.map { String(cString: $0) } ?? ""
        throw Failure(reason: said.split(separator: "\n").map { String($0) }.joined(separator: " "))
    }

    private static func lastValue(of directive: String, in text: String) -> String? {
        var value: String?
        for line in text.lowercased().split(separator: "\n") {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\"" || $0 == "\r" })
            if words.count >= 2, words[0] == directive { value = String(words[1]) }
        }
        return value
    }

    /// What ModSecurity recommends: rules are tried and logged without refusing anything until `SecRuleEngine On` is said, bodies
    /// are looked at, and one that cannot be parsed is refused.
    private static let recommended = """
        SecRuleEngine DetectionOnly
        SecRequestBodyAccess On
        SecRequestBodyLimit 13107200
        SecRequestBodyNoFilesLimit 131072
        SecRequestBodyLimitAction Reject
        SecResponseBodyAccess Off
        SecPcreMatchLimit 1000
        SecPcreMatchLimitRecursion 1000
        SecArgumentSeparator &
        SecCookieFormat 0
        SecRule REQUEST_HEADERS:Content-Type "@rx ^(?:application|text)/(?:soap\\+)?xml" \
        "id:200000,phase:1,t:lowercase,pass,nolog,ctl:requestBodyProcessor=XML"
        SecRule REQUEST_HEADERS:Content-Type "@rx ^application/(?:[a-z0-9.-]+\\+)?json" \
        "id:200001,phase:1,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"
        SecRule REQBODY_ERROR "!@eq 0" \
        "id:200002,phase:2,t:none,log,deny,status:400,msg:'The body of the request could not be parsed'"
        SecRule MULTIPART_STRICT_ERROR "!@eq 0" \
        "id:200003,phase:2,t:none,log,deny,status:400,msg:'The multipart body of the request is malformed'"

        """

    /// The library writes no files: what there is to say goes through its callback.
    private static let closing = """

        SecAuditEngine Off
        SecDebugLogLevel 0

        """
}
