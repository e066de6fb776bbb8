/// One header field of a parsed head, as offsets into the bytes that were parsed.
@usableFromInline
package struct HeaderField: Sendable {
    /// What a forwarding proxy has to know about the field beside its identifier.
    @usableFromInline
    package struct Flags: OptionSet, Sendable {
        @usableFromInline
        package var rawValue: UInt8

        @inlinable
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// Meant for this connection only: by definition, or because Connection names it.
        @inlinable
        package static var hopByHop: Flags { Flags(rawValue: 1) }
        /// The name holds an underscore.
        @inlinable
        package static var underscore: Flags { Flags(rawValue: 2) }
        /// The name is a token, though with characters other than letters, digits, hyphens and underscores.
        @inlinable
        package static var unusualName: Flags { Flags(rawValue: 4) }
    }

    @usableFromInline
    package var nameStart: UInt32
    @usableFromInline
    package var nameCount: UInt16
    @usableFromInline
    package var id: KnownHeader
    @usableFromInline
    package var flags: Flags
    @usableFromInline
    package var valueStart: UInt32
    @usableFromInline
    package var valueCount: UInt32

    @inlinable
    package var name: ByteRange { ByteRange(start: nameStart, count: UInt32(nameCount)) }
    /// Without the blanks around it.
    @inlinable
    package var value: ByteRange { ByteRange(start: valueStart, count: valueCount) }
}

/// The header fields of one head, in order. Allocated once and reused for every head.
///
/// Everything that changes lies behind a constant pointer: the properties of a class cost a dynamic exclusivity check
/// with each access, which is more than the parsing of a field.
@usableFromInline
package final class HeaderFields {
    @usableFromInline
    let table: UnsafeMutablePointer<HeaderFieldTable>

    package init(capacity: Int) {
        table = .allocate(capacity: 1)
        table.initialize(to: HeaderFieldTable(capacity: capacity))
    }

    deinit {
        table.pointee.deallocate()
        table.deallocate()
    }

    @inlinable
    package var capacity: Int { table.pointee.capacity }
    @inlinable
    package var count: Int { table.pointee.count }
    /// The known fields that are present.
    @inlinable
    package var present: KnownHeaderSet { table.pointee.present }
    /// The known fields that are present more than once.
    @inlinable
    package var repeated: KnownHeaderSet { table.pointee.repeated }
    /// Every flag that some field carries.
    @inlinable
    package var allFlags: HeaderField.Flags { table.pointee.allFlags }

    @inlinable
    package subscript(index: Int) -> HeaderField { table.pointee[index] }

    /// The index of the first field of that kind, or nil.
    @inlinable
    package func firstIndex(of header: KnownHeader) -> Int? { table.pointee.firstIndex(of: header) }

    /// The value of the first field of that kind, or nil.
    @inlinable
    package func value(of header: KnownHeader) -> ByteRange? { table.pointee.value(of: header) }
}
