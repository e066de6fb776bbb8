import ControlLink
import PorticoModel
import PorticoSnapshot

/// Collects the blobs of one version until its manifest arrives.
///
/// `Content` is what is kept of a section: its decoded value in a worker, its bytes in a supervisor.
struct ManifestAssembly<Content> {
    typealias Group = (index: Int, sections: [SectionReference])

    /// More content than this is no configuration of ours.
    static var maximumBytes: Int { 512 << 20 }

    private var sections: [Digest: Content] = [:]
    private var groups: [Digest: Group] = [:]
    private var bytes = 0
    /// The first thing that was wrong with a blob. It fails the version, not the connection: the next one may be right.
    private var firstError: String?

    /// What a complete manifest comes to.
    struct Result {
        var tree: ManifestTree
        var difference: ManifestDifference
        /// The content of added and changed sections.
        var contents: [Digest: Content]
    }

    /// Takes a blob, whose digest is checked here.
    mutating func add(
        _ blob: LinkFrame.Blob, content: ([UInt8]) throws(SnapshotError) -> Content
    ) throws(LinkError) {
        bytes += blob.content.count + 256
        guard bytes <= ManifestAssembly.maximumBytes else {
            throw .limitExceeded("a version of more than \(ManifestAssembly.maximumBytes) bytes")
        }
        guard Digest.sha256(of: blob.content) == blob.digest else {
            return fail("a blob is not what its digest \(blob.digest) says")
        }
        do throws(SnapshotError) {
            if blob.isGroup {
                groups[blob.digest] = try ManifestTree.decodeGroup(blob.content)
            } else {
                sections[blob.digest] = try content(blob.content)
            }
        } catch {
            fail("\(blob.digest): \(error)")
        }
    }

    private mutating func fail(_ error: String) {
        if firstError == nil { firstError = error }
    }

    /// Ends the version: all it needs is here, or the error says what is not.
    mutating func finish(
        _ manifest: LinkFrame.Manifest, running: ManifestTree,
        isNamed: (SectionReference, Content) -> Bool
    ) throws(AssemblyError) -> Result {
        defer { self = ManifestAssembly() }
        if let firstError { throw AssemblyError(reason: firstError) }
        guard Digest.sha256(of: manifest.root) == manifest.rootDigest else {
            throw AssemblyError(reason: "the root is not what its digest \(manifest.rootDigest) says")
        }
        let tree: ManifestTree
        do throws(SnapshotError) {
            let known = groups
            tree = try running.applying(root: ManifestTree.decodeRoot(manifest.root)) {
                digest throws(SnapshotError) in
                guard let group = known[digest] else {
                    throw .invalidField(message: "ManifestRoot", field: "groups", found: "missing group \(digest)")
                }
                return group
            }
        } catch {
            throw AssemblyError(reason: error.description)
        }
        let difference = tree.difference(from: running)
        for reference in difference.added + difference.changed {
            guard let content = sections[reference.digest] else {
                throw AssemblyError(reason: "missing section \(reference.digest) of \(reference.name)")
            }
            guard isNamed(reference, content) else {
                throw AssemblyError(reason: "section \(reference.digest) is not \(reference.name)")
            }
        }
        return Result(tree: tree, difference: difference, contents: sections)
    }
}

/// Why a version cannot be run.
struct AssemblyError: Error, Hashable {
    var reason: String
}
