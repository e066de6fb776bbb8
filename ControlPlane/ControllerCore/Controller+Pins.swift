import Leadership
import ObjectEvents
import PorticoModel
import SnapshotPublisher
import SnapshotStore

/// What this replica knows of the rollbacks that were said to any of them.
struct SharedPins {
    /// Nil until the Lease was read.
    var words: [String: PinWord]?
    /// The words that were acted on, by class group.
    fileprivate var followed: [String: PinWord] = [:]
    /// Why some of them cannot be followed.
    fileprivate var fault: [String: Diagnostic] = [:]
    /// Class groups of whose pin the others were told.
    fileprivate var told: Set<String> = []

    var faults: [Diagnostic] { fault.sorted { $0.key < $1.key }.map(\.value) }

    /// Everything is to be looked at again.
    mutating func forget() { (followed, fault) = ([:], [:]) }
}

/// Finds in a history what another replica was rolled back to.
package enum PinTarget {
    /// Clocks of replicas differ, and one may take longer to compile.
    private static let clockSlack = 500

    /// The version that holds the same, else the last that was compiled here by then.
    /// - Parameter history: of one class group, the newest first.
    package static func choose(_ pin: PinWord.Pin, among history: [StoredSnapshot]) -> StoredSnapshot? {
        history.first { $0.rootDigest.description == pin.digest }
            ?? history.first {
                $0.record.kind == .compiled && milliseconds($0.record.createdAt) <= pin.compiledAt + clockSlack
            }
    }

    static func milliseconds(_ seconds: Double) -> Int { Int(seconds * 1_000) }
}

/// Rollbacks, which hold for all replicas whichever of them was asked.
extension Controller {
    func pin(_ stream: ClassStream, to version: Version, reason: String) throws(PublisherError) -> PublishedVersion {
        let published = try stream.publisher.rollback(to: version, reason: reason.isEmpty ? nil : reason)
        stream.publish(published)
        let pinned = "\(stream.name) is pinned to the content of \(version)\(reason.isEmpty ? "" : ": \(reason)")"
        logger.warning("\(pinned)")
        tellOfPod(.warning, "Rollback", pinned)
        return published
    }

    func unpin(_ stream: ClassStream) throws(PublisherError) -> PublishedVersion {
        let published = try stream.publisher.resume()
        stream.publish(published)
        logger.warning("\(stream.name) follows the newest configuration again")
        tellOfPod(.normal, "Resume", "\(stream.name) follows the newest configuration again")
        return published
    }

    /// Says what holds here now.
    func tellOthers(of stream: ClassStream) {
        guard let pins = duties?.pins else { return }
        sharedPins.told.insert(stream.name)
        sharedPins.fault[stream.name] = nil
        guard let running = stream.publisher.running, running.isPinned else { return pins.say(stream.name, nil) }
        let restored = running.record.rollbackOf
        let original = try? store.list().first { $0.record.version == restored }
        pins.say(
            stream.name,
            PinWord.Pin(
                digest: running.tree.rootDigest.description,
                compiledAt: PinTarget.milliseconds(original?.record.createdAt ?? running.record.createdAt),
                reason: running.record.reason ?? ""))
    }

    func take(_ words: [String: PinWord]) {
        guard words != sharedPins.words else { return }
        sharedPins.words = words
        followPins()
    }

    /// Pins what was pinned at another replica, and resumes where one did.
    func followPins() {
        guard let words = sharedPins.words else { return }
        for stream in streams where stream.firstPublished != nil { follow(words[stream.name], stream) }
    }

    private func follow(_ word: PinWord?, _ stream: ClassStream) {
        let pinned = stream.publisher.running.flatMap { $0.isPinned ? $0.tree.rootDigest : nil }
        guard let word else {
            // It is older than the Lease.
            if pinned != nil, !sharedPins.told.contains(stream.name) { tellOthers(of: stream) }
            return
        }
        guard sharedPins.followed[stream.name] != word else { return }
        sharedPins.followed[stream.name] = word
        sharedPins.fault[stream.name] = nil
        do {
            guard let pin = word.pin else {
                if pinned != nil { _ = try unpin(stream) }
                return
            }
            guard pinned?.description != pin.digest else { return }
            guard
                let target = PinTarget.choose(
                    pin, among: try store.list().filter { $0.record.classGroup == stream.name })
            else {
                return note(stream, "its history has nothing so old; the newest configuration is published")
            }
            if target.rootDigest.description != pin.digest {
                note(stream, "its history has other bytes; what it compiled at that time is published")
            }
            guard target.rootDigest != pinned else { return }
            let reason = pin.reason.isEmpty ? "as at \(word.replica)" : "\(pin.reason) (as at \(word.replica))"
            _ = try self.pin(stream, to: target.record.version, reason: reason)
        } catch { note(stream, "\(error)") }
    }

    private func note(_ stream: ClassStream, _ consequence: String) {
        let fault = Diagnostic(
            severity: .warning, object: nil, file: nil, field: "",
            reason: "\(stream.name) was rolled back at another replica to a configuration that is not known here",
            consequence: consequence)
        sharedPins.fault[stream.name] = fault
        logger.warning("\(fault)")
        tellOfPod(.warning, "Rollback", "\(fault)")
    }
}
