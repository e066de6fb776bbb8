import Glibc
import HTTPCore

/// Changes of a head's field lines, collected first and applied in one pass over the text. One object serves a loop.
///
/// What is set or removed goes wherever it comes from; what is set or added stands behind the fields that stay, in the order
/// of the calls. Names are compared without regard to case; a removal may end in `*`.
package final class HeaderEdits {
    private enum Kind: UInt8 {
        case add, set, setIfPresent, remove, removePrefix
    }

    private struct Edit {
        var kind: Kind
        var name: ByteRange
        var value: ByteRange
        var wasSeen = false
        /// A later edit of the same name takes its place.
        var isVoid = false
    }

    private let memory: UnsafeMutableRawBufferPointer
    @exclusivity(unchecked) private var writer: ByteWriter
    @exclusivity(unchecked) private var edits: [Edit] = []
    /// There are edits that look at the fields that are there.
    @exclusivity(unchecked) private var concernsLines = false

    /// - Parameter capacity: bytes of all names and values together.
    package init(capacity: Int) {
        memory = .allocate(byteCount: capacity, alignment: 16)
        writer = ByteWriter(memory)
        edits.reserveCapacity(64)
    }

    deinit { memory.deallocate() }

    package var isEmpty: Bool { edits.isEmpty }
    /// What was asked for did not fit: the head must not be sent.
    package var overflowed: Bool { writer.overflowed }

    package func begin() {
        edits.removeAll(keepingCapacity: true)
        concernsLines = false
        writer = ByteWriter(memory)
    }

    // MARK: Collecting

    /// One more field of that name. An empty value is not sent.
    package func add(_ name: UnsafeRawBufferPointer, _ value: (inout ByteWriter) -> Void) {
        let edit = make(.add, name, value)
        if !edit.value.isEmpty { edits.append(edit) }
    }

    /// In place of all fields of that name; an empty value removes them.
    package func set(_ name: UnsafeRawBufferPointer, _ value: (inout ByteWriter) -> Void) {
        var edit = make(.set, name, value)
        if edit.value.isEmpty { edit.kind = .remove }
        forget(name)
        edits.append(edit)
    }

    /// As `set`, only where there is such a field.
    package func setIfPresent(_ name: UnsafeRawBufferPointer, _ value: (inout ByteWriter) -> Void) {
        edits.append(make(.setIfPresent, name, value))
    }

    /// None of that name; `*` at the end stands for anything.
    package func remove(_ name: UnsafeRawBufferPointer) {
        forget(name)
        if name.last == UInt8(ascii: "*") {
            edits.append(make(.removePrefix, UnsafeRawBufferPointer(rebasing: name.dropLast())) { _ in })
        } else {
            edits.append(make(.remove, name) { _ in })
        }
    }

    package func add(_ name: StaticString, _ value: (inout ByteWriter) -> Void) { add(Self.bytes(name), value) }
    package func set(_ name: StaticString, _ value: (inout ByteWriter) -> Void) { set(Self.bytes(name), value) }
    package func remove(_ name: StaticString) { remove(Self.bytes(name)) }

    private static func bytes(_ name: StaticString) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
    }

    /// A value must not end its line: bytes that would are dropped.
    private func make(_ kind: Kind, _ name: UnsafeRawBufferPointer, _ value: (inout ByteWriter) -> Void) -> Edit {
        if kind != .add { concernsLines = true }
        let nameStart = writer.count
        writer.append(name)
        let valueStart = writer.count
        value(&writer)
        var end = writer.count
        for index in valueStart..<end where memory[index] < 0x20 && memory[index] != 9 || memory[index] == 0x7F {
            memory[index] = UInt8(ascii: " ")
        }
        while end > valueStart, memory[end - 1] == UInt8(ascii: " ") { end -= 1 }
        return Edit(kind: kind, name: ByteRange(nameStart, valueStart), value: ByteRange(valueStart, end))
    }

    private func forget(_ name: UnsafeRawBufferPointer) {
        for index in edits.indices where isEqualIgnoringCase(bytes(edits[index].name), name) {
            if edits[index].kind == .set || edits[index].kind == .add { edits[index].isVoid = true }
        }
    }

    private func bytes(_ range: ByteRange) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(memory)[range] }

    // MARK: Applying

    /// Writes the lines of `block`, each with its end, as changed, and behind them what is set and added.
    package func apply(to block: UnsafeRawBufferPointer, into output: inout ByteWriter) {
        if concernsLines { copyLines(of: block, into: &output) } else { output.append(block) }
        for edit in edits where !edit.isVoid {
            switch edit.kind {
            case .remove, .removePrefix: continue
            case .setIfPresent: if !edit.wasSeen || edit.value.isEmpty { continue }
            case .add, .set: break
            }
            output.append(bytes(edit.name))
            output.append(": ")
            output.append(bytes(edit.value))
            output.appendLineEnd()
        }
    }

    private func copyLines(of block: UnsafeRawBufferPointer, into output: inout ByteWriter) {
        guard let base = block.baseAddress else { return }
        var offset = 0
        var runStart = 0
        while offset < block.count {
            let lineEnd = memchr(base + offset, Int32(UInt8(ascii: "\n")), block.count - offset)
            let end = lineEnd.map { UnsafeRawPointer($0) - base + 1 } ?? block.count
            if drops(UnsafeRawBufferPointer(rebasing: block[offset..<end])) {
                output.append(block, range: ByteRange(runStart, offset))
                runStart = end
            }
            offset = end
        }
        output.append(block, range: ByteRange(runStart, block.count))
    }

    private func drops(_ line: UnsafeRawBufferPointer) -> Bool {
        var isDropped = false
        for index in edits.indices where edits[index].kind != .add && concerns(edits[index], line) {
            edits[index].wasSeen = true
            isDropped = true
        }
        return isDropped
    }

    /// Whether the line's field is one that the edit names. Most lines differ in the byte behind the name already.
    private func concerns(_ edit: Edit, _ line: UnsafeRawBufferPointer) -> Bool {
        let name = bytes(edit.name)
        guard name.count < line.count else { return false }
        let colon = UInt8(ascii: ":")
        guard edit.kind == .removePrefix ? line.contains(colon) : line[name.count] == colon else { return false }
        return isEqualIgnoringCase(name, UnsafeRawBufferPointer(rebasing: line[..<name.count]))
    }
}
