import CSystem
import EventLoop
import Glibc

/// A body, or a part of one, while the proxy holds it: in memory, and what is beyond the memory's bound in a file without
/// a name.
struct StoredBody {
    var memory = PooledBuffer()
    private(set) var file: Int32 = -1
    private(set) var fileCount = 0

    var count: Int { memory.count + fileCount }
    var isInFile: Bool { file >= 0 }

    /// Appends bytes, in memory as long as it then holds at most `bound` of them.
    /// - Returns: false where the file could not be written.
    mutating func append(
        _ bytes: UnsafeRawBufferPointer, bound: Int, buffers: BufferPool, directory: String
    ) -> Bool {
        if file < 0, memory.count + bytes.count <= bound {
            buffers.append(bytes, to: &memory)
            return true
        }
        if file < 0 {
            file = portico_temporary_file(directory)
            guard file >= 0 else { return false }
        }
        var written = 0
        while written < bytes.count {
            let count = pwrite(file, bytes.baseAddress! + written, bytes.count - written, off_t(fileCount))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            written += count
            fileCount += count
        }
        return true
    }

    /// Reads bytes of the file at `offset` into `buffer`.
    /// - Returns: how many, or nil where the file could not be read.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        let count = pread(file, buffer.baseAddress, min(buffer.count, fileCount - offset), off_t(offset))
        return count > 0 ? count : nil
    }

    mutating func free(to buffers: BufferPool) {
        buffers.give(&memory)
        if file >= 0 { close(file) }
        file = -1
        fileCount = 0
    }
}
