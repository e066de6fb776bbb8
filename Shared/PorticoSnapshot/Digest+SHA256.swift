internal import COpenSSL
import PorticoModel

extension Digest {
    package static func sha256(of bytes: UnsafeRawBufferPointer) -> Digest {
        withUnsafeTemporaryAllocation(byteCount: Digest.byteCount, alignment: 8) { output in
            // The one-shot function of OpenSSL cannot fail and takes an empty input by any address.
            let input = bytes.baseAddress ?? UnsafeRawPointer(output.baseAddress)
            _ = SHA256(
                input?.assumingMemoryBound(to: UInt8.self), bytes.count,
                output.baseAddress?.assumingMemoryBound(to: UInt8.self))
            guard let digest = Digest(bytes: output) else { fatalError("a digest has \(output.count) bytes") }
            return digest
        }
    }

    package static func sha256(of bytes: [UInt8]) -> Digest {
        bytes.withUnsafeBytes { sha256(of: $0) }
    }
}
