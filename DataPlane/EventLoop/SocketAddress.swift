import Glibc

/// An IPv4 or IPv6 address and port, in 24 bytes. IPv4-mapped IPv6 addresses are taken as IPv4.
package struct SocketAddress: Hashable, Sendable {
    /// Network byte order; IPv4 uses the first four bytes of `high`.
    private var high: UInt64 = 0
    private var low: UInt64 = 0
    package private(set) var port: UInt16 = 0
    package private(set) var isIPv6 = false

    /// - Parameter bytes: 4 or 16, in network byte order.
    package init?(bytes: some Collection<UInt8>, port: UInt16) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        var storage: (UInt64, UInt64) = (0, 0)
        withUnsafeMutableBytes(of: &storage) { $0.copyBytes(from: bytes) }
        (high, low) = storage
        self.port = port
        isIPv6 = bytes.count == 16
        unmap()
    }

    /// Of the kernel; an address of another family is 0.0.0.0.
    package init(_ storage: sockaddr_storage) {
        var storage = storage
        if storage.ss_family == sa_family_t(AF_INET6) {
            isIPv6 = true
            withUnsafeBytes(of: &storage) { bytes in
                high = bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
                low = bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
                port = UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
            }
            unmap()
        } else if storage.ss_family == sa_family_t(AF_INET) {
            withUnsafeBytes(of: &storage) { bytes in
                high = UInt64(bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
                port = UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
            }
        }
    }

    private mutating func unmap() {
        guard isIPv6, high == 0, UInt64(bigEndian: low) >> 32 == 0xFFFF else { return }
        high = UInt64(bigEndian: low) & 0xFFFF_FFFF
        high = UInt64(UInt32(truncatingIfNeeded: high).bigEndian)
        low = 0
        isIPv6 = false
    }

    package static func loopback(port: UInt16) -> SocketAddress {
        SocketAddress(bytes: [127, 0, 0, 1], port: port)!
    }

    /// The 4 or 16 bytes of the address, in network byte order.
    package var addressBytes: [UInt8] {
        withUnsafeBytes(of: (high, low)) { Array($0.prefix(isIPv6 ? 16 : 4)) }
    }

    /// Calls `body` with what the kernel takes.
    package func withSocketAddress<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        if isIPv6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            withUnsafeMutableBytes(of: &address.sin6_addr) { bytes in
                bytes.storeBytes(of: high, toByteOffset: 0, as: UInt64.self)
                bytes.storeBytes(of: low, toByteOffset: 8, as: UInt64.self)
            }
            return withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    body($0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(truncatingIfNeeded: high)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    /// The longest text of an address, without a port.
    package static let maximumTextCount = 46

    /// Writes the address as text, without its port: no allocation.
    /// - Returns: the count of bytes, at most `maximumTextCount`.
    package func writeAddress(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        precondition(buffer.count >= SocketAddress.maximumTextCount)
        if isIPv6 {
            var words = (high, low)
            let text = buffer.baseAddress!.assumingMemoryBound(to: CChar.self)
            guard inet_ntop(AF_INET6, &words, text, socklen_t(buffer.count)) != nil else { return 0 }
            return strlen(text)
        }
        var count = 0
        for index in 0..<4 {
            let byte = UInt8(truncatingIfNeeded: high >> UInt64(8 * index))
            if index > 0 {
                buffer[count] = UInt8(ascii: ".")
                count += 1
            }
            if byte >= 100 {
                buffer[count] = UInt8(ascii: "0") + byte / 100
                count += 1
            }
            if byte >= 10 {
                buffer[count] = UInt8(ascii: "0") + byte / 10 % 10
                count += 1
            }
            buffer[count] = UInt8(ascii: "0") + byte % 10
            count += 1
        }
        return count
    }
}

extension SocketAddress: CustomStringConvertible {
    /// `10.0.0.1:80` or `[fe80::1]:80`.
    package var description: String {
        withUnsafeTemporaryAllocation(byteCount: SocketAddress.maximumTextCount, alignment: 1) { buffer in
            let count = writeAddress(into: buffer)
            let text = String(decoding: buffer.prefix(count), as: UTF8.self)
            return isIPv6 ? "[\(text)]:\(port)" : "\(text):\(port)"
        }
    }
}

extension SocketAddress {
    /// Reads an IPv4 or IPv6 address without brackets.
    package init?(text: String, port: UInt16) {
        var storage: (UInt64, UInt64) = (0, 0)
        if inet_pton(AF_INET, text, &storage) == 1 {
            self.init(bytes: withUnsafeBytes(of: storage) { Array($0.prefix(4)) }, port: port)
        } else if inet_pton(AF_INET6, text, &storage) == 1 {
            self.init(bytes: withUnsafeBytes(of: storage) { Array($0) }, port: port)
        } else {
            return nil
        }
    }
}
