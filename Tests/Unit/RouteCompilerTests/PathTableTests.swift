import ManifestDirectory
import PorticoModel
import RouteCompiler
import Routing
import Testing

/// The examples of the Kubernetes documentation of Ingress, from manifest to match.
@Suite struct PathTableTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var host: String
        var path: String
        /// The upstream that answers; nil for the default backend.
        var upstream: String?

        init(_ host: String, _ path: String, _ upstream: String?) {
            self.host = host
            self.path = path
            self.upstream = upstream.map { "default-\($0)-80" }
        }

        var testDescription: String { "\(host)\(path)" }
    }

    static let rows: [Row] = [
        Row("prefix-root.example.com", "/", "web"),
        Row("prefix-root.example.com", "/any/path", "web"),
        Row("exact-foo.example.com", "/foo", "web"),
        Row("exact-foo.example.com", "/bar", nil),
        Row("exact-foo.example.com", "/foo/", nil),
        Row("exact-foo-slash.example.com", "/foo", nil),
        Row("exact-foo-slash.example.com", "/foo/", "web"),
        Row("prefix-foo.example.com", "/foo", "web"),
        Row("prefix-foo.example.com", "/foo/", "web"),
        Row("prefix-foo-slash.example.com", "/foo", "web"),
        Row("prefix-foo-slash.example.com", "/foo/", "web"),
        Row("prefix-aaa-bb.example.com", "/aaa/bbb", nil),
        Row("prefix-aaa-bbb.example.com", "/aaa/bbb", "web"),
        Row("prefix-aaa-bbb-slash.example.com", "/aaa/bbb", "web"),
        Row("prefix-aaa-bbb.example.com", "/aaa/bbb/", "web"),
        Row("prefix-aaa-bbb.example.com", "/aaa/bbb/ccc", "web"),
        Row("prefix-aaa-bbb.example.com", "/aaa/bbbxyz", nil),
        Row("root-and-aaa.example.com", "/aaa/ccc", "aaa"),
        Row("three-prefixes.example.com", "/aaa/bbb", "bbb"),
        Row("three-prefixes.example.com", "/ccc", "root"),
        Row("prefix-aaa.example.com", "/ccc", nil),
        Row("mixed.example.com", "/foo", "exact"),
        Row("bar.foo.com", "/", "wildcard"),
        Row("baz.bar.foo.com", "/", nil),
        Row("foo.com", "/", nil),
    ]

    @Test(arguments: rows)
    func `Every row of the documentation's table is matched as it says`(row: Row) throws {
        let text = try #require(Repository.read("Tests/Fixtures/path-table.yaml"))
        var configuration = CompilerConfiguration()
        configuration.classes.acceptsMissingClassObjects = true
        let compiler = Compiler(configuration: configuration)
        let result = compiler.apply(ManifestText.read(text, file: "path-table.yaml").changes)
        var builder = RoutingTable.Builder(previous: RoutingTable(registries: RoutingRegistries()))
        for section in result.changedSections { builder.set(section) }
        let table = builder.build()
        let found = Array(row.host.utf8).withUnsafeBytes { host in
            Array(row.path.utf8).withUnsafeBytes { path in table.match(host: host, path: path)?.route.upstream }
        }
        #expect(found == row.upstream)
    }
}
