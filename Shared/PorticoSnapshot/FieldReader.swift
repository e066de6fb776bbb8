internal import CPorticoSnapshot
import PorticoModel

/// Reads the fields of an unpacked message and names the message in its errors.
struct FieldReader {
    let message: String

    func invalid(_ field: String, _ found: String) -> SnapshotError {
        .invalidField(message: message, field: field, found: found)
    }

    func text(_ value: UnsafeMutablePointer<CChar>?, _ field: String) throws(SnapshotError) -> String {
        guard let value else { return "" }
        guard let text = String(validatingCString: value) else { throw invalid(field, "(not UTF-8)") }
        return text
    }

    func bytes(_ value: ProtobufCBinaryData) -> [UInt8] {
        guard let data = value.data, value.len > 0 else { return [] }
        return [UInt8](UnsafeBufferPointer(start: data, count: value.len))
    }

    func digest(_ value: ProtobufCBinaryData, _ field: String) throws(SnapshotError) -> Digest {
        guard value.len == Digest.byteCount, let data = value.data,
            let digest = Digest(bytes: UnsafeBufferPointer(start: data, count: value.len))
        else { throw invalid(field, "(\(value.len) bytes, not \(Digest.byteCount))") }
        return digest
    }

    /// A repeated field of messages.
    func list<Element, Value>(
        _ elements: UnsafeMutablePointer<UnsafeMutablePointer<Element>?>?, _ count: Int, _ field: String,
        _ read: (Element) throws(SnapshotError) -> Value
    ) throws(SnapshotError) -> [Value] {
        guard count > 0, let elements else { return [] }
        var values: [Value] = []
        values.reserveCapacity(count)
        for index in 0..<count {
            guard let element = elements[index] else { throw invalid(field, "(none)") }
            values.append(try read(element.pointee))
        }
        return values
    }

    func texts(
        _ elements: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ count: Int, _ field: String
    ) throws(SnapshotError) -> [String] {
        guard count > 0, let elements else { return [] }
        var values: [String] = []
        values.reserveCapacity(count)
        for index in 0..<count { values.append(try text(elements[index], field)) }
        return values
    }

    func numbers(_ elements: UnsafeMutablePointer<UInt32>?, _ count: Int) -> [UInt32] {
        Array(UnsafeBufferPointer(start: elements, count: elements == nil ? 0 : count))
    }

    /// A number that stands for one of a few values.
    func choice<Choice: RawRepresentable<UInt32>>(_ value: UInt32, _ field: String) throws(SnapshotError) -> Choice {
        guard let choice = Choice(rawValue: value) else { throw invalid(field, "\(value)") }
        return choice
    }
}
