import Foundation
import ProcessSupervision
import TestSupport
import Testing

extension ProcessTests {
    /// What the fixtures called `wire-…` say, seen on the wire through the real programs. Their golden text is the compiler's to
    /// keep; here the same documents are served.
    @Suite struct WireTests {}
}

/// The gateway on a fixture, whose ports 7001, 7002 and so on are those of backends of the test.
final class WireGateway {
    let backends: [ScriptedBackend]
    let gateway: TestGateway
    private let text: String

    /// - Parameters:
    ///   - backends: where the fixture says 7001, 7002 and so on.
    ///   - settings: the ConfigMap's data, where the fixture leaves it empty.
    convenience init(
        _ fixture: String, _ backends: ScriptedBackend..., settings: [String: String] = [:], workers: Int = 1,
        arguments: [String] = []
    ) throws {
        try self.init(
            fixture, at: backends.map(\.address), backends: backends, settings: settings, workers: workers,
            arguments: arguments)
    }

    /// The same where not all are scripted.
    init(
        _ fixture: String, at addresses: [ListenAddress], backends: [ScriptedBackend] = [],
        settings: [String: String] = [:], workers: Int = 1, arguments: [String] = []
    ) throws {
        self.backends = backends
        text = try WireGateway.text(of: fixture, addresses)
        var names: [String] = []
        for key in ["configmap", "default-backend-service"] {
            let value = text.split(whereSeparator: \.isWhitespace).first { $0.hasPrefix("\(key)=") }
            if let value { names += ["--\(key)", String(value.dropFirst(key.count + 1))] }
        }
        gateway = try TestGateway(
            workers: workers, files: ["all.yaml": WireGateway.text(text, with: settings)],
            arguments: names + arguments)
    }

    /// Writes other settings into the folder; they are served soon.
    func configure(_ settings: [String: String]) throws {
        try gateway.write(WireGateway.text(text, with: settings), to: "all.yaml")
    }

    private static func text(_ text: String, with settings: [String: String]) -> String {
        let pairs = settings.sorted { $0.key < $1.key }.map { "\($0.key): '\($0.value)'" }
        return text.replacingOccurrences(of: "data: {}", with: "data: {\(pairs.joined(separator: ", "))}")
    }

    private static func text(of fixture: String, _ addresses: [ListenAddress]) throws -> String {
        try addresses.enumerated().reduce(into: Self.fixture(fixture)) { text, item in
            text = text.replacingOccurrences(of: "\(7_001 + item.offset)", with: "\(item.element.port)")
        }
    }

    static func fixture(_ name: String) throws -> String {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: tests.appendingPathComponent("Fixtures/\(name).yaml"), encoding: .utf8)
    }

    /// One request on a connection of its own; `host` without `.test`.
    func ask(
        _ host: String, _ target: String = "/", _ headers: [String] = [], method: String = "GET", body: String = ""
    ) throws -> HTTPMessage {
        let connection = try RawConnection(to: gateway.http)
        let length = body.isEmpty ? [] : ["Content-Length: \(body.utf8.count)"]
        let lines = ["\(method) \(target) HTTP/1.1", "Host: \(host).test", "Connection: close"] + headers + length
        try connection.send(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
        guard let response = try connection.receiveMessage(isResponse: true, hasBody: method != "HEAD") else {
            throw ConnectionError(description: "closed without a response")
        }
        return response
    }

    func status(
        _ host: String, _ target: String = "/", _ headers: [String] = [], method: String = "GET"
    ) throws -> Int { try ask(host, target, headers, method: method).status }
}
