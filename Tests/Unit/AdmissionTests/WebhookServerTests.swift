import Admission
import Foundation
import Logging
import ProcessSupervision
import TestSupport
import Testing

/// A webhook of its own certificate on a free port, asked with curl as an API server would.
private final class TestWebhook {
    let folder: TemporaryFolder
    let server: WebhookServer

    init(reviewer: ScriptedReviewer = ScriptedReviewer(), limits: WebhookServer.Limits = .init()) throws {
        folder = try TemporaryFolder()
        try TestWebhook.makeCertificate("first", in: folder)
        try TestWebhook.install("first", in: folder)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        server = try WebhookServer(
            address: ListenAddress(host: "127.0.0.1", port: 0),
            credentials: ServerCredentials(
                certificate: folder("tls.crt"), key: folder("tls.key"), logger: logger),
            handler: WebhookHandler(reviewer: reviewer, timeout: .seconds(60)), limits: limits, logger: logger)
        server.start()
    }

    /// Runs it for as long as the body needs it.
    static func run(
        reviewer: ScriptedReviewer = ScriptedReviewer(), limits: WebhookServer.Limits = .init(),
        _ body: (TestWebhook) async throws -> Void
    ) async throws {
        var limits = limits
        // The threads that answer are those of all tests.
        limits.answer = .seconds(60)
        let webhook = try TestWebhook(reviewer: reviewer, limits: limits)
        do { try await body(webhook) } catch {
            await webhook.server.stop()
            throw error
        }
        await webhook.server.stop()
    }

    static func makeCertificate(_ name: String, in folder: TemporaryFolder) throws {
        let (end, output) = try RunningProgram.run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", "/CN=\(name)", "-addext", "subjectAltName=DNS:portico.test", "-keyout",
                folder("\(name).key"), "-out", folder("\(name).crt"),
            ])
        guard end == .code(0) else { throw CertificateFailure(output: output) }
    }

    struct CertificateFailure: Error { var output: String }

    /// As a mounted Secret changes: by renaming.
    static func install(_ name: String, in folder: TemporaryFolder) throws {
        for suffix in ["key", "crt"] {
            try folder.write(folder.text(of: "\(name).\(suffix)"), to: "new")
            guard rename(folder("new"), folder("tls.\(suffix)")) == 0 else { throw CertificateFailure(output: "") }
        }
    }

    /// - Returns: the status, a line break, and the body.
    func post(_ body: String, certificate: String = "first") async throws -> String {
        try folder.write(body, to: "body")
        let words = [
            "-sS", "--max-time", "60", "--cacert", folder("\(certificate).crt"), "--resolve",
            "portico.test:\(server.address.port):127.0.0.1", "-H", "Content-Type: application/json",
            "--data-binary", "@\(folder("body"))", "-w", "\n%{http_code}",
            "https://portico.test:\(server.address.port)/networking/v1/ingresses",
        ]
        // Off the threads that the answer needs.
        return try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Result { try RunningProgram.run("/usr/bin/curl", words).output })
            }
        }
    }
}

@Suite struct WebhookServerTests {
    @Test func `a review is answered over TLS`() async throws {
        let finding = ScriptedReviewer.finding(.conflict, "taken")
        try await TestWebhook.run(reviewer: ScriptedReviewer(diagnostics: [finding])) { webhook in
            let answer = try await webhook.post(Reviews.text())
            #expect(answer.hasSuffix("\n200"), "\(answer)")
            #expect(answer.contains(#""uid":"705ab4f5","allowed":false"#), "\(answer)")
            #expect(answer.contains("spec.rules[0]: taken"), "\(answer)")
        }
    }

    @Test(arguments: ["garbage", "", #"{"kind":"AdmissionReview"}"#, String(repeating: "[", count: 5_000)])
    func `a body that is no review is refused`(body: String) async throws {
        try await TestWebhook.run { webhook in
            let answer = try await webhook.post(body)
            #expect(answer.hasSuffix("\n400"), "\(answer)")
        }
    }

    @Test func `a body beyond the limit is refused`() async throws {
        var limits = WebhookServer.Limits()
        limits.longestBody = 1_000
        try await TestWebhook.run(limits: limits) { webhook in
            let answer = try await webhook.post(String(repeating: "x", count: 2_000_000))
            #expect(answer.contains("413"), "\(answer)")
        }
    }

    @Test func `a large body that waits for leave is read`() async throws {
        try await TestWebhook.run { webhook in
            let spaces = String(repeating: " ", count: 2_000_000)
            let answer = try await webhook.post(spaces + Reviews.text())
            #expect(answer.hasSuffix("\n200"), "\(answer)")
        }
    }

    @Test func `a new certificate is used as soon as its files are there, and a broken one never`() async throws {
        try await TestWebhook.run { webhook in
            try TestWebhook.makeCertificate("second", in: webhook.folder)
            try TestWebhook.install("second", in: webhook.folder)
            #expect(try await webhook.post(Reviews.text(), certificate: "second").hasSuffix("\n200"))
            try webhook.folder.write("not a certificate", to: "tls.crt")
            #expect(try await webhook.post(Reviews.text(), certificate: "second").hasSuffix("\n200"))
            try TestWebhook.install("first", in: webhook.folder)
            #expect(try await webhook.post(Reviews.text(), certificate: "first").hasSuffix("\n200"))
        }
    }

    @Test func `clients that say nothing keep nobody waiting for longer than they may`() async throws {
        var limits = WebhookServer.Limits()
        limits.mostConnections = 3
        limits.exchange = .milliseconds(200)
        try await TestWebhook.run(limits: limits) { webhook in
            let silent = try (0..<5).map { _ in try RawConnection(to: webhook.server.address) }
            #expect(try await webhook.post(Reviews.text()).hasSuffix("\n200"))
            withExtendedLifetime(silent) {}
        }
    }

    @Test func `plain HTTP and nonsense end only their own connection`() async throws {
        try await TestWebhook.run { webhook in
            for text in ["GET / HTTP/1.1\r\n\r\n", "\u{16}\u{3}\u{1}", "nonsense"] {
                let connection = try RawConnection(to: webhook.server.address)
                try connection.send(text)
            }
            #expect(try await webhook.post(Reviews.text()).hasSuffix("\n200"))
        }
    }

    @Test func `a server that ends lets go of clients that only wait`() async throws {
        try await TestWebhook.run { webhook in
            let silent = try RawConnection(to: webhook.server.address)
            await webhook.server.stop()
            withExtendedLifetime(silent) {}
        }
    }

    @Test func `files that cannot be used are a clear error at the start`() throws {
        let folder = try TemporaryFolder()
        try TestWebhook.makeCertificate("a", in: folder)
        try TestWebhook.makeCertificate("b", in: folder)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let wrong = #expect(throws: ServerCredentials.Unusable.self) {
            try ServerCredentials(certificate: folder("a.crt"), key: folder("b.key"), logger: logger)
        }
        #expect(wrong?.description.contains("b.key") == true)
        #expect(throws: ServerCredentials.Unusable.self) {
            try ServerCredentials(certificate: folder("none.crt"), key: folder("a.key"), logger: logger)
        }
    }
}
