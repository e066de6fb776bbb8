import PorticoModel
import SnippetParser

// Whatever a snippet holds, it becomes policies and findings, the same ones each time; no header that it sets can end a line,
// and operations name only conditions and variables that exist.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
    for context in [SnippetContext.server, .location, .authentication] {
        let found = SnippetTranslation.of(text, context: context)
        precondition(found == SnippetTranslation.of(text, context: context))
        check(found)
        var program = found.program
        program.append(found.program)
        check(program)
    }
    return 0
}

private func check(_ translation: SnippetTranslation) {
    check(translation.program)
    for location in translation.locations { check(location.translation) }
}

private func check(_ program: SnippetProgram) {
    for header in program.requestHeaders + program.responseHeaders {
        precondition(Int(header.guard) <= program.conditions.count)
        precondition(!header.name.utf8.contains { $0 <= 0x20 || $0 == 0x3A || $0 >= 0x7F })
        precondition(!header.value.utf8.contains { $0 == 0x0D || $0 == 0x0A || $0 == 0 })
    }
    for operation in program.operations {
        precondition(Int(operation.guard) <= program.conditions.count)
        if operation.kind == .test { precondition(Int(operation.index) < program.conditions.count) }
        if operation.kind == .set { precondition(Int(operation.index) < program.variables.count) }
    }
}
