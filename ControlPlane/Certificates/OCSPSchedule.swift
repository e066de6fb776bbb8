import PorticoModel

/// When which authority is asked about which certificate, and what the last answers were.
///
/// Pure: the owner asks what is due, and tells what came of it. A question is asked once at a time; after an answer it is
/// due again halfway to the answer's end, after a failure a little later each time. An answer that has ended is no
/// longer shown.
package struct OCSPSchedule: Sendable {
    private static let firstRetrySeconds: Int64 = 30
    private static let lastRetrySeconds: Int64 = 3_600

    private struct Entry {
        /// Nil where there is nobody to ask.
        var query: OCSPQuery?
        var staple: OCSPStaple?
        /// Why the last answer was of no use.
        var fault: CertificateFault?
        var dueAt: Int64
        var isAsked = false
        var retrySeconds = OCSPSchedule.firstRetrySeconds

        init(_ material: CertificateMaterial, at seconds: Int64) {
            dueAt = seconds
            do throws(CertificateFault) { query = try OCSPQuery.about(material) } catch { fault = error }
        }

        mutating func succeed(_ staple: OCSPStaple) {
            (self.staple, fault) = (staple, nil)
            dueAt = staple.refreshAt
            retrySeconds = OCSPSchedule.firstRetrySeconds
        }

        mutating func fail(_ fault: CertificateFault, at seconds: Int64) {
            self.fault = fault
            dueAt = seconds + retrySeconds
            retrySeconds = min(2 * retrySeconds, OCSPSchedule.lastRetrySeconds)
        }
    }

    /// By the certificate.
    private var entries: [[UInt8]: Entry] = [:]

    package init() {}

    /// Replaces the certificates.
    /// - Returns: what is to be asked now.
    package mutating func due(_ certificates: [CertificateMaterial], at seconds: Int64) -> [OCSPQuery] {
        var kept: [[UInt8]: Entry] = [:]
        for material in certificates {
            guard let leaf = material.chain.first, kept[leaf] == nil else { continue }
            kept[leaf] = entries[leaf] ?? Entry(material, at: seconds)
        }
        entries = kept
        var queries: [OCSPQuery] = []
        for (leaf, entry) in entries {
            guard let query = entry.query, !entry.isAsked, entry.dueAt <= seconds else { continue }
            entries[leaf]?.isAsked = true
            queries.append(query)
        }
        return queries
    }

    /// Takes what came of a question.
    package mutating func take(
        _ answer: Result<[UInt8], CertificateFault>, to query: OCSPQuery, at seconds: Int64
    ) {
        guard var entry = entries[query.leaf], entry.query == query else { return }
        entry.isAsked = false
        do throws(CertificateFault) {
            switch try query.read(answer.get(), at: seconds) {
            case .good(let staple): entry.succeed(staple)
            case .bad(let fault):
                // What was said before is not true any more.
                entry.staple = nil
                entry.fail(fault, at: seconds)
            }
        } catch { entry.fail(error, at: seconds) }
        entries[query.leaf] = entry
    }

    /// The URLs of those that are asked.
    package var responders: Set<String> { Set(entries.values.compactMap { $0.query?.url }) }

    /// How things stand at this time.
    package func standing(at seconds: Int64) -> OCSPStanding {
        var standing = OCSPStanding()
        for (leaf, entry) in entries {
            if let staple = entry.staple, staple.expiresAt > seconds { standing.responses[leaf] = staple.response }
            if let fault = entry.fault { standing.faults[leaf] = fault }
        }
        return standing
    }
}

/// What the authorities say, by the certificate in DER.
package struct OCSPStanding: Equatable, Sendable {
    /// What may be shown to clients.
    package var responses: [[UInt8]: [UInt8]] = [:]
    /// Why there is no newer response, or none.
    package var faults: [[UInt8]: CertificateFault] = [:]

    package init() {}
}
