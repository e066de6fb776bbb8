import Certificates
import PorticoModel

/// OCSP responses for the certificates in use (`enable-ocsp`): asked for, renewed, and sent to the workers.
extension Controller {
    /// Asks about certificates whose time has come, and takes back what has ended.
    func staple() {
        let now = Int64(Controller.now())
        let wanted = streams.flatMap(\.stapleable)
        let due = ocsp.due(wanted, at: now)
        fetcher.keep(ocsp.responders)
        for query in due {
            fetcher.ask(query) { [weak self] answer in self?.post(.certificateStatus(query, answer)) }
        }
        showResponses(at: now)
    }

    func take(_ answer: Result<[UInt8], CertificateFault>, to query: OCSPQuery) {
        let now = Int64(Controller.now())
        ocsp.take(answer, to: query, at: now)
        showResponses(at: now)
    }

    private func showResponses(at now: Int64) {
        let standing = ocsp.standing(at: now)
        for stream in streams { tellEvents(diagnostics.replace(stream.staple(standing), of: stream.name, logger)) }
    }
}
