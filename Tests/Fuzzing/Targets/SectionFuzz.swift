import PorticoModel
import PorticoSnapshot

// Bytes are a section or are refused; a section survives another journey through bytes.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    guard let section = try? SectionCodec.decode(bytes) else { return 0 }
    let canonical = SectionCodec.encode(section)
    guard let again = try? SectionCodec.decode(canonical) else { fatalError("refuses its own bytes") }
    precondition(again == section && SectionCodec.encode(again) == canonical)
    return 0
}
