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
        guard let downstream, tables.trustedProxies.contains(downstream.peer),
            let value = forwardedFor(bytes, request)
        else { return }
        let text = String(decoding: bytes[value], as: UTF8.self)
        for part in text.split(separator: ",").reversed() {
            let name = part.drop(while: { $0 == " " || $0 == "\t" }).prefix(while: { $0 != " " && $0 != "\t" })
            guard let address = SocketAddress(text: String(name), port: 0) else { return }
            client = address
            if !tables.trustedProxies.contains(address) { return }
        }
    }

    /// The value of the field that names the client: X-Forwarded-For, unless `forwarded-for-header` says otherwise.
    func forwardedFor(_ bytes: UnsafeRawBufferPointer, _ request: RequestHead) -> ByteRange? {
        guard tables.usesOwnForwardedFor else { return request.fields.value(of: .xForwardedFor) }
        for index in 0..<request.fields.count {
            let field = request.fields[index]
            let name = bytes[field.name]
            if name.count == tables.forwardedForName.count, zip(name, tables.forwardedForName).allSatisfy(isSameLetter)
            {
                return field.value
            }
        }
        return nil
    }

    /// The first of the elements of a list: each proxy on the way has added one behind it.
    func firstElement(of list: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var end = list.firstIndex(of: UInt8(ascii: ",")) ?? list.count
        while end > 0, list[end - 1] == UInt8(ascii: " ") || list[end - 1] == UInt8(ascii: "\t") { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: list[..<end])
    }

    private func isSameLetter(_ byte: UInt8, _ lowercase: UInt8) -> Bool { byte | 0x20 == lowercase | 0x20 }
}
