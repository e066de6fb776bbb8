import COpenSSL
import Glibc
import Logging
import Synchronization

/// The webhook's certificate and key, read again when their files change.
package final class ServerCredentials: Sendable {
    /// A context that lives as long as somebody holds it.
    final class Context: @unchecked Sendable {
        let pointer: OpaquePointer

        init(_ pointer: OpaquePointer) { self.pointer = pointer }

        deinit { SSL_CTX_free(pointer) }
    }

    /// Why the files cannot be used.
    package struct Unusable: Error, Hashable, CustomStringConvertible {
        package var description: String
    }

    private struct FileStamp: Hashable {
        var device: dev_t
        var inode: ino_t
        var size: off_t
        var seconds: Int
        var nanoseconds: Int

        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            (device, inode, size) = (status.st_dev, status.st_ino, status.st_size)
            (seconds, nanoseconds) = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
        }
    }

    private struct Loaded {
        var context: Context
        var stamps: [FileStamp?]
    }

    private let certificate: String
    private let key: String
    private let logger: Logger
    private let loaded: Mutex<Loaded>

    package init(certificate: String, key: String, logger: Logger) throws(Unusable) {
        self.certificate = certificate
        self.key = key
        self.logger = logger
        let stamps = [FileStamp(certificate), FileStamp(key)]
        loaded = Mutex(
            Loaded(context: try ServerCredentials.load(certificate: certificate, key: key), stamps: stamps))
    }

    /// What a new connection shall use. Files that have changed and cannot be used leave what there was in force.
    var context: Context {
        let stamps = [FileStamp(certificate), FileStamp(key)]
        return loaded.withLock { loaded in
            guard stamps != loaded.stamps else { return loaded.context }
            // Not tried again before they change again: the two are seldom written at one moment.
            loaded.stamps = stamps
            do throws(Unusable) {
                loaded.context = try ServerCredentials.load(certificate: certificate, key: key)
                logger.info("the webhook uses the new certificate of \(certificate)")
            } catch {
                logger.error("\(error); the webhook goes on with the one that it has")
            }
            return loaded.context
        }
    }

    private static func load(certificate: String, key: String) throws(Unusable) -> Context {
        guard let pointer = SSL_CTX_new(TLS_server_method()) else {
            throw Unusable(description: "OpenSSL has no memory")
        }
        let context = Context(pointer)
        ERR_clear_error()
        _ = SSL_CTX_ctrl(pointer, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
        guard SSL_CTX_use_certificate_chain_file(pointer, certificate) == 1 else {
            throw Unusable(description: "the webhook's certificate \(certificate) cannot be used: \(lastError())")
        }
        guard SSL_CTX_use_PrivateKey_file(pointer, key, SSL_FILETYPE_PEM) == 1 else {
            throw Unusable(description: "the webhook's key \(key) cannot be used: \(lastError())")
        }
        guard SSL_CTX_check_private_key(pointer) == 1 else {
            throw Unusable(description: "the webhook's key \(key) is not that of its certificate \(certificate)")
        }
        return context
    }

    private static func lastError() -> String {
        let code = ERR_peek_last_error()
        ERR_clear_error()
        guard code != 0, let reason = ERR_reason_error_string(code) else { return "unknown reason" }
        return String(cString: reason)
    }
}
