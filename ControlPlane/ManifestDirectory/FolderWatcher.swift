import Glibc

/// inotify on a set of directories.
final class FolderWatcher {
    struct Event: Hashable {
        /// The directory, under each of the paths by which it was watched; empty where events were lost.
        var directories: [String]
        /// Empty for what befell the directory itself.
        var name: String
        var mask: UInt32

        func has(_ bits: Int) -> Bool { mask & UInt32(truncatingIfNeeded: bits) != 0 }

        var isOverflow: Bool { has(Int(IN_Q_OVERFLOW)) }
        var isDirectory: Bool { has(Int(IN_ISDIR)) }
        /// The directory is no longer where it was.
        var isAboutItself: Bool { has(Int(IN_DELETE_SELF) | Int(IN_MOVE_SELF) | Int(IN_IGNORED) | Int(IN_UNMOUNT)) }
        /// A file is there whose writer may not have finished.
        var isOnlyCreation: Bool { has(Int(IN_CREATE)) }
    }

    let descriptor: Int32
    /// Why a directory cannot be watched although it is there: mostly the limit of watches per user.
    private(set) var failure: String?
    private var paths: [Int32: [String]] = [:]
    private var descriptors: [String: Int32] = [:]

    init() throws(ManifestDirectoryError) {
        descriptor = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        guard descriptor >= 0 else { throw .cannotWatch(String(cString: strerror(errno))) }
    }

    deinit { close(descriptor) }

    /// - Returns: whether the directory is watched now.
    @discardableResult
    func watch(_ directory: String) -> Bool {
        let mask =
            IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF
            | IN_MOVE_SELF | IN_ONLYDIR
        let watch = inotify_add_watch(descriptor, directory, UInt32(truncatingIfNeeded: Int(mask)))
        guard watch >= 0 else {
            if errno == ENOSPC || errno == ENOMEM { failure = String(cString: strerror(errno)) }
            return false
        }
        // The path may lead to another directory than it did.
        if let old = descriptors[directory], old != watch { drop(directory, old) }
        descriptors[directory] = watch
        if paths[watch]?.contains(directory) != true { paths[watch, default: []].append(directory) }
        return true
    }

    /// Forgets a failure before everything is watched again.
    func clearFailure() { failure = nil }

    /// Ends the watch of every directory that is not in `wanted`.
    func retain(_ wanted: Set<String>) {
        for (directory, watch) in descriptors where !wanted.contains(directory) {
            drop(directory, watch)
            descriptors[directory] = nil
        }
    }

    private func drop(_ directory: String, _ watch: Int32) {
        paths[watch]?.removeAll { $0 == directory }
        guard paths[watch]?.isEmpty == true else { return }
        paths[watch] = nil
        inotify_rm_watch(descriptor, watch)
    }

    /// Takes all events that are there, without waiting.
    func drain() -> [Event] {
        var events: [Event] = []
        var buffer = [UInt64](repeating: 0, count: 8192)
        while true {
            let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress!, $0.count) }
            guard count > 0 else { return events }
            buffer.withUnsafeBytes { parse(UnsafeRawBufferPointer(rebasing: $0[..<count]), into: &events) }
        }
    }

    /// The name follows the fixed part of each event, padded with zeros, where Swift does not see it.
    private func parse(_ bytes: UnsafeRawBufferPointer, into events: inout [Event]) {
        let header = MemoryLayout<inotify_event>.size
        var offset = 0
        while offset + header <= bytes.count {
            let event = bytes.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
            let end = offset + header + Int(event.len)
            let name = bytes[(offset + header)..<min(end, bytes.count)].prefix { $0 != 0 }
            offset = end
            let directories = paths[event.wd] ?? []
            let parsed = Event(directories: directories, name: String(decoding: name, as: UTF8.self), mask: event.mask)
            if parsed.has(Int(IN_IGNORED)) { forget(event.wd) }
            if !directories.isEmpty || parsed.isOverflow { events.append(parsed) }
        }
    }

    private func forget(_ watch: Int32) {
        for path in paths.removeValue(forKey: watch) ?? [] where descriptors[path] == watch { descriptors[path] = nil }
    }
}
