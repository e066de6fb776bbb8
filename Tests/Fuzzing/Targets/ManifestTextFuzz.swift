import ManifestDirectory

// Whatever a file holds, reading it yields objects and diagnostics, the same ones each time.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
    let update = ManifestText.read(text, file: "fuzz.yaml")
    let again = ManifestText.read(text, file: "fuzz.yaml")
    precondition(update.changes.count == again.changes.count && update.diagnostics == again.diagnostics)
    return 0
}
