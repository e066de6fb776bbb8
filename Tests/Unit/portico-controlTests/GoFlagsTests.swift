import Testing

@testable import portico_control

@Suite struct GoFlagsTests {
    @Test(arguments: [
        (["--off=true"], ["--off"]), (["--off=1", "--off"], ["--off", "--off"]), (["--off=false"], []),
        (["--on=false"], ["--no-on"]), (["--on=true", "x"], ["--on", "x"]), (["--on=perhaps"], ["--on=perhaps"]),
        (["--other=true"], ["--other=true"]), (["--", "off=true"], ["--", "off=true"]),
    ])
    func `flags are written as Go writes them, or without a value`(given: [String], expected: [String]) {
        #expect(GoFlags.normalised(given, off: ["off"], on: ["on"]) == expected)
    }

    @Test(arguments: [("30s", 30), ("1m30s", 90), ("1h", 3_600), ("1500ms", 1), ("0.5h", 1_800)])
    func `times are written as Go writes them`(text: String, seconds: Int) {
        #expect(GoDuration(argument: text)?.seconds == seconds)
    }

    @Test(arguments: ["", "30", "s", "-1s", "1x", "1s2", "9999999h"])
    func `what is no time is refused`(text: String) {
        #expect(GoDuration(argument: text) == nil)
    }
}
