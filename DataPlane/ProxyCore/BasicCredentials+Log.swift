import HTTPCore
import Policies
import PorticoModel

extension BasicCredentials {
    /// Writes the user's name for the standard log, or a hyphen.
    static func writeUser(of value: UnsafeRawBufferPointer, to output: inout ByteWriter) {
        let start = output.count
        writeName(of: value, to: &output)
        if output.count == start || output.count - start > 256 {
            output.truncate(to: start)
            return output.append(UInt8(ascii: "-"))
        }
        LogEscaping.standard.escape(from: start, in: &output)
    }
}
