import Foundation
import KubernetesTestServer

/// The API server of the tests in the place of `kube-apiserver`: with the flags of that which say where and to whom it
/// answers, and its rights by roles. Tests of how a real one is started can so run without one.
struct StandInAPIServer {
    struct MissingFlag: Error { var name: String }

    private let flags: [String: String]

    init(arguments: [String]) {
        let pairs = arguments.map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
        flags = Dictionary(pairs.map { ($0[0], $0.count > 1 ? $0[1] : "true") }) { $1 }
    }

    private func value(_ name: String) throws -> String {
        guard let value = flags["--\(name)"] else { throw MissingFlag(name: name) }
        return value
    }

    private func content(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: value(name))))
    }

    func run() throws {
        var options = TestAPIServer.Options()
        options.host = try value("bind-address")
        options.port = UInt16(try value("secure-port")) ?? 0
        options.serving = .init(certificate: try content("tls-cert-file"), key: try content("tls-private-key-file"))
        options.clientAuthority = try content("client-ca-file")
        options.users = try users()
        _ = try value("etcd-servers")
        let server = try TestAPIServer(options)
        print("serving \(server.url)")
        while true { pause() }
    }

    /// Lines of token, user, uid and groups.
    private func users() throws -> [String: APIUser] {
        let lines = String(decoding: try content("token-auth-file"), as: UTF8.self).split(separator: "\n")
        return Dictionary(
            uniqueKeysWithValues: lines.map { line in
                let columns = line.split(separator: ",").map(String.init)
                return (columns[0], APIUser(columns[1], groups: Array(columns.dropFirst(3))))
            })
    }
}
