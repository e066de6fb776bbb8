/// A request method (RFC 9110 §9); `other` for extension methods, whose name is in the head.
@usableFromInline
package enum HTTPMethod: UInt8, Sendable {
    case get, head, post, put, delete, options, patch, trace, connect, other

    /// Repeating the request has the effect of sending it once (RFC 9110 §9.2.2).
    package var isIdempotent: Bool {
        switch self {
        case .get, .head, .put, .delete, .options, .trace: true
        default: false
        }
    }

    static func parse(_ span: RawSpan, start: Int, count: Int) -> HTTPMethod {
        guard count <= 8 else { return .other }
        switch span.partialWord(start, count: count) {
        case 0x54_4547: return .get
        case 0x4441_4548: return .head
        case 0x5453_4F50: return .post
        case 0x54_5550: return .put
        case 0x4554_454C_4544: return .delete
        case 0x53_4E4F_4954_504F: return .options
        case 0x48_4354_4150: return .patch
        case 0x45_4341_5254: return .trace
        case 0x54_4345_4E4E_4F43: return .connect
        default: return .other
        }
    }
}
