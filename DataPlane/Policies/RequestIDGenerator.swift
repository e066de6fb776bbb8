import Glibc
import HTTPCore

/// Makes request identifiers: 32 hexadecimal digits, not to be guessed from one another's clock, though not secrets.
package struct RequestIDGenerator {
    private var state: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    /// Seeds itself from the kernel.
    package init() {
        withUnsafeMutableBytes(of: &state) { _ = getentropy($0.baseAddress!, $0.count) }
        if state == (0, 0, 0, 0) { state.0 = 1 }
    }

    /// - Parameter seed: for tests.
    package init(seed: UInt64) {
        state = (seed | 1, seed &* 0x9E37_79B9_7F4A_7C15, ~seed, 0x1234_5678_9ABC_DEF0)
    }

    /// xoshiro256**.
    package mutating func next() -> UInt64 {
        let rotated = state.1 &* 5
        let result = (rotated << 7 | rotated >> 57) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = state.3 << 45 | state.3 >> 19
        return result
    }

    package mutating func write(to writer: inout ByteWriter) {
        writer.append(sixteenHexadecimalDigits: next())
        writer.append(sixteenHexadecimalDigits: next())
    }
}
