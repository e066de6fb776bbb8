import Glibc

/// The OWASP Core Rule Set, as distributions install it: `rules/*.conf` in a folder, and the set-up there or under `/etc`.
package struct CoreRuleSet: Hashable, Sendable {
    /// Where Debian has it.
    package static let standardFolder = "/usr/share/modsecurity-crs"

    package var folder: String

    package init(folder: String = standardFolder) { self.folder = folder }

    /// In the order in which they are to be read; empty where there is no such set.
    package var files: [String] {
        let rules = Self.names(in: "\(folder)/rules").filter { $0.hasSuffix(".conf") }.sorted()
        guard !rules.isEmpty else { return [] }
        let setups = [
            "\(folder)/crs-setup.conf", "/etc/modsecurity/crs/crs-setup.conf", "\(folder)/crs-setup.conf.example",
        ]
        return setups.filter { access($0, R_OK) == 0 }.prefix(1) + rules.map { "\(folder)/rules/\($0)" }
    }

    private static func names(in folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) { name in
                    name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                })
        }
        return names
    }
}
