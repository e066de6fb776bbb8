import ClusterState

/// Why a request to the API server failed.
package enum APIError: Error, Hashable, Sendable {
    /// No connection, or it broke: what libcurl says.
    case transport(String)
    /// No answer in time, or silence for too long.
    case timedOut(String)
    case cancelled
    /// The API server refused, and says why.
    case refused(APIStatus)
    /// The credentials or the files of the connection cannot be had.
    case credentials(String)
    /// The answer is not what the API promises.
    case malformed(String)

    package var status: APIStatus? {
        if case .refused(let status) = self { status } else { nil }
    }

    package var isNotFound: Bool { status?.code == 404 }
    /// Another writer was faster, or the object exists already.
    package var isConflict: Bool { status?.code == 409 }
    package var isAlreadyExists: Bool { status?.reason == "AlreadyExists" }
    /// The versions asked for are no longer kept.
    package var isGone: Bool { status.map { $0.code == 410 || $0.reason == "Expired" || $0.reason == "Gone" } ?? false }
    package var isForbidden: Bool { status?.code == 403 }
    package var isUnauthorized: Bool { status?.code == 401 }
}

extension APIError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .transport(let reason): "the API server cannot be reached: \(reason)"
        case .timedOut(let reason): "the API server does not answer in time: \(reason)"
        case .cancelled: "the request was cancelled"
        case .refused(let status): "the API server refused: \(status)"
        case .credentials(let reason): reason
        case .malformed(let reason): "the API server's answer cannot be read: \(reason)"
        }
    }
}

/// A `v1` Status: how the API server says no.
package struct APIStatus: Hashable, Sendable, CustomStringConvertible {
    package var code: Int
    /// One word for programs, as `Conflict`; empty where there is none.
    package var reason: String
    package var message: String
    package var retryAfterSeconds: Double?
    /// Words for programs about what in particular is wrong.
    package var causes: [String] = []

    package init(code: Int, reason: String, message: String, retryAfterSeconds: Double? = nil) {
        self.code = code
        self.reason = reason
        self.message = message
        self.retryAfterSeconds = retryAfterSeconds
    }

    /// - Parameter node: a Status object, as it stands in the body of an error or of an ERROR event.
    package init(_ node: ObjectNode, code fallback: Int = 0) {
        code = node["code"]?.int ?? fallback
        reason = node["reason"]?.string ?? ""
        message = node["message"]?.string ?? ""
        retryAfterSeconds = node["details"]?["retryAfterSeconds"]?.int.map(Double.init)
        causes = node["details"]?["causes"]?.list?.compactMap { $0["reason"]?.string } ?? []
    }

    /// What a refusal's body says, or its status alone where it says nothing readable.
    package init(of response: APIResponse) {
        let node = try? JSONReader.read(response.body)
        if let node, node["kind"]?.string == "Status" {
            self.init(node, code: response.status)
        } else {
            let text = String(decoding: response.body.prefix(200), as: UTF8.self)
            self.init(code: response.status, reason: "", message: text)
        }
        code = response.status
        if let seconds = response.header("retry-after").flatMap({ Double($0) }) { retryAfterSeconds = seconds }
    }

    package var description: String {
        let text = message.isEmpty ? reason : message
        return text.isEmpty ? "status \(code)" : "\(text) (\(code))"
    }
}
