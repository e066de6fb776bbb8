import ClusterState
import ManifestDirectory
import PorticoModel
import RouteCompiler

// Any text reads as objects and diagnostics, and any objects compile; reading the same again changes nothing.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeBufferPointer(start: start, count: count)
    guard let text = String(validating: bytes, as: UTF8.self) else { return 0 }
    for file in ["a.yaml", "a.json"] {
        let update = ManifestText.read(text, file: file)
        for diagnostic in update.diagnostics {
            precondition((1...(count + 2)).contains(diagnostic.line ?? 1), "\(diagnostic)")
        }
        var configuration = CompilerConfiguration()
        configuration.classes.acceptsMissingClassObjects = true
        configuration.configMap = ObjectName(namespace: "default", name: "controller")
        let compiler = Compiler(configuration: configuration)
        let result = compiler.apply(update.changes)
        for section in result.changedSections { check(section) }
        precondition(compiler.apply(update.changes) == CompilationResult())
        let deletions = update.changes.map { ObjectChange.delete($0.reference) }
        let rest = compiler.apply(deletions)
        precondition(rest.removedSections.allSatisfy { $0.kind != .globalSettings })
        precondition(compiler.diagnostics.isEmpty)
    }
    return 0
}

private func check(_ section: Section) {
    guard case .virtualHost(let host) = section else { return }
    var seen: Set<String> = []
    for route in host.routes {
        precondition(route.path.hasPrefix("/"))
        precondition(seen.insert("\(route.match) \(route.path)").inserted)
        precondition(route.policy.map(host.policies.indices.contains) ?? true)
    }
}
