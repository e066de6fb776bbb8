import CMaxMindDB
import EventLoop
import Glibc

/// One database of addresses in MaxMind's format, mapped into memory.
final class GeoDatabase {
    private var database = MMDB_s()
    /// The last answer, because a request's variables ask for the same address.
    private var lastAddress: SocketAddress?
    private var lastResult = MMDB_lookup_result_s()

    /// - Parameter descriptor: of the file; it may be closed afterwards.
    /// - Returns: nil where the file is no database.
    init?(descriptor: Int32) {
        guard MMDB_open("/proc/self/fd/\(descriptor)", UInt32(MMDB_MODE_MMAP), &database) == MMDB_SUCCESS else {
            return nil
        }
    }

    deinit { MMDB_close(&database) }

    /// Gives what the database has for the address under `path` to `body`.
    func value(of address: SocketAddress, at path: GeoPath, _ body: (MMDB_entry_data_s) -> Void) {
        if lastAddress != address {
            var fault: Int32 = 0
            lastResult = address.withSocketAddress { pointer, _ in
                MMDB_lookup_sockaddr(&database, pointer, &fault)
            }
            if fault != MMDB_SUCCESS { lastResult.found_entry = false }
            lastAddress = address
        }
        guard lastResult.found_entry else { return }
        var data = MMDB_entry_data_s()
        guard MMDB_aget_value(&lastResult.entry, &data, path.words) == MMDB_SUCCESS, data.has_data else { return }
        body(data)
    }
}

/// Where in a database's record a value lies, as the library wants it: words, and nil at the end.
final class GeoPath: @unchecked Sendable {
    // Written once, and never freed: there is one for each variable.
    let words: UnsafeMutablePointer<UnsafePointer<CChar>?>

    init(_ path: String) {
        let parts = path.split(separator: ".")
        words = .allocate(capacity: parts.count + 1)
        for (index, part) in parts.enumerated() {
            words.advanced(by: index).initialize(to: UnsafePointer(strdup(String(part))))
        }
        words.advanced(by: parts.count).initialize(to: nil)
    }
}
