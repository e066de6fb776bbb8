import Testing

@testable import HTTPCore

/// Bytes and what they are refused for.
struct Refusal<Failure: Sendable>: Sendable, CustomTestStringConvertible {
    var text: String
    var error: Failure

    init(_ text: String, _ error: Failure) {
        self.text = text
        self.error = error
    }

    var testDescription: String { "\(text.debugDescription.prefix(80)) → \(error)" }
}

let wellFormedRequests: [String] = [
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /a/b?c=d#e HTTP/1.0\r\n\r\n",
    "POST /upload HTTP/1.1\r\nhost: shop.example.com:8080\r\nContent-Length: 42\r\nX-Empty:\r\nX-Tab:\ta\tb\t\r\n\r\n",
    "PUT http://other.example/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n"
        + "Connection: close, X-Mine\r\nx-mine: 1\r\n\r\nrest",
    "OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\nUser_Agent: x\r\nx.y: z\r\n\r\n",
    "PROPFIND /%C3%A9 HTTP/1.7\r\nHost: a\r\nX-UTF8: \u{E9}\r\n\r\n",
]

let refusedRequests: [Refusal<RequestHeadError>] = [
    // The request line.
    .init("GET /\r\nHost: a\r\n\r\n", .malformedRequestLine),
    .init("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", .malformedRequestLine),
    .init("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", .malformedRequestLine),
    .init("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", .malformedRequestLine),
    .init("GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n", .malformedRequestLine),
    .init("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", .malformedMethod),
    .init(" GET / HTTP/1.1\r\nHost: a\r\n\r\n", .malformedMethod),
    .init("G{T / HTTP/1.1\r\nHost: a\r\n\r\n", .malformedMethod),
    .init("GET: / HTTP/1.1\r\nHost: a\r\n\r\n", .malformedMethod),
    .init("GET / http/1.1\r\nHost: a\r\n\r\n", .malformedVersion),
    .init("GET / HTTP/11.1\r\nHost: a\r\n\r\n", .malformedRequestLine),
    .init("GET / HTTP/1.x\r\nHost: a\r\n\r\n", .malformedVersion),
    .init("GET / HTTP/0.9\r\nHost: a\r\n\r\n", .unsupportedVersion),
    .init("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .unsupportedVersion),
    .init("CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\n\r\n", .unsupportedMethod),
    .init("GET * HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
    .init("GET a HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
    .init("GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
    .init("GET ftp://a/x HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
    .init("GET http://u@a/x HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
    .init("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .malformedRequestLine),
    // Line ends and control bytes.
    .init("GET / HTTP/1.1\nHost: a\n\n", .controlByte),
    .init("GET / HTTP/1.1\r\nHost: a\n\r\n", .controlByte),
    .init("GET / HTTP/1.1\r\nHost: a\r\n\n", .controlByte),
    .init("GET / HTTP/1.1\r\nHost: a\r\rX: y\r\n\r\n", .controlByte),
    .init("GET / HTTP/1.1\r\nHost: a\r\nX: a\rContent-Length: 5\r\n\r\n", .controlByte),
    .init("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", .controlByte),
    .init("GET / HTTP/1.1\r\nHost: a\r\nX: a\u{7F}b\r\n\r\n", .controlByte),
    .init("GET / HTTP/1.1\r\nHost: a\r\nX\u{B}: a\r\n\r\n", .controlByte),
    .init("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", .controlByte),
    .init("\u{16}\u{3}\u{1}\u{2}", .controlByte),
    .init("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .controlByte),
    // Field lines.
    .init("GET / HTTP/1.1\r\n Host: a\r\n\r\n", .foldedLine),
    .init(request("X: a", " b"), .foldedLine),
    .init(request("X: a", "\tContent-Length: 5"), .foldedLine),
    .init(request("X : a"), .whitespaceBeforeColon),
    .init(request("Transfer-Encoding : chunked"), .whitespaceBeforeColon),
    .init(request("Content-Length\t: 5"), .whitespaceBeforeColon),
    .init(request("A B: c"), .malformedFieldName),
    .init(request("X(y): c"), .malformedFieldName),
    .init(request("X\"y\": c"), .malformedFieldName),
    .init(request("Ä: c"), .malformedFieldName),
    .init(request(": c"), .emptyFieldName),
    .init(request("nothing"), .missingColon),
    // Host.
    .init("GET / HTTP/1.1\r\n\r\n", .missingHost),
    .init(request("Host: b"), .repeatedHost),
    .init(request("host: a.example"), .repeatedHost),
    .init("GET / HTTP/1.1\r\nHost:\r\n\r\n", .malformedHost),
    .init("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", .malformedHost),
    .init("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", .malformedHost),
    .init("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", .malformedHost),
    .init("GET / HTTP/1.1\r\nHost: a:80:80\r\n\r\n", .malformedHost),
    .init("GET / HTTP/1.1\r\nHost: a:http\r\n\r\n", .malformedHost),
    .init("GET / HTTP/1.1\r\nHost: :80\r\n\r\n", .malformedHost),
    .init("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", .malformedHost),
    .init("GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", .malformedHost),
    .init("GET / HTTP/1.1\r\nHost: [g::]\r\n\r\n", .malformedHost),
    .init("GET / HTTP/1.1\r\nHost: ä.example\r\n\r\n", .malformedHost),
    .init("GET / HTTP/1.0\r\nHost: a?b\r\n\r\n", .malformedHost),
    .init("GET http://b/ HTTP/1.1\r\nHost: a?b\r\n\r\n", .malformedHost),
    // Framing.
    .init(request("Content-Length: 5", "Content-Length: 6"), .repeatedContentLength),
    .init(request("Content-Length: 5", "Content-Length: 5"), .repeatedContentLength),
    .init(request("Content-Length: 0", "content-length: 0"), .repeatedContentLength),
    .init(request("Content-Length: 5, 5"), .malformedContentLength),
    .init(request("Content-Length: 5,6"), .malformedContentLength),
    .init(request("Content-Length: +5"), .malformedContentLength),
    .init(request("Content-Length: -5"), .malformedContentLength),
    .init(request("Content-Length: 0x5"), .malformedContentLength),
    .init(request("Content-Length: 5 5"), .malformedContentLength),
    .init(request("Content-Length: 5;"), .malformedContentLength),
    .init(request("Content-Length: 1_000"), .malformedContentLength),
    .init(request("Content-Length: \"5\""), .malformedContentLength),
    .init(request("Content-Length:"), .malformedContentLength),
    .init(request("Content-Length: 9223372036854775808"), .malformedContentLength),
    .init(request("Content-Length: 18446744073709551616"), .malformedContentLength),
    .init(request("Content-Length: 99999999999999999999999999"), .malformedContentLength),
    .init(request("Content-Length: 5", "Transfer-Encoding: chunked"), .lengthWithTransferEncoding),
    .init(request("Transfer-Encoding: chunked", "Content-Length: 0"), .lengthWithTransferEncoding),
    .init(request("Transfer-Encoding: identity", "Content-Length: 0"), .lengthWithTransferEncoding),
    .init(request("Transfer-Encoding: chunked", version: "1.0"), .transferEncodingBeforeHTTP11),
    .init(request("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), .malformedTransferEncoding),
    .init(request("Transfer-Encoding: chunked, chunked"), .malformedTransferEncoding),
    .init(request("Transfer-Encoding: gzip, chunked"), .malformedTransferEncoding),
    .init(request("Transfer-Encoding: chunked, identity"), .malformedTransferEncoding),
    .init(request("Transfer-Encoding: chunked,"), .malformedTransferEncoding),
    .init(request("Transfer-Encoding: \"chunked\""), .malformedTransferEncoding),
    .init(request("Transfer-Encoding: chunked;q=1"), .malformedTransferEncoding),
    .init(request("Transfer-Encoding:"), .malformedTransferEncoding),
    .init(request("Transfer-Encoding: xchunked"), .unknownTransferCoding),
    .init(request("Transfer-Encoding: identity"), .unknownTransferCoding),
    .init(request("Transfer-Encoding: gzip"), .unknownTransferCoding),
    .init(
        request("Connection: " + Array(repeating: "x", count: 33).joined(separator: ",")), .tooManyConnectionOptions),
]

@Suite struct RequestHeadTests {
    @Test(arguments: refusedRequests)
    func `What two servers could read differently is refused`(refusal: Refusal<RequestHeadError>) {
        #expect(RequestHead.parse(refusal.text).outcome == .failed(refusal.error))
    }

    @Test(arguments: wellFormedRequests + refusedRequests.map(\.text))
    func `The outcome is the same however the bytes are cut`(text: String) {
        let count = text.utf8.count
        let whole = RequestHead.parse(text)
        #expect(RequestHead.parse(text, cuts: Array(1..<count)) == whole)
        for cut in 1..<count {
            #expect(RequestHead.parse(text, cuts: [cut]) == whole, "cut at \(cut)")
        }
    }

    @Test(arguments: [
        (RequestHeadError.controlByte, 400), (.missingHost, 400), (.requestLineTooLong, 414), (.headTooLarge, 431),
        (.tooManyFields, 431), (.unknownTransferCoding, 501), (.unsupportedVersion, 505), (.unsupportedMethod, 405),
    ])
    func `Each refusal has its status`(error: RequestHeadError, status: Int) {
        #expect(error.status == status)
    }

    @Test func `A head yields its parts`() {
        let text = wellFormedRequests[3]
        let parsed = RequestHead.parse(text + "body")
        #expect(parsed.outcome == .complete(byteCount: text.utf8.count))
        #expect(parsed.method == "POST")
        #expect(parsed.target == "/upload")
        #expect(parsed.host == "shop.example.com")
        #expect(parsed.framing == .length(42))
        #expect(parsed.keepAlive)
        #expect(
            parsed.fields == ["host=shop.example.com:8080#0", "Content-Length=42#0", "X-Empty=#0", "X-Tab=a\tb#0"])
    }

    @Test func `An absolute target names the host and is forwarded in origin form`() {
        let parsed = RequestHead.parse(wellFormedRequests[4])
        #expect(parsed.host == "other.example")
        #expect(parsed.target == "/x")
        #expect(parsed.framing == .chunked)
        #expect(!parsed.keepAlive)
        #expect(RequestHead.parse("GET HTTP://b?q HTTP/1.1\r\nHost: a\r\n\r\n").target == "?q")
        #expect(RequestHead.parse("GET https://b:1 HTTP/1.1\r\nHost: a\r\n\r\n").host == "b")
    }

    @Test func `Fields are marked that a proxy must not pass on as they are`() {
        let names = ["close", "x-mine", "Host", "Content-Type"].joined(separator: ", ")
        let parsed = RequestHead.parse(
            request(
                "Connection: \(names)", "X-Mine: 1", "Content-Type: t", "TE: trailers", "a_b: 1", "a.b: 1", "X-Other: 1"
            ))
        #expect(
            parsed.fields == [
                "Host=a.example#0", "Connection=\(names)#1", "X-Mine=1#1", "Content-Type=t#0", "TE=trailers#1",
                "a_b=1#2", "a.b=1#4", "X-Other=1#0",
            ])
    }

    @Test(arguments: [
        ("1.1", "", true), ("1.1", "close", false), ("1.1", "Close, x", false), ("1.0", "", false),
        ("1.0", "keep-alive", true), ("1.0", "Keep-Alive, close", false), ("1.1", "keep-alive", true),
        ("1.1", ",, ,close,", false), ("1.1", "closed", true),
    ])
    func `The connection is kept by the rules of its version`(version: String, options: String, keeps: Bool) {
        #expect(RequestHead.parse(request("Connection: \(options)", version: version)).keepAlive == keeps)
    }

    @Test(arguments: [
        ("Connection: upgrade\r\nUpgrade: websocket", "1.1", true), ("Upgrade: websocket", "1.1", false),
        ("Connection: keep-alive, Upgrade\r\nUpgrade: h2c", "1.1", true), ("Connection: upgrade", "1.1", false),
        ("Connection: upgrade\r\nUpgrade: websocket", "1.0", false),
    ])
    func `An upgrade takes both fields`(fields: String, version: String, upgrades: Bool) {
        let head = RequestHead()
        #expect(RequestHead.parse(request(fields, version: version), head: head).outcome != .incomplete)
        #expect(head.requestsUpgrade == upgrades)
    }

    @Test func `An expectation of 100-continue is seen in HTTP 1.1 alone`() {
        let head = RequestHead()
        _ = RequestHead.parse(request("Expect: 100-Continue"), head: head)
        #expect(head.expectsContinue)
        _ = RequestHead.parse(request("Expect: 100-continue", version: "1.0"), head: head)
        #expect(!head.expectsContinue)
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 16, 64, nil),
        ("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n", 16, 64, RequestHeadError.requestLineTooLong),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: 1234567890a\r\n\r\n", 16, 64, nil),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: 1234567890ab\r\n\r\n", 16, 64, .headTooLarge),
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 16, 27, nil),
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 16, 26, .headTooLarge),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nX: 2\r\n\r\n", 16, 32, .headTooLarge),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: 12345678901234567890", 16, 64, .headTooLarge),
        ("GET /12345678901234567890", 16, 64, .requestLineTooLong),
    ])
    func `Limits hold for each line and for the whole`(text: String, line: Int, block: Int, error: RequestHeadError?) {
        let limits = HeadLimits(lineBytes: line, blockBytes: block)
        let outcome = RequestHead.parse(text, limits: limits).outcome
        let count = text.utf8.count
        #expect(outcome == error.map { .failed($0) } ?? .complete(byteCount: count))
        #expect(RequestHead.parse(text, cuts: Array(1..<count), limits: limits).outcome == outcome)
    }

    @Test func `More fields than there is room for are refused`() {
        let fields = Array(repeating: "X: y", count: 8).joined(separator: "\r\n")
        for capacity in [8, 9] {
            let head = RequestHead(fieldCapacity: capacity)
            let text = request(fields)
            let whole = RequestHead.parse(text, head: head)
            #expect(whole.outcome == (capacity == 8 ? .failed(.tooManyFields) : .complete(byteCount: text.utf8.count)))
            #expect(RequestHead.parse(text, cuts: Array(1..<text.utf8.count), head: head) == whole)
        }
    }

    @Test func `Every known field is found by name whatever its case, and nothing like it`() {
        for header in KnownHeader.allCases where header != .other && header != .host {
            let name = header.name.description
            for (spelling, expected) in [(name, header), (name.uppercased(), header), (name + "x", .other)] {
                let head = RequestHead()
                _ = RequestHead.parse("GET / HTTP/1.1\r\nHost: a\r\n\(spelling): 1\r\n\r\n", head: head)
                #expect(head.fields[1].id == expected, "\(spelling)")
                if expected == header { #expect(head.fields.firstIndex(of: header) == 1) }
            }
        }
    }

    @Test func `A head serves again without a trace of the last`() {
        let head = RequestHead()
        _ = RequestHead.parse(wellFormedRequests[4], head: head)
        #expect(RequestHead.parse(wellFormedRequests[0], head: head) == RequestHead.parse(wellFormedRequests[0]))
        #expect(head.fields.firstIndex(of: .transferEncoding) == nil)
    }
}
