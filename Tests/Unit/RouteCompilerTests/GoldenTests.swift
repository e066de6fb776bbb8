import Glibc
import IngressAnnotations
import Testing

@Suite struct GoldenTests {
    @Test(arguments: Repository.fixtures)
    func `A fixture compiles to its golden text`(fixture: String) {
        let text = GoldenText.of(fixture: fixture)
        let path = "Tests/Golden/\(fixture).txt"
        if getenv("PORTICO_UPDATE_GOLDEN") != nil { Repository.write(text, to: path) }
        let golden = Repository.read(path)
        #expect(text == golden, "\(fixture): run `make golden` and read the difference")
    }
}

@Suite struct TutorialTests {
    @Test(arguments: Repository.fixtures.filter { $0.hasPrefix("tutorial-") || $0.hasPrefix("documented-") })
    func `What tutorials and documentation tell people to write compiles without an error of its Ingresses`(
        fixture: String
    ) {
        let errors = GoldenText.of(fixture: fixture).split(separator: "\n").filter {
            $0.hasPrefix("error ") && $0.contains(" Ingress ")
        }
        #expect(errors.isEmpty)
    }
}

@Suite struct ReferenceGoldenTests {
    @Test(arguments: [
        ("docs/reference/annotations.md", SettingsReference.annotations(of: .nginx())),
        ("docs/reference/configmap.md", SettingsReference.configMap()),
    ])
    func `The reference pages are what the tables say`(path: String, text: String) {
        if getenv("PORTICO_UPDATE_GOLDEN") != nil { Repository.write(text, to: path) }
        #expect(Repository.read(path) == text, "\(path): run `make golden`")
    }
}
