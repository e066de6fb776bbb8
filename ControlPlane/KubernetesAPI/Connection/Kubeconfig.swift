import ClusterState
import FoundationEssentials
import Glibc
import YAMLDocuments

/// Why a connection cannot be set up: names the file and the field.
package struct ConnectionConfigurationError: Error, Hashable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) {
        self.description = description
    }
}

/// One or several kubeconfig files, merged as kubectl does: what an earlier file says of a name, or as the current
/// context, goes before what a later one says.
package struct Kubeconfig: Sendable {
    /// An entry and the file that it stands in; relative paths start at that file's folder.
    struct Entry: Sendable {
        var node: ObjectNode
        var file: String
        /// As `users[2].user`.
        var field: String

        var folder: String {
            let end = file.lastIndex(of: "/") ?? file.startIndex
            return end == file.startIndex ? (file.hasPrefix("/") ? "/" : ".") : String(file[..<end])
        }

        func fault(_ key: String, _ reason: String) -> ConnectionConfigurationError {
            ConnectionConfigurationError("kubeconfig \(file): \(field).\(key): \(reason)")
        }

        /// A string; empty ones count as missing.
        func text(_ key: String) throws(ConnectionConfigurationError) -> String? {
            guard let value = node[key] else { return nil }
            guard let text = value.string else { throw fault(key, "must be a string, not \(value.kindName)") }
            return text.isEmpty ? nil : text
        }

        func bool(_ key: String) throws(ConnectionConfigurationError) -> Bool {
            guard let value = node[key] else { return false }
            guard let bool = value.bool else { throw fault(key, "must be true or false, not \(value.kindName)") }
            return bool
        }

        func path(_ key: String) throws(ConnectionConfigurationError) -> String? {
            try text(key).map { $0.hasPrefix("/") ? $0 : "\(folder)/\($0)" }
        }

        /// What `KEY-data` holds, else the file that `KEY` names.
        func pem(_ key: String) throws(ConnectionConfigurationError) -> PEMSource? {
            if let encoded = try text("\(key)-data") {
                guard let data = Base64Text.decode(encoded) else { throw fault("\(key)-data", "must be base64") }
                return .data(data)
            }
            guard let path = try path(key) else { return nil }
            let file = ConnectionFile(path)
            do throws(APIError) { _ = try file.read() } catch { throw fault(key, error.description) }
            return .file(file)
        }
    }

    private(set) var currentContext: String?
    private(set) var contexts: [String: Entry] = [:]
    private(set) var clusters: [String: Entry] = [:]
    private(set) var users: [String: Entry] = [:]
    package let files: [String]

    /// The file of `--kubeconfig`, which must be there.
    package init(file: String) throws(ConnectionConfigurationError) {
        files = [file]
        try merge(file, Kubeconfig.read(file))
    }

    /// The files of `$KUBECONFIG`, separated by colons; those that do not exist are passed over.
    package init(list: String) throws(ConnectionConfigurationError) {
        files = list.split(separator: ":").map(String.init)
        var found = false
        for file in files where access(file, F_OK) == 0 {
            try merge(file, Kubeconfig.read(file))
            found = true
        }
        guard found else {
            throw ConnectionConfigurationError(
                "none of the files of $KUBECONFIG exists: \(files.joined(separator: ", "))")
        }
    }

    private static func read(_ file: String) throws(ConnectionConfigurationError) -> ObjectNode {
        let bytes: [UInt8]
        do throws(APIError) { bytes = try ConnectionFile(file).read() } catch {
            throw ConnectionConfigurationError("kubeconfig \(error)")
        }
        let roots: [ObjectNode]
        do throws(DocumentFault) {
            roots = try YAMLReader.readAll(String(decoding: bytes, as: UTF8.self))
        } catch { throw ConnectionConfigurationError("kubeconfig \(file):\(error.line + 1): \(error.reason)") }
        let root = roots.first ?? [:]
        if case .null = root.content { return [:] }
        guard root.fields != nil else {
            throw ConnectionConfigurationError("kubeconfig \(file): must be a map, not \(root.kindName)")
        }
        if let kind = root["kind"]?.string, kind != "Config" {
            throw ConnectionConfigurationError("kubeconfig \(file): kind: must be Config, not '\(kind)'")
        }
        return root
    }

    private mutating func merge(_ file: String, _ root: ObjectNode) throws(ConnectionConfigurationError) {
        if currentContext == nil, let name = root["current-context"]?.string, !name.isEmpty { currentContext = name }
        try merge(&contexts, root, "contexts", "context", file)
        try merge(&clusters, root, "clusters", "cluster", file)
        try merge(&users, root, "users", "user", file)
    }

    private func merge(
        _ entries: inout [String: Entry], _ root: ObjectNode, _ list: String, _ key: String, _ file: String
    ) throws(ConnectionConfigurationError) {
        guard let node = root[list] else { return }
        guard let items = node.list else {
            throw ConnectionConfigurationError("kubeconfig \(file): \(list): must be a list, not \(node.kindName)")
        }
        for (index, item) in items.enumerated() {
            guard let name = item["name"]?.string, !name.isEmpty else {
                throw ConnectionConfigurationError("kubeconfig \(file): \(list)[\(index)].name: is required")
            }
            guard entries[name] == nil else { continue }
            entries[name] = Entry(node: item[key] ?? [:], file: file, field: "\(list)[\(index)].\(key)")
        }
    }

    /// The cluster and the user of a context; nil stands for the current one.
    func select(
        _ name: String?
    ) throws(ConnectionConfigurationError) -> (cluster: Entry, user: Entry?, context: Entry) {
        let place = files.joined(separator: ", ")
        guard let name = name ?? currentContext else {
            throw ConnectionConfigurationError("kubeconfig \(place): current-context: is required")
        }
        guard let context = contexts[name] else {
            throw ConnectionConfigurationError("kubeconfig \(place): there is no context named '\(name)'")
        }
        guard let clusterName = try context.text("cluster") else { throw context.fault("cluster", "is required") }
        guard let cluster = clusters[clusterName] else {
            throw context.fault("cluster", "there is no cluster named '\(clusterName)'")
        }
        guard let userName = try context.text("user") else { return (cluster, nil, context) }
        guard let user = users[userName] else { throw context.fault("user", "there is no user named '\(userName)'") }
        return (cluster, user, context)
    }
}
