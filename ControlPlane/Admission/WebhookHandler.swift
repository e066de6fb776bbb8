/// From a request to its answer.
package struct WebhookHandler: Sendable {
    private let reviewer: any IngressReviewer
    /// Below the `timeoutSeconds` of the webhook's configuration, so that the reason arrives.
    private let timeout: Duration

    package init(reviewer: any IngressReviewer, timeout: Duration = .seconds(5)) {
        self.reviewer = reviewer
        self.timeout = timeout
    }

    package func answer(_ request: WebhookRequest) async -> WebhookAnswer {
        guard request.method == "POST" else { return .refused(405, "reviews are sent with POST") }
        guard request.isJSON else { return .refused(415, "a review is application/json") }
        let review: AdmissionReview
        do throws(AdmissionReview.Malformed) {
            review = try AdmissionReview(request.body)
        } catch {
            return .refused(400, "this is no review: \(error.reason)")
        }
        switch await decide(review) {
        case .verdict(let verdict): return .json(review.answer(verdict))
        case .unavailable(let reason): return .refused(503, "Portico cannot tell now: \(reason)")
        }
    }

    private func decide(_ review: AdmissionReview) async -> AdmissionDecision {
        let (answers, continuation) = AsyncStream.makeStream(of: AdmissionDecision.self)
        // The one that is late ends by itself; nobody waits for it.
        let work = Task { continuation.yield(await .decide(review, by: reviewer)) }
        let clock = Task {
            try await Task.sleep(for: timeout)
            continuation.yield(.unavailable("the compiler did not answer in time"))
        }
        defer {
            work.cancel()
            clock.cancel()
        }
        for await decision in answers { return decision }
        return .unavailable("the review was cut off")
    }
}
