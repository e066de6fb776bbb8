import PorticoModel
import Synchronization

/// The bytes of the sections that are published, compiled or still being sent.
///
/// A lease keeps everything that was there when it was taken: whoever sends or stores a snapshot holds one and finds its
/// sections, however often the configuration changes meanwhile. What no tree names goes with the last lease that is older.
package final class SectionContents: Sendable {
    private struct Entry {
        var bytes: [UInt8]
        /// The generation that has no use for it.
        var retiredIn: UInt64?
    }

    private struct State {
        var entries: [Digest: Entry] = [:]
        var generation: UInt64 = 0
        /// How many leases each generation has; most have none or one.
        var leases: [UInt64: Int] = [:]
        /// In order of generation.
        var retired: [(generation: UInt64, digest: Digest)] = []
    }

    /// The right to find what was there in one generation.
    package final class Lease: Sendable {
        private let contents: SectionContents
        private let generation: UInt64

        fileprivate init(_ contents: SectionContents, _ generation: UInt64) {
            self.contents = contents
            self.generation = generation
        }

        package func content(of digest: Digest) -> [UInt8]? { contents[digest] }

        deinit { contents.release(generation) }
    }

    private let state = Mutex(State())

    package init() {}

    package subscript(digest: Digest) -> [UInt8]? { state.withLock { $0.entries[digest]?.bytes } }

    package var count: Int { state.withLock { $0.entries.count } }

    package func insert(_ digest: Digest, _ bytes: [UInt8]) {
        state.withLock { $0.entries[digest] = Entry(bytes: bytes) }
    }

    /// Keeps a section whose retirement may have begun.
    /// - Returns: whether it was still there.
    package func revive(_ digest: Digest) -> Bool {
        state.withLock { state in
            guard state.entries[digest] != nil else { return false }
            state.entries[digest]?.retiredIn = nil
            return true
        }
    }

    /// Begins a generation that has no use for these digests.
    package func retire(_ digests: [Digest]) {
        state.withLock { state in
            state.generation += 1
            for digest in digests where state.entries[digest] != nil {
                state.entries[digest]?.retiredIn = state.generation
                state.retired.append((state.generation, digest))
            }
            SectionContents.collect(&state)
        }
    }

    package func lease() -> Lease {
        let generation = state.withLock { state in
            state.leases[state.generation, default: 0] += 1
            return state.generation
        }
        return Lease(self, generation)
    }

    private func release(_ generation: UInt64) {
        state.withLock { state in
            let left = (state.leases[generation] ?? 1) - 1
            state.leases[generation] = left == 0 ? nil : left
            SectionContents.collect(&state)
        }
    }

    private static func collect(_ state: inout State) {
        guard !state.retired.isEmpty else { return }
        let oldest = state.leases.keys.min() ?? .max
        var count = 0
        for (generation, digest) in state.retired {
            guard generation <= oldest else { break }
            count += 1
            // A section that came back in the meantime has no mark, or that of a later generation.
            if state.entries[digest]?.retiredIn == generation { state.entries[digest] = nil }
        }
        state.retired.removeFirst(count)
    }
}
