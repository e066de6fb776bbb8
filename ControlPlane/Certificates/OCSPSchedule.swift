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
        var query: OCSPQuery
        var staple: OCSPStaple?
        var dueAt: Int64
        var isAsked = false
        var retrySeconds = OCSPSchedule.firstRetrySeconds
    }

    /// By the certificate; nil where there is nobody to ask.
    private var entries: [[UInt8]: Entry?] = [:]

    package init() {}

    /// Replaces the certificates.
    /// - Returns: what is to be asked now.
    package mutating func due(_ certificates: [CertificateMaterial], at seconds: Int64) -> [OCSPQuery] {
        var kept: [[UInt8]: Entry?] = [:]
        for material in certificates {
            guard let leaf = material.chain.first, kept[leaf] == nil else { continue }
            kept[leaf] =
                entries[leaf] ?? .some(OCSPQuery(material).map { Entry(query: $0, dueAt: seconds) })
        }
        entries = kept
        var queries: [OCSPQuery] = []
        for (leaf, entry) in entries {
            guard var entry, !entry.isAsked, entry.dueAt <= seconds else { continue }
            entry.isAsked = true
            entries[leaf] = .some(entry)
            queries.append(entry.query)
        }
        return queries
    }

    /// Takes what came of a question.
    /// - Returns: why the answer is of no use; nil where it is.
    package mutating func take(
        _ answer: Result<[UInt8], CertificateFault>, to query: OCSPQuery, at seconds: Int64
    ) -> CertificateFault? {
        guard case .some(.some(var entry)) = entries[query.leaf], entry.query == query else { return nil }
        entry.isAsked = false
        defer { entries[query.leaf] = .some(entry) }
        do throws(CertificateFault) {
            let staple = try query.read(answer.get(), at: seconds)
            entry.staple = staple
            entry.dueAt = staple.refreshAt
            entry.retrySeconds = OCSPSchedule.firstRetrySeconds
            return nil
        } catch {
            entry.dueAt = seconds + entry.retrySeconds
            entry.retrySeconds = min(2 * entry.retrySeconds, OCSPSchedule.lastRetrySeconds)
            return error
        }
    }

    /// The URLs of those that are asked.
    package var responders: Set<String> { Set(entries.values.compactMap { $0?.query.url }) }

    /// What may be shown at this time, by the certificate.
    package func responses(at seconds: Int64) -> [[UInt8]: [UInt8]] {
        var found: [[UInt8]: [UInt8]] = [:]
        for (leaf, entry) in entries {
            if let staple = entry?.staple, staple.expiresAt > seconds { found[leaf] = staple.response }
        }
        return found
    }
}
