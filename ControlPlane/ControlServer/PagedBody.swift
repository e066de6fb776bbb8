import FlyingFox
import FlyingSocks

/// The body of an answer that is written a page at a time, as fast as the client reads.
struct PagedBody: AsyncBufferedSequence {
    typealias Element = UInt8

    let pages: MetricsPages

    func makeAsyncIterator() -> Iterator { Iterator(pages: pages) }

    struct Iterator: AsyncBufferedIteratorProtocol {
        var pages: MetricsPages
        private var page: ArraySlice<UInt8> = []

        init(pages: MetricsPages) { self.pages = pages }

        mutating func next() async throws -> UInt8? {
            try await nextBuffer(suggested: 1)?.first
        }

        mutating func nextBuffer(suggested count: Int) async throws -> ArraySlice<UInt8>? {
            while page.isEmpty {
                guard let text = pages.next() else { return nil }
                page = Array(text.utf8)[...]
            }
            let buffer = page.prefix(Swift.max(1, count))
            page = page.dropFirst(buffer.count)
            return buffer
        }
    }
}

extension HTTPResponse {
    static let pageBytes = 64 << 10

    static func paged(_ pages: MetricsPages, contentType: String) -> HTTPResponse {
        HTTPResponse(
            statusCode: .ok, headers: [.contentType: contentType],
            body: HTTPBodySequence(from: PagedBody(pages: pages), suggestedBufferSize: pageBytes))
    }
}
