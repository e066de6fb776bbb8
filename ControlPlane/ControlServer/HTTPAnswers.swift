import FlyingFox
import Foundation
import PorticoModel

extension HTTPResponse {
    static func plain(
        _ text: String, contentType: String = "text/plain; charset=utf-8", status: HTTPStatusCode = .ok
    ) -> HTTPResponse {
        HTTPResponse(statusCode: status, headers: [.contentType: contentType], body: Data(text.utf8))
    }

    static func json(_ value: some Encodable, status: HTTPStatusCode = .ok) throws -> HTTPResponse {
        HTTPResponse(
            statusCode: status, headers: [.contentType: "application/json"], body: try JSONEncoder().encode(value))
    }

    /// The answer as JSON, or an `AdminError` that says why there is none.
    static func answering(_ make: () async throws -> some Encodable) async -> HTTPResponse {
        do {
            return try json(await make())
        } catch let refusal as AdminRefusal {
            return refused(refusal.reason, status: .conflict)
        } catch {
            return refused("\(error)", status: .internalServerError)
        }
    }

    private static func refused(_ reason: String, status: HTTPStatusCode) -> HTTPResponse {
        let body = try? JSONEncoder().encode(AdminError(error: reason))
        return HTTPResponse(statusCode: status, headers: [.contentType: "application/json"], body: body ?? Data())
    }
}

func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value {
    try JSONDecoder().decode(type, from: data)
}
