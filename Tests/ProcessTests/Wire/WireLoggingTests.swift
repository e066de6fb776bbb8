import Foundation
import TestSupport
import Testing

extension ProcessTests.WireTests {
    /// `wire-logging.yaml`.
    @Suite struct LoggingTests {
        private static let format = "L $http_x_text|$arg_none|$status"

        @Test func `the log has the format, the escapes and the requests that were asked for`() throws {
            let folder = try TemporaryFolder()
            let path = folder("access.log")
            let base = ["access-log-path": path, "log-format-upstream": Self.format]
            let wire = try WireGateway("wire-logging", try ScriptedBackend(echoing: "echo"), settings: base)
            /// The line of a request of its own, with that text in a header.
            func line(_ text: String, settings: [String: String]) throws -> String? {
                try wire.configure(settings)
                var found: String?
                try eventually("\(settings) is logged") {
                    _ = try wire.ask("plain", "/", ["X-Text: \(text)"])
                    usleep(150_000)
                    found = folder.text(of: "access.log").split(separator: "\n").last.map(String.init)
                    return found?.hasPrefix(settings["log-format-upstream"]?.prefix(2) ?? "") ?? false
                }
                return found
            }
            let hostile = "a\"b\\c\u{1}d"
            #expect(try line("a\"b\\c", settings: base) == "L a\\x22b\\x5Cc|-|200")
            var json = base.merging(["log-format-escape-json": "true"]) { $1 }
            json["log-format-upstream"] = "J $http_x_text|$arg_none|$status"
            #expect(try line("a\"b\\c", settings: json) == "J a\\\"b\\\\c||200")
            var none = base.merging(["log-format-escape-none": "true"]) { $1 }
            none["log-format-upstream"] = "N $http_x_text|$arg_none|$status"
            #expect(try line("a\"b\\c", settings: none) == "N a\"b\\c||200")
            #expect(try wire.status("plain", "/", ["X-Text: \(hostile)"]) == 400)
            try checkFormat(wire, folder, base)
            try checkSkipped(wire, folder, base)
        }

        @Test func `variables of the connection and of the attempts have values`() throws {
            let folder = try TemporaryFolder()
            let format =
                "V $connection_requests $server_addr $https $http2 $hostname $proxy_host $upstream_connect_time "
                + "$upstream_header_time $ssl_protocol $ssl_cipher $ssl_server_name $ssl_session_reused $server_port."
            let secure = try FreePort.take()
            let wire = try WireGateway(
                "wire-logging", try ScriptedBackend(echoing: "echo"),
                settings: ["access-log-path": folder("access.log"), "log-format-upstream": format],
                arguments: ["--https", "\(secure)"])
            #expect(try wire.status("plain") == 200)
            let name = "plain.test:\(secure.port)"
            _ = try RunningProgram.run(
                "/usr/bin/curl", ["-sk", "--http2", "--resolve", "\(name):127.0.0.1", "https://\(name)/"])
            eventually("both are logged") { folder.text(of: "access.log").split(separator: "\n").count == 2 }
            let lines = folder.text(of: "access.log").split(separator: "\n").map(String.init)
            let plain = /V 1 127\.0\.0\.1 - - [^- ]\S* wire-echo-80 \d\.\d{3} \d\.\d{3} - - - - (\d+)\./
            #expect(lines[0].wholeMatch(of: plain)?.1 == "\(wire.gateway.http.port)", "\(lines[0])")
            let over =
                /V 1 \S+ on h2 [^- ]\S* wire-echo-80 \d\.\d{3} \d\.\d{3} TLSv1\.3 TLS_\w+ plain\.test \. (\d+)\./
            #expect(lines[1].wholeMatch(of: over)?.1 == "\(secure.port)", "\(lines[1])")
        }

        private func checkFormat(_ wire: WireGateway, _ folder: TemporaryFolder, _ base: [String: String]) throws {
            var settings = base
            settings["log-format-upstream"] =
                "F $host $request_method $uri $namespace/$ingress_name $service_name:$service_port "
                + "$proxy_upstream_name $upstream_status $remote_addr \"$http_user_agent\" $req_id"
            try wire.configure(settings)
            let expected =
                "F plain.test GET /a/b wire/plain echo:80 wire-echo-80 200 127.0.0.1 \"curl\" abc"
            try eventually("the line is there") {
                _ = try wire.ask("plain", "/a/b?c=d", ["User-Agent: curl", "X-Request-ID: abc"])
                usleep(150_000)
                return folder.text(of: "access.log").contains(expected)
            }
        }

        private func checkSkipped(_ wire: WireGateway, _ folder: TemporaryFolder, _ base: [String: String]) throws {
            var settings = base
            settings["skip-access-log-urls"] = "/health,~^/metrics"
            settings["log-format-upstream"] = "S $host$request_uri"
            try wire.configure(settings)
            try eventually("the format has changed") {
                _ = try wire.ask("plain", "/before")
                usleep(150_000)
                return folder.text(of: "access.log").contains("S plain.test/before")
            }
            for target in ["/health", "/metrics/x", "/healthy"] { _ = try wire.ask("plain", target) }
            _ = try wire.ask("silent", "/silent")
            _ = try wire.ask("plain", "/after")
            eventually("the last request is logged") { folder.text(of: "access.log").contains("plain.test/after") }
            let log = folder.text(of: "access.log")
            #expect(log.contains("plain.test/healthy") && !log.contains("plain.test/health\n"))
            #expect(!log.contains("/metrics/x") && !log.contains("/silent"))
            try wire.configure(settings.merging(["disable-access-log": "true"]) { $1 })
            try eventually("nothing is logged any more") {
                let before = folder.text(of: "access.log").utf8.count
                _ = try wire.ask("plain", "/unlogged")
                usleep(300_000)
                return folder.text(of: "access.log").utf8.count == before
            }
        }
    }
}
