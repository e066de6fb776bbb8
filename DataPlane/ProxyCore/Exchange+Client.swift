import EventLoop
import HTTPCore
import Policies

/// Who the client is, where proxies in front of this one are believed.
extension Exchange {
    /// Whether X-Forwarded-* fields of this request count.
    var trustsForwardedFields: Bool {
        guard tables.globals.usesForwardedHeaders, let downstream else { return false }
        return tables.trustedProxies.contains(downstream.peer)
    }

    /// Takes the client's address from the forwarded-for field: the last one that is no trusted proxy, else the first.
    func resolveClient(_ bytes: UnsafeRawBufferPointer, _ request: RequestHead) {
        guard trustsForwardedFields, let value = forwardedFor(bytes, request) else { return }
        let text = String(decoding: bytes[value], as: UTF8.self)
        for part in text.split(separator: ",").reversed() {
            let name = part.drop(while: { $0 == " " || $0 == "\t" }).prefix(while: { $0 != " " && $0 != "\t" })
            guard let address = SocketAddress(text: String(name), port: 0) else { return }
            client = address
            if !tables.trustedProxies.contains(address) { return }
        }
    }

    private func forwardedFor(_ bytes: UnsafeRawBufferPointer, _ request: RequestHead) -> ByteRange? {
        let wanted = Array(tables.globals.forwardedForHeader.utf8)
        for index in 0..<request.fields.count {
            let field = request.fields[index]
            let name = bytes[field.name]
            if name.count == wanted.count, zip(name, wanted).allSatisfy({ $0 | 0x20 == $1 | 0x20 }) {
                return field.value
            }
        }
        return nil
    }
}
