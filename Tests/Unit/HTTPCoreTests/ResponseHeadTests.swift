import Testing

@testable import HTTPCore

private func response(_ status: String, _ fields: String...) -> String {
    "HTTP/1.1 \(status)\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
}

private let wellFormed: [String] = [
    response("200 OK", "Content-Length: 5", "Server: x") + "hello",
    response("200 ", "Transfer-Encoding: chunked", "Connection: close"),
    "HTTP/1.1 204\r\n\r\n",
    "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
    response("599 Odd \u{E9}", "Set-Cookie: a=b", "Set-Cookie: c=d"),
]

private let refused: [Refusal<ResponseHeadError>] = [
    .init("HTTP/1.1200 OK\r\n\r\n", .malformedStatusLine),
    .init("HTTP/1.1 200OK\r\n\r\n", .malformedStatusLine),
    .init("HTTP/1.1  200 OK\r\n\r\n", .malformedStatus),
    .init("HTTP/1.1 20 OK\r\n\r\n", .malformedStatus),
    .init("HTTP/1.1 2000 OK\r\n\r\n", .malformedStatusLine),
    .init("HTTP/1.1 099 Low\r\n\r\n", .malformedStatus),
    .init("HTTP/1.1 600 High\r\n\r\n", .malformedStatus),
    .init("HTTP/1.1 -20 OK\r\n\r\n", .malformedStatus),
    .init("HTTP/2.0 200 OK\r\n\r\n", .unsupportedVersion),
    .init("http/1.1 200 OK\r\n\r\n", .malformedStatusLine),
    .init("\r\nHTTP/1.1 200 OK\r\n\r\n", .malformedStatusLine),
    .init("ICY 200 OK\r\n\r\n", .malformedStatusLine),
    .init("SSH-2.0-OpenSSH_9.2\r\n", .malformedStatusLine),
    .init("HTTP/1.1 200 OK\nX: y\n\n", .controlByte),
    .init("HTTP/1.1 200 OK\r\nX: y\n\r\n", .controlByte),
    .init("HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n", .controlByte),
    .init("HTTP/1.1 200 O\0K\r\n\r\n", .controlByte),
    .init(response("200 OK", "X: a", " folded"), .foldedLine),
    .init(response("200 OK", "X : a"), .whitespaceBeforeColon),
    .init(response("200 OK", ": a"), .emptyFieldName),
    .init(response("200 OK", "nothing"), .missingColon),
    .init(response("200 OK", "A B: c"), .malformedFieldName),
    .init(response("200 OK", "Content-Length: 5", "Content-Length: 5"), .repeatedContentLength),
    .init(response("200 OK", "Content-Length: 5, 5"), .malformedContentLength),
    .init(response("304 Not Modified", "Content-Length: x"), .malformedContentLength),
    .init(response("200 OK", "Content-Length: 5", "Transfer-Encoding: chunked"), .lengthWithTransferEncoding),
    .init(response("200 OK", "Transfer-Encoding: gzip, chunked"), .malformedTransferEncoding),
    .init(response("200 OK", "Transfer-Encoding: identity"), .malformedTransferEncoding),
    .init(response("200 OK", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), .malformedTransferEncoding),
    .init("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", .transferEncodingBeforeHTTP11),
]

@Suite struct ResponseHeadTests {
    @Test(arguments: refused)
    func `An invalid response is refused`(refusal: Refusal<ResponseHeadError>) {
        #expect(ResponseHead.parse(refusal.text).outcome == .failed(refusal.error))
    }

    @Test(arguments: wellFormed + refused.map(\.text))
    func `The outcome is the same however the bytes are cut`(text: String) {
        let count = text.utf8.count
        let whole = ResponseHead.parse(text)
        #expect(ResponseHead.parse(text, cuts: Array(1..<count)) == whole)
        for cut in 1..<count {
            #expect(ResponseHead.parse(text, cuts: [cut]) == whole, "cut at \(cut)")
        }
    }

    @Test(arguments: [
        (response("200 OK", "Content-Length: 5"), HTTPMethod.get, BodyFraming.length(5), true),
        (response("200 OK", "Content-Length: 0"), .get, .none, true),
        (response("200 OK", "Transfer-Encoding: Chunked"), .post, .chunked, true),
        (response("200 OK"), .get, .untilClose, false),
        (response("200 OK", "Connection: close", "Content-Length: 5"), .get, .length(5), false),
        (response("200 OK", "Content-Length: 5"), .head, .none, true),
        (response("200 OK"), .head, .none, true),
        (response("204 No Content"), .get, .none, true),
        (response("204 No Content", "Content-Length: 0"), .get, .none, true),
        (response("204 No Content", "Content-Length: 5"), .get, .none, false),
        (response("204 No Content", "Transfer-Encoding: chunked"), .get, .none, false),
        (response("100 Continue", "Transfer-Encoding: chunked"), .put, .none, false),
        (response("304 Not Modified", "Content-Length: 5"), .get, .none, true),
        (response("304 Not Modified", "Transfer-Encoding: chunked"), .get, .none, true),
        (response("100 Continue"), .put, .none, true),
        (response("103 Early Hints", "Link: x"), .get, .none, true),
        (response("101 Switching Protocols", "Upgrade: websocket"), .get, .none, false),
        ("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", .get, .length(5), false),
        (
            "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\n", .get,
            .length(5), true
        ),
    ])
    func `Status, method and fields decide the body and what becomes of the connection`(
        text: String, method: HTTPMethod, framing: BodyFraming, keepsAlive: Bool
    ) {
        let parsed = ResponseHead.parse(text, answering: method)
        #expect(parsed.outcome == .complete(byteCount: text.utf8.count))
        #expect(parsed.framing == framing)
        #expect(parsed.keepAlive == keepsAlive)
    }

    @Test(arguments: [(100, true), (103, true), (101, false), (200, false)])
    func `Interim responses announce another`(status: Int, isInterim: Bool) {
        let head = ResponseHead()
        var progress = HeadProgress()
        let outcome = Array("HTTP/1.1 \(status) x\r\n\r\n".utf8).withUnsafeBytes {
            ResponseHeadParser.parse($0, answering: .get, &progress, limits: HeadLimits(), into: head)
        }
        #expect(outcome == .complete(byteCount: 18))
        #expect(head.isInterim == isInterim)
        #expect(head.fieldsStart == 16)
    }
}
