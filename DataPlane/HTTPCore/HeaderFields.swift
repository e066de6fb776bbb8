/// One header field of a parsed head, as offsets into the bytes that were parsed.
package struct HeaderField: Sendable {
    /// What a forwarding proxy has to know about the field beside its identifier.
    package struct Flags: OptionSet, Sendable {
        package var rawValue: UInt8

        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// Meant for this connection only: by definition, or because Connection names it.
        package static let hopByHop = Flags(rawValue: 1)
        /// The name holds an underscore.
        package static let underscore = Flags(rawValue: 2)
        /// The name is a token, though with characters other than letters, digits, hyphens and underscores.
        package static let unusualName = Flags(rawValue: 4)
    }

    package var nameStart: UInt32
    package var nameCount: UInt16
    package var id: KnownHeader
    package var flags: Flags
    package var valueStart: UInt32
    package var valueCount: UInt32

    package var name: ByteRange { ByteRange(start: nameStart, count: UInt32(nameCount)) }
    /// Without the blanks around it.
    package var value: ByteRange { ByteRange(start: valueStart, count: valueCount) }
}

/// The header fields of one head, in order. Allocated once and reused for every head.
///
/// Everything that changes lies behind a constant pointer: the properties of a class cost a dynamic exclusivity check
/// with each access, which is more than the parsing of a field.
package final class HeaderFields {
    let table: UnsafeMutablePointer<HeaderFieldTable>

    package init(capacity: Int) {
        table = .allocate(capacity: 1)
        table.initialize(to: HeaderFieldTable(capacity: capacity))
    }

    deinit {
        table.pointee.deallocate()
        table.deallocate()
    }

    package var capacity: Int { table.pointee.capacity }
    package var count: Int { table.pointee.count }
    /// The known fields that are present.
    package var present: KnownHeaderSet { table.pointee.present }
    /// The known fields that are present more than once.
    package var repeated: KnownHeaderSet { table.pointee.repeated }
    /// Every flag that some field carries.
    package var allFlags: HeaderField.Flags { table.pointee.allFlags }

    package subscript(index: Int) -> HeaderField { table.pointee[index] }

    /// The index of the first field of that kind, or nil.
    package func firstIndex(of header: KnownHeader) -> Int? { table.pointee.firstIndex(of: header) }

    /// The value of the first field of that kind, or nil.
    package func value(of header: KnownHeader) -> ByteRange? { table.pointee.value(of: header) }
}
