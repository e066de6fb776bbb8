import PorticoModel
import PorticoSnapshot

// Bytes are a manifest's group, or its root, or are refused; a group makes a tree that holds what the group says.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeRawBufferPointer(start: start, count: count))
    if let digests = try? ManifestTree.decodeRoot(bytes) { precondition(digests.count == ManifestTree.groupCount) }
    guard let (index, sections) = try? ManifestTree.decodeGroup(bytes) else { return 0 }
    let tree = ManifestTree(sections: sections)
    precondition(tree.count == sections.count && tree.sections(inGroup: index) == sections)
    for section in sections { precondition(tree.lookup(section.name) == section.digest) }
    var empty = tree
    for section in sections { empty.remove(section.name) }
    precondition(empty == ManifestTree() && tree.difference(from: empty).added == sections)
    return 0
}
