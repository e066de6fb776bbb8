import FlyingFox
import Foundation
import Glibc

/// Serves one HTTP server per argument, `SERVICE=ADDR:PORT`; each answers with who it is and what reached it.
@main struct DemoBackend {
    static func main() async {
        let endpoints = CommandLine.arguments.dropFirst().compactMap(DemoEndpoint.init)
        guard !endpoints.isEmpty, endpoints.count == CommandLine.arguments.count - 1 else {
            FileHandle.standardError.write(Data("portico-demo-backend: give SERVICE=IPv4:PORT, once or more\n".utf8))
            exit(2)
        }
        signal(SIGTERM, SIG_DFL)
        await withTaskGroup(of: Void.self) { group in
            for endpoint in endpoints { group.addTask { await serve(endpoint) } }
        }
    }

    private static func serve(_ endpoint: DemoEndpoint) async {
        do {
            let address = try sockaddr_in.inet(ip4: endpoint.address, port: endpoint.port)
            let server = HTTPServer(address: address, logger: .disabled)
            await server.appendRoute("*") { request in DemoPage(endpoint: endpoint, request: request).response }
            try await server.run()
        } catch {
            let line = "portico-demo-backend: \(endpoint.service) on \(endpoint.address):\(endpoint.port): \(error)\n"
            FileHandle.standardError.write(Data(line.utf8))
            exit(2)
        }
    }
}

/// One replica of a demo service.
struct DemoEndpoint: Sendable {
    let service: String
    let address: String
    let port: UInt16

    init?(_ argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, let colon = parts[1].lastIndex(of: ":"),
            let port = UInt16(parts[1][parts[1].index(after: colon)...])
        else { return nil }
        service = String(parts[0])
        address = String(parts[1][..<colon])
        self.port = port
    }
}
