import Testing

@testable import IngressAnnotations

@Suite struct SecRuleTextTests {
    @Test func `what is allowed stays, a directive to a line`() throws {
        let text = try SecRuleText(
            """
            # A comment
            SecRuleEngine On
            Include /etc/nginx/owasp-modsecurity-crs/nginx-modsecurity.conf
            SecAuditLog /dev/stdout
            SecRule ARGS "@rx a\\"b" \\
                "id:1,phase:2,deny"
            """)
        #expect(text.rules == "SecRuleEngine On\nSecRule ARGS \"@rx a\\\"b\"      \"id:1,phase:2,deny\"\n")
        #expect(text.usesCoreRules && text.ignored == ["SecAuditLog in line 4"])
    }

    @Test(arguments: [
        "Include /etc/passwd", "IncludeOptional /etc/*.conf", "SecRemoteRules k https://x", "SecRuleScript /tmp/a.lua",
        "SecGeoLookupDb /x", "SecXmlExternalEntity On", "SecHttpBlKey x", "NoSuchDirective",
        "SecRule ARGS \"@inspectFile /bin/x\" \"id:1\"", "SecRule ARGS \"@pmFromFile /etc/passwd\" \"id:1\"",
        "SecRule ARGS \"@PMF /etc/passwd\" \"id:1\"", "SecRule REMOTE_ADDR \"@ipMatchF /etc/passwd\" \"id:1\"",
        "SecRule ARGS \"@rx a\" \"id:1,exec:/bin/sh\"", "SecRule ARGS \"@rx a\" \"id:1, Exec : '/bin/sh'\"",
        "SecAction \"id:1,exec:\\\n/bin/sh\"", "SecRule ENV:PATH \"@rx a\" \"id:1\"",
        "SecRule ARGS|ENV \"@rx a\" \"id:1\"",
        "SecRule ARGS \"@rx a\" \"id:1,redirect:'http://x/%{ENV.SECRET}'\"",
        "SecRule ARGS \"@rx a\" \"id:1,setenv:A=b\"",
        "SecRule REMOTE_ADDR \"@rbl example.com\" \"id:1\"", "SecRule XML \"@validateSchema /x\" \"id:1\"",
        "SecRule ARGS \"@rx a\" \"id:1\nSecRule ARGS \"@rx b\" \"id:2\"", "SecRule ARGS \"@fuzzyHash /x 1\" \"id:1\"",
        "SecRule ARGS \"@rx (\" \"id:1,phase:1,deny\"", "SecRule ARGS \"!@rx [\\\"\" \"id:1,phase:1,deny\"",
        "SecRule ARGS ( \"id:1,phase:1,deny\"",
    ])
    func `what reads files, runs programs, sees the environment or never matches is refused`(text: String) {
        #expect(throws: ValueFault.self) { try SecRuleText(text) }
    }
}
