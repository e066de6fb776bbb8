import Testing

@testable import PorticoModel

@Suite struct TemplateTests {
    @Test func `variables are told from the text around them`() throws {
        let template = try Template("a$host-${arg_id}b$1$http_X_Api_Key.$2")
        #expect(
            template.parts == [
                .text("a"), .variable(.named(.host)), .text("-"), .variable(.argument("id")), .text("b"),
                .variable(.capture(1)), .variable(.requestField("x-api-key")), .text("."), .variable(.capture(2)),
            ])
    }

    @Test(arguments: [("", ""), ("/a b", "/a b"), ("$", "$"), ("cost: $ 5", "cost: $ 5"), ("a$-b", "a$-b")])
    func `a text without variables is constant`(text: String, constant: String) throws {
        #expect(try Template(text).constant == constant)
    }

    @Test func `an unknown variable is named`() {
        #expect(throws: Template.Failure.unknownVariable("nonsense")) { try Template("a $nonsense b") }
        #expect(throws: Template.Failure.unclosedBrace) { try Template("a ${host") }
    }

    @Test func `a variable that a directive sets is known`() throws {
        #expect(try Template("$mine", custom: ["mine"]).variables == [.custom("mine")])
    }

    @Test(arguments: NamedVariable.allCases)
    func `every named variable is found by its name`(variable: NamedVariable) {
        #expect(Variable(name: variable.rawValue) == .named(variable))
    }
}
