import Foundation
import ProcessSupervision
import Testing

/// `portico run` on a folder and ports of its own: the real programs, stopped with the value that stands for them.
package final class TestGateway {
    package let folder: TemporaryFolder
    package let manifests: String
    package let http: ListenAddress
    /// Served where the arguments name it.
    package let https: ListenAddress
    package let metrics: ListenAddress
    package let workers: Int
    package private(set) var program: RunningProgram

    /// - Parameters:
    ///   - files: manifests by file name; the IngressClass is always there.
    ///   - servesTLS: at `https` too.
    ///   - manifests: a folder to serve as it is, in place of one that is made of `files`.
    package init(
        workers: Int = 2, files: [String: String], manifests existing: String? = nil, servesTLS: Bool = false,
        arguments: [String] = []
    ) throws {
        folder = try TemporaryFolder()
        manifests = try existing ?? folder.makeFolder("manifests")
        self.workers = workers
        http = try FreePort.take()
        https = try FreePort.take()
        metrics = try FreePort.take()
        if existing == nil { try folder.write(Manifests.ingressClass, to: "manifests/00-class.yaml") }
        for (name, text) in files { try folder.write(text, to: "manifests/\(name)") }
        let words = [
            "run", manifests, "--http", "\(http)", "--metrics", "\(metrics)", "--data-dir", folder("data"),
            "--workers", "\(workers)",
        ]
        let secure = servesTLS ? ["--https", "\(https)"] : []
        program = try RunningProgram("portico", words + secure + arguments)
        let isReady = eventually(within: 20, "the gateway is ready") {
            program.poll() != nil || program.output.contains("Portico serves")
        }
        if !isReady || program.poll() != nil { Issue.record("the gateway said: \(program.output)") }
    }

    package func write(_ text: String, to name: String) throws {
        try folder.write(text, to: "manifests/\(name)")
    }

    /// Status and body of one request on a connection of its own.
    package func get(_ target: String, host: String) throws -> HTTPMessage {
        try TestSupport.get(target, host: host, from: http)
    }

    /// Waits until the host answers with this body.
    package func await(
        _ body: String, at target: String = "/", host: String, within limit: Double = 10,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        eventually(within: limit, "\(host)\(target) answers \(body)", sourceLocation: sourceLocation) {
            (try? get(target, host: host))?.text == body
        }
    }

    package func metricsPage() throws -> String { try TestSupport.get("/metrics", from: metrics).text }

    /// The sum of a metric's series whose labels contain `label`.
    package func metric(_ name: String, where label: String = "") throws -> Double {
        try metricsPage().split(separator: "\n").filter { line in
            (line.hasPrefix("\(name){") || line.hasPrefix("\(name) ")) && (label.isEmpty || line.contains(label))
        }.compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
    }

    /// Runs `portico` with the gateway's data directory.
    package func portico(_ arguments: String...) throws -> (end: ProcessEnd?, output: String) {
        try RunningProgram.run("portico", arguments + ["--data-dir", folder("data")])
    }

    /// The newest version in the list of snapshots.
    package func runningVersion() throws -> String? {
        let output = try portico("snapshots", "list").output
        let words = output.split(whereSeparator: \.isWhitespace)
        let versions = words.compactMap { word -> (Int, Int)? in
            let parts = word.split(separator: ".").compactMap { Int($0) }
            return parts.count == 2 && word.allSatisfy { $0.isNumber || $0 == "." } ? (parts[0], parts[1]) : nil
        }
        return versions.max { $0 < $1 }.map { "\($0.0).\($0.1)" }
    }

    /// Waits until another control plane than `process` is ready.
    package func awaitNewControl(after process: pid_t) throws {
        eventually("a new control plane is ready") {
            guard let current = controlProcess, current != process else { return false }
            return (try? TestSupport.get("/readyz", from: metrics))?.status == 200
        }
    }

    package var controlProcess: pid_t? { child("portico-control") }
    package var proxyProcess: pid_t? { child("portico-proxy") }

    package var workerProcesses: [pid_t] {
        guard let proxy = proxyProcess else { return [] }
        return ProcessTable.children(of: proxy).filter { $0.arguments.dropFirst().first == "worker" }.map(\.id)
    }

    private func child(_ name: String) -> pid_t? {
        ProcessTable.children(of: program.process.id).first { $0.arguments.first?.hasSuffix("/\(name)") == true }?.id
    }
}

/// Ports that nothing listens on.
package enum FreePort {
    package static func take() throws -> ListenAddress {
        let wanted = ListenAddress(host: "127.0.0.1", port: 0)
        let socket = try ListeningSocket.open(on: wanted)
        defer { close(socket) }
        return ListeningSocket.localAddress(of: socket, like: wanted)
    }
}
