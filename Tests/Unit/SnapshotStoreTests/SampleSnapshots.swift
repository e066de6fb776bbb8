import Logging
import PorticoModel
import PorticoSnapshot
import SnapshotStore
import Synchronization

/// Versions of a configuration in which each section is known by its name and one word.
final class SampleSnapshots: Sendable {
    private let contents = Mutex<[Digest: [UInt8]]>([:])

    func tree(_ sections: [String: String]) -> ManifestTree {
        ManifestTree(
            sections: sections.sorted { $0.key < $1.key }.map { name, word in
                let bytes = Array("\(name)=\(word)".utf8)
                let digest = Digest.sha256(of: bytes)
                contents.withLock { $0[digest] = bytes }
                return SectionReference(name: SectionName(kind: .virtualHost, name: name), digest: digest)
            })
    }

    func content(_ digest: Digest) -> [UInt8]? { contents.withLock { $0[digest] } }

    func forget() { contents.withLock { $0 = [:] } }

    func save(
        _ sections: [String: String], as sequence: UInt64, kind: SnapshotRecord.Kind = .compiled, at time: Double = 0,
        isPublished: Bool = true, of classGroup: String = "nginx", in store: SnapshotStore
    ) {
        let record = SnapshotRecord(
            version: Version(epoch: 1, sequence: sequence), parent: nil, classGroup: classGroup, createdAt: time,
            kind: kind, cause: "change \(sequence)", publishedAt: isPublished ? time : nil)
        store.save(record, tree: tree(sections)) { [self] in content($0) }
    }
}

extension SnapshotStore {
    /// The words of a stored version, by section.
    func words(of sequence: UInt64, in classGroup: String = "nginx") throws -> [String: String] {
        let found = try snapshot(Version(epoch: 1, sequence: sequence), of: classGroup) { _ in false }
        return Dictionary(
            uniqueKeysWithValues: found.contents.values.map { bytes in
                let parts = String(decoding: bytes, as: UTF8.self).split(separator: "=").map(String.init)
                return (parts[0], parts[1])
            })
    }

    var sequences: [UInt64] { get throws { try list().map(\.record.version.sequence) } }
}

extension Logger {
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}
