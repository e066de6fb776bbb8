import ClusterState

/// Cuts a stream of JSON into the values that are wanted, so that no more than one of them is held at a time.
///
/// It looks at brackets and strings only; what it cuts out is checked by whoever reads it.
struct JSONStreamScanner {
    enum Shape {
        /// Values after each other, as the events of a watch.
        case values
        /// One map: the value of its key `metadata`, and every item of its list `items`.
        case list
    }

    enum Piece {
        case value
        case metadata
        case item
    }

    /// The API server takes no object that comes near to this.
    static let maximumPiece = 16 << 20

    private let shape: Shape
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    /// The piece under way, and what earlier chunks held of it.
    private var piece: Piece?
    private var pieceDepth = 0
    private var held: [UInt8] = []
    // Only for a list.
    private var key: [UInt8] = []
    private var isReadingKey = false
    private var expectsKey = false
    private var isInItems = false
    private(set) var isComplete = false

    init(_ shape: Shape) {
        self.shape = shape
    }

    /// Whether the stream may end here: it is between two values.
    var isBetweenValues: Bool { depth == 0 && !isInString }

    mutating func take(
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ found: (Piece, UnsafeBufferPointer<UInt8>) throws(DocumentFault) -> Void
    ) throws(DocumentFault) {
        var start = 0
        for index in bytes.indices {
            let byte = bytes[index]
            if isInString {
                scanString(byte)
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): beginString()
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                if begins(byte) { start = index }
                depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                guard depth >= 0 else { throw DocumentFault(line: 0, reason: "a bracket too many") }
                if let piece, depth == pieceDepth {
                    self.piece = nil
                    try emit(piece, UnsafeBufferPointer(rebasing: bytes[start...index]), found)
                } else if depth == 1 {
                    isInItems = false
                } else if depth == 0, shape == .list {
                    isComplete = true
                }
            case UInt8(ascii: ","): if depth == 1 { expectsKey = true }
            default: break
            }
        }
        guard piece != nil else { return }
        held += UnsafeBufferPointer(rebasing: bytes[start...])
        guard held.count <= JSONStreamScanner.maximumPiece else {
            throw DocumentFault(line: 0, reason: "an object of more than \(JSONStreamScanner.maximumPiece) bytes")
        }
    }

    private mutating func emit(
        _ piece: Piece, _ bytes: UnsafeBufferPointer<UInt8>,
        _ found: (Piece, UnsafeBufferPointer<UInt8>) throws(DocumentFault) -> Void
    ) throws(DocumentFault) {
        guard !held.isEmpty else { return try found(piece, bytes) }
        let whole = held + bytes
        held = []
        let result = whole.withUnsafeBufferPointer { whole in
            Result { () throws(DocumentFault) in try found(piece, whole) }
        }
        try result.get()
    }

    /// - Returns: whether a wanted value starts with this bracket.
    private mutating func begins(_ bracket: UInt8) -> Bool {
        guard piece == nil else { return false }
        switch (shape, depth) {
        case (.values, 0): piece = .value
        case (.list, 0):
            expectsKey = true
            return false
        case (.list, 1):
            isInItems = bracket == UInt8(ascii: "[") && key.elementsEqual("items".utf8)
            guard key.elementsEqual("metadata".utf8) else { return false }
            piece = .metadata
        case (.list, 2):
            guard isInItems else { return false }
            piece = .item
        default: return false
        }
        pieceDepth = depth
        return true
    }

    private mutating func beginString() {
        isInString = true
        guard shape == .list, depth == 1, expectsKey else { return }
        expectsKey = false
        isReadingKey = true
        key.removeAll(keepingCapacity: true)
    }

    private mutating func scanString(_ byte: UInt8) {
        if isEscaped {
            isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
            isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
            isInString = false
            isReadingKey = false
            return
        }
        if isReadingKey { key.append(byte) }
    }
}
