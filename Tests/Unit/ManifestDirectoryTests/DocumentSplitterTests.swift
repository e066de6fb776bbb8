import Testing

@testable import ManifestDirectory

@Suite struct DocumentSplitterTests {
    @Test(arguments: [
        ("", []),
        ("# nothing\n\n", []),
        ("a: 1\n", [1]),
        ("---\na: 1\n---\nb: 2\n", [1, 3]),
        ("# first\na: 1\n---\n\n---\nb: 2\n", [1, 5]),
        ("a: 1\n...\n%YAML 1.2\n---\nb: 2\n", [1, 3]),
        ("%YAML 1.2\n---\na: 1\n", [1]),
        ("--- {a: 1}\n--- # comment\nb: 2", [1, 2]),
        ("a: |\n  ---\n  text\n---x: 1\n", [1]),
        ("a: 1\r\n---\r\nb: 2\r\n", [1, 2]),
    ])
    func `A file falls into its documents`(file: String, lines: [Int32]) {
        #expect(DocumentSplitter.split(file).map(\.line) == lines)
    }

    @Test func `Documents together are the file`() {
        let file = "---\na: 1\n---\nb: 2\n--- # c\nc: 3"
        #expect(DocumentSplitter.split(file).map(\.text).joined() == file)
    }
}
