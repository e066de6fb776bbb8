import EventLoop
import HTTPCore

/// The PROXY protocol header of version 1 that an endpoint is sent.
enum ProxyProtocolLine {
    /// - Parameters:
    ///   - announced: what the client's own header said, if it had one.
    ///   - peer, local: the client's connection.
    static func text(_ announced: ProxyProtocolAddresses?, peer: SocketAddress, local: SocketAddress) -> String {
        var (source, destination) = (peer, local)
        if let announced, let (from, to) = addresses(of: announced) { (source, destination) = (from, to) }
        // A connection has one family; an IPv4 client on an IPv6 listener has an IPv4 address at both ends.
        guard source.isIPv6 == destination.isIPv6 else { return "PROXY UNKNOWN\r\n" }
        let family = source.isIPv6 ? "TCP6" : "TCP4"
        return "PROXY \(family) \(bare(source)) \(bare(destination)) \(source.port) \(destination.port)\r\n"
    }

    private static func addresses(of header: ProxyProtocolAddresses) -> (SocketAddress, SocketAddress)? {
        guard let source = address(header.source, header.isIPv6, header.sourcePort),
            let destination = address(header.destination, header.isIPv6, header.destinationPort)
        else { return nil }
        return (source, destination)
    }

    private static func address(
        _ address: ProxyProtocolAddresses.Address, _ isIPv6: Bool, _ port: UInt16
    ) -> SocketAddress? {
        withUnsafeBytes(of: (address.high.bigEndian, address.low.bigEndian)) {
            SocketAddress(bytes: $0.prefix(isIPv6 ? 16 : 4), port: port)
        }
    }

    private static func bare(_ address: SocketAddress) -> String {
        withUnsafeTemporaryAllocation(byteCount: SocketAddress.maximumTextCount, alignment: 1) { buffer in
            String(decoding: buffer.prefix(address.writeAddress(into: buffer)), as: UTF8.self)
        }
    }
}
