#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What a folder holds, and what has to be watched to learn of its changes.
struct FolderScan {
    /// Paths relative to the folder.
    var files: [String: FileSignature] = [:]
    /// Directories whose manifests are read: absolute path to the prefix of their files' relative paths.
    var directories: [String: String] = [:]
    /// Names elsewhere on which the folder's symbolic links depend, by directory.
    var dependencies: [String: Set<String>] = [:]
    /// Directories that could not be read, by relative path.
    var unreadable: [String: String] = [:]
    var isFolderThere = false

    static func isManifest(_ name: some StringProtocol) -> Bool {
        !name.hasPrefix(".") && (name.hasSuffix(".yaml") || name.hasSuffix(".yml") || name.hasSuffix(".json"))
    }

    /// - Parameter watch: called with each directory before it is read, so that no change slips in between.
    static func scan(_ folder: String, watch: (String) -> Void) -> FolderScan {
        var scan = FolderScan()
        scan.depend(on: folder, watch)
        guard let status = FileSystem.status(folder), FileSystem.isDirectory(status) else { return scan }
        scan.isFolderThere = true
        scan.walk(folder, prefix: "", status, ancestors: [], watch)
        return scan
    }

    private struct Identity: Hashable {
        var device: UInt64
        var inode: UInt64
    }

    private mutating func walk(
        _ directory: String, prefix: String, _ status: stat, ancestors: Set<Identity>, _ watch: (String) -> Void
    ) {
        let identity = Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
        // A link may lead back to where it came from.
        guard !ancestors.contains(identity) else { return }
        directories[directory] = prefix
        watch(directory)
        guard let names = FileSystem.names(in: directory) else {
            unreadable[prefix] = String(cString: strerror(errno))
            return
        }
        for name in names where !name.hasPrefix(".") {
            let path = "\(directory)/\(name)"
            guard let own = FileSystem.status(path, followsLinks: false) else { continue }
            if FileSystem.isLink(own) { depend(on: path, watch) }
            guard let target = FileSystem.isLink(own) ? FileSystem.status(path) : own else { continue }
            if FileSystem.isDirectory(target) {
                walk(path, prefix: "\(prefix)\(name)/", target, ancestors: ancestors.union([identity]), watch)
            } else if FolderScan.isManifest(name) {
                files[prefix + name] = FileSignature(target)
            }
        }
    }

    /// Notes every name that decides where a path leads: its own, and those of the links on the way.
    private mutating func depend(on path: String, _ watch: (String) -> Void) {
        var pending = path.split(separator: "/").map(String.init)
        var resolved = path.hasPrefix("/") ? "" : "."
        var links = 0
        while !pending.isEmpty {
            let name = pending.removeFirst()
            if name == "." { continue }
            if name == ".." {
                resolved = parent(of: resolved)
                continue
            }
            let next = "\(resolved)/\(name)"
            guard let status = FileSystem.status(next, followsLinks: false) else {
                return note(name, in: resolved, watch)
            }
            guard FileSystem.isLink(status), let target = FileSystem.linkTarget(next), links < 40 else {
                if pending.isEmpty { note(name, in: resolved, watch) }
                resolved = next
                continue
            }
            links += 1
            note(name, in: resolved, watch)
            if target.hasPrefix("/") { resolved = "" }
            pending = target.split(separator: "/").map(String.init) + pending
        }
    }

    private func parent(of path: String) -> String {
        if path.isEmpty { return "" }
        guard let slash = path.lastIndex(of: "/"), !path.hasSuffix("/.."), path != ".." else { return "\(path)/.." }
        return String(path[..<slash])
    }

    private mutating func note(_ name: String, in directory: String, _ watch: (String) -> Void) {
        let directory = directory.isEmpty ? "/" : directory
        dependencies[directory, default: []].insert(name)
        watch(directory)
    }
}
