import PorticoSnapshot

/// Why a control link cannot go on. The connection is closed; both sides carry on with what they have.
package enum LinkError: Error, Hashable, Sendable, CustomStringConvertible {
    case frameTooLong(bytes: Int)
    case malformedFrame(SnapshotError)
    /// A frame that its sender may not send, or not now.
    case unexpectedFrame(String)
    /// The two sides have no protocol in common.
    case noCommonProtocol(String)
    /// The server has nothing for this client, for this reason.
    case refused(String)
    /// The other side sends more than may be kept.
    case limitExceeded(String)

    package var description: String {
        switch self {
        case .frameTooLong(let bytes): "a frame of \(bytes) bytes is longer than \(LinkFrame.maximumBytes)"
        case .malformedFrame(let error): "malformed frame: \(error)"
        case .unexpectedFrame(let what): "unexpected frame: \(what)"
        case .noCommonProtocol(let what): "no common protocol: \(what)"
        case .refused(let reason): "the control plane refuses this process: \(reason)"
        case .limitExceeded(let what): "limit exceeded: \(what)"
        }
    }
}
