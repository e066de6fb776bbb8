import Dispatch
import Synchronization

/// What came of reading a file of the folder.
enum FileReading: Sendable {
    case missing
    /// The signature is nil where the file is out of reach.
    case failed(ManifestFile, FileSignature?)
    case read(ManifestFile, FileSignature)
}

extension ManifestReader {
    /// - Parameters:
    ///   - path: relative to the folder.
    ///   - previous: what the file was before.
    func readFile(_ path: String, in folder: String, previous: ManifestFile?) -> FileReading {
        let place = "\(folder)/\(path)"
        switch FileSystem.read(place) {
        case .missing: return .missing
        case .failed(let reason):
            return .failed(.unreadable(path, reason), FileSystem.status(place).map(FileSignature.init))
        case .text(let text, let signature): return .read(read(text, path: path, previous: previous), signature)
        }
    }

    /// Reads files on all cores, if they are many.
    func readFiles(_ files: [(path: String, previous: ManifestFile?)], in folder: String) -> [FileReading] {
        guard files.count >= 64 else { return files.map { readFile($0.path, in: folder, previous: $0.previous) } }
        let sliceSize = 64
        let sliceCount = (files.count + sliceSize - 1) / sliceSize
        let slices = Mutex([[FileReading]](repeating: [], count: sliceCount))
        DispatchQueue.concurrentPerform(iterations: sliceCount) { slice in
            let range = slice * sliceSize..<min((slice + 1) * sliceSize, files.count)
            let readings = files[range].map { readFile($0.path, in: folder, previous: $0.previous) }
            slices.withLock { $0[slice] = readings }
        }
        return slices.withLock { Array($0.joined()) }
    }
}
