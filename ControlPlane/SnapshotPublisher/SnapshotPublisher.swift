import Logging
import PorticoModel
import PorticoSnapshot
import SnapshotStore

/// Decides what is published: gives compiled configurations their versions, keeps a rollback in force until resume, and
/// goes on after a restart where it stopped.
///
/// States: before the first compilation nothing is published, though a pinned rollback is known; afterwards the newest
/// compiled configuration is, or the pinned one. What is published is stored too, without waiting for the disk. Not
/// thread-safe: one owner calls it.
package final class SnapshotPublisher {
    package let contents = SectionContents()
    /// What the workers shall run; nil before the first compilation.
    package private(set) var running: PublishedVersion?
    /// The version of the newest compiled configuration.
    package private(set) var newestCompiled: SnapshotRecord?

    private let store: SnapshotStore
    private let classGroup: String
    private let logger: Logger
    private let clock: @Sendable () -> Double
    private let versions: VersionAllocator
    private var compiled = ManifestTree()
    /// What the store had at the start, until the first compilation shows whether it still holds.
    private var found: SnapshotStore.Found?
    /// A rollback or resume of this run is newer than what a former one left.
    private var hasBeenTold = false

    /// - Parameters:
    ///   - versions: shared with the publishers of other class groups.
    ///   - clock: seconds since 1970.
    package init(
        store: SnapshotStore, versions: VersionAllocator, classGroup: String, logger: Logger,
        clock: @escaping @Sendable () -> Double
    ) {
        self.store = store
        self.versions = versions
        self.classGroup = classGroup
        self.logger = logger
        self.clock = clock
        do {
            found = try store.load(classGroup: classGroup)
        } catch {
            logger.error("nothing is known about earlier versions: \(error)")
            found = SnapshotStore.Found()
        }
    }

    /// The rollback in force.
    package var pin: SnapshotRecord? { running.flatMap { $0.isPinned ? $0.record : nil } }

    package var sectionCount: Int { running?.tree.count ?? 0 }

    /// The upstreams of a pinned configuration, whose live state has to flow though no current object asks for it.
    package var pinnedUpstreams: [UpstreamSettings] {
        guard let running, running.isPinned else { return [] }
        return running.tree.sections.filter { $0.name.kind == .upstream }.compactMap { section in
            guard let bytes = contents[section.digest], let decoded = try? SectionCodec.decode(bytes),
                case .upstream(let settings) = decoded
            else { return nil }
            return settings
        }
    }

    /// The certificates and authorities that a pinned configuration refers to.
    package var pinnedObjects: Set<LiveObjectName> {
        guard let running, running.isPinned else { return [] }
        return running.tree.sections.reduce(into: []) { names, section in
            guard section.name.kind != .upstream, let bytes = contents[section.digest],
                let decoded = try? SectionCodec.decode(bytes)
            else { return }
            names.formUnion(decoded.liveObjects)
        }
    }

    // MARK: Compiled configurations

    /// Takes what a compilation changed.
    /// - Returns: what to publish, if anything is different for the workers.
    package func apply(
        changed: [Section], removed: [SectionName], causes: [ObjectReference]
    ) -> PublishedVersion? {
        let before = compiled
        for section in changed {
            let bytes = SectionCodec.encode(section)
            let digest = Digest.sha256(of: bytes)
            if compiled.lookup(section.name) == digest { continue }
            contents.insert(digest, bytes)
            compiled.set(SectionReference(name: section.name, digest: digest))
        }
        for name in removed { compiled.remove(name) }
        if let found {
            self.found = nil
            return start(found, causes)
        }
        guard compiled.rootDigest != before.rootDigest else { return nil }
        let outcome = store(causes)
        retire(before)
        return outcome
    }

    /// The first compilation: goes on with the stored versions where they say the same.
    private func start(_ found: SnapshotStore.Found, _ causes: [ObjectReference]) -> PublishedVersion? {
        let last = found.running
        if let last, last.record.kind == .rollback {
            restorePin(last)
        } else if let last, last.tree.rootDigest == compiled.rootDigest, last.record.version > blocked {
            // Equal, and shared with the store.
            compiled = last.tree
            newestCompiled = last.record
            running = publish(last.record, compiled)
            return running
        }
        if running != nil, let stored = found.compiled, stored.tree.rootDigest == compiled.rootDigest {
            newestCompiled = stored.record
            return running
        }
        return store(causes, parent: last?.record.version) ?? running
    }

    private func restorePin(_ stored: (record: SnapshotRecord, tree: ManifestTree)) {
        do {
            let content = try store.snapshot(stored.record.version, of: classGroup) { contents.revive($0) }
            for (digest, bytes) in content.contents { contents.insert(digest, bytes) }
            var record = stored.record
            if record.version <= blocked {
                record = renewed(record)
                save(record, stored.tree)
            }
            running = publish(record, stored.tree)
        } catch {
            logger.error("the pinned version \(stored.record.version) is lost, so the newest is published: \(error)")
        }
    }

    /// Stores the compiled tree as a version, and makes it the running one unless a pin holds it back.
    /// - Returns: what to publish.
    private func store(_ causes: [ObjectReference], parent: Version? = nil) -> PublishedVersion? {
        let isHeldBack = running?.isPinned == true
        let now = clock()
        let record = SnapshotRecord(
            version: versions.next(), parent: (isHeldBack ? newestCompiled?.version : running?.version) ?? parent,
            classGroup: classGroup, createdAt: now, kind: .compiled, cause: SnapshotPublisher.text(causes),
            publishedAt: isHeldBack ? nil : now)
        newestCompiled = record
        save(record, compiled)
        guard !isHeldBack else { return nil }
        let published = publish(record, compiled)
        running = published
        return published
    }

    // MARK: Rollback and resume

    /// Publishes an old version's content as a new version, and holds newer ones back.
    package func rollback(to version: Version, reason: String?) throws(PublisherError) -> PublishedVersion {
        guard let before = running else { throw .notSynced }
        hasBeenTold = true
        let old: (record: SnapshotRecord, tree: ManifestTree, contents: [Digest: [UInt8]])
        do {
            old = try store.snapshot(version, of: classGroup) { contents.revive($0) }
        } catch { throw .store(error) }
        for (digest, bytes) in old.contents { contents.insert(digest, bytes) }
        let now = clock()
        let record = SnapshotRecord(
            version: versions.next(), parent: before.version, classGroup: classGroup, createdAt: now, kind: .rollback,
            cause: "rollback to \(version)", rollbackOf: version, reason: reason, publishedAt: now)
        save(record, old.tree)
        // What a person asked for must hold after a crash too, and a person can wait for the disk.
        store.flush()
        let published = publish(record, old.tree)
        running = published
        retire(before.tree)
        return published
    }

    /// Ends a rollback: publishes the newest compiled configuration.
    package func resume() throws(PublisherError) -> PublishedVersion {
        guard let before = running, let newest = newestCompiled else { throw .notSynced }
        guard before.isPinned else { throw .notPinned }
        hasBeenTold = true
        let now = clock()
        var record = newest
        if newest.version > before.version {
            record.publishedAt = now
            store.markPublished(record.version, at: now)
        } else {
            // It is older than the rollback, and a worker goes back to no older version.
            record = SnapshotRecord(
                version: versions.next(), parent: before.version, classGroup: classGroup, createdAt: now, kind: .resume,
                cause: "resume", publishedAt: now)
            save(record, compiled)
        }
        store.flush()
        newestCompiled = record
        let published = publish(record, compiled)
        running = published
        retire(before.tree)
        return published
    }

    // MARK: Workers that are ahead

    /// No version at or below this one can be published.
    private var blocked: Version = .none

    /// A worker runs a version that the published one does not replace, as after the store was lost, or when it comes
    /// from another replica: publishes the same above it.
    /// - Returns: what to publish, if anything is.
    package func moveAhead(of version: Version) -> PublishedVersion? {
        if let running, running.version > version { return nil }
        guard version > blocked else { return nil }
        guard versions.rise(above: version) else {
            logger.error(
                "a worker runs version \(version), of an epoch that nothing here can follow; it is left alone")
            return nil
        }
        blocked = version
        guard let before = running else { return nil }
        logger.warning(
            "a worker runs version \(version), ahead of \(before.version): going on above it")
        return publishAgain(before)
    }

    private func publishAgain(_ before: PublishedVersion) -> PublishedVersion {
        let record = renewed(before.record)
        save(record, before.tree)
        if newestCompiled?.version == before.version { newestCompiled = record }
        let published = publish(record, before.tree)
        running = published
        return published
    }

    private func renewed(_ record: SnapshotRecord) -> SnapshotRecord {
        var renewed = record
        let now = clock()
        renewed.version = versions.next()
        renewed.parent = record.version
        (renewed.createdAt, renewed.publishedAt) = (now, now)
        return renewed
    }

    // MARK: A history that came late

    /// The history could not be read at the start, and now it can: goes on above it, and puts a rollback in force that it
    /// says is.
    /// - Returns: what to publish, if anything is.
    package func take(_ former: SnapshotStore.Found?, floor: Version) -> PublishedVersion? {
        versions.resume(after: floor)
        guard let before = running else {
            found = former ?? SnapshotStore.Found()
            return nil
        }
        blocked = max(blocked, floor, before.record.version)
        if let last = former?.running, last.record.kind == .rollback, !hasBeenTold {
            logger.warning("the rollback of version \(last.record.version) is in force again")
            restorePin(last)
            retire(before.tree)
        } else if before.version <= floor {
            running = publishAgain(before)
        }
        return running?.version == before.version ? nil : running
    }

    // MARK: Helpers

    private func save(_ record: SnapshotRecord, _ tree: ManifestTree) {
        let lease = contents.lease()
        store.save(record, tree: tree) { lease.content(of: $0) }
    }

    private func publish(_ record: SnapshotRecord, _ tree: ManifestTree) -> PublishedVersion {
        PublishedVersion(record: record, tree: tree, contents: contents.lease())
    }

    /// Gives up the content that only `old` had.
    private func retire(_ old: ManifestTree) {
        let difference = compiled.difference(from: old)
        let names = difference.removed + difference.changed.map(\.name)
        contents.retire(
            names.compactMap { name in
                guard let digest = old.lookup(name), running?.tree.lookup(name) != digest else { return nil }
                return digest
            })
    }

    /// Names the first few objects.
    static func text(_ causes: [ObjectReference]) -> String {
        let shown = 3
        let names = causes.prefix(shown).map(\.description).joined(separator: ", ")
        return causes.count > shown ? "\(names) and \(causes.count - shown) more" : names
    }
}
