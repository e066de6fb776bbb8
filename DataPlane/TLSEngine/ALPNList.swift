import COpenSSL

/// The protocols that a server speaks over TLS, in its order (RFC 7301).
struct ALPNList {
    let offersHTTP2: Bool

    private static let http2: StaticString = "h2"
    private static let http11: StaticString = "http/1.1"

    /// OpenSSL's question. A client that names nothing we speak goes on without a protocol, as nginx lets it.
    func select(
        _ out: UnsafeMutablePointer<UnsafePointer<UInt8>?>?, _ outCount: UnsafeMutablePointer<UInt8>?,
        _ offered: UnsafeBufferPointer<UInt8>
    ) -> Int32 {
        if offersHTTP2, contains(offered, ALPNList.http2) { return answer(ALPNList.http2, out, outCount) }
        if contains(offered, ALPNList.http11) { return answer(ALPNList.http11, out, outCount) }
        return SSL_TLSEXT_ERR_NOACK
    }

    private func answer(
        _ name: StaticString, _ out: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
        _ outCount: UnsafeMutablePointer<UInt8>?
    ) -> Int32 {
        out?.pointee = name.utf8Start
        outCount?.pointee = UInt8(name.utf8CodeUnitCount)
        return SSL_TLSEXT_ERR_OK
    }

    private func contains(_ offered: UnsafeBufferPointer<UInt8>, _ name: StaticString) -> Bool {
        var offset = 0
        while offset < offered.count {
            let start = offset + 1
            let end = start + Int(offered[offset])
            guard end <= offered.count else { return false }
            let candidate = UnsafeBufferPointer(rebasing: offered[start..<end])
            if candidate.elementsEqual(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)) {
                return true
            }
            offset = end
        }
        return false
    }
}
