import HTTPCore

/// Lines on their way to a file, through a bounded buffer and a thread of its own. Where the file does not keep up, lines
/// are dropped and counted.
class LineLog {
    /// Handed over when this much has come together, or after a while.
    private static let threshold = 32 << 10

    @exclusivity(unchecked) final private(set) var isOn = false
    @exclusivity(unchecked) final private(set) var droppedLines: UInt64 = 0
    @exclusivity(unchecked) private final var writer: LogWriter?

    /// As the settings say. A path is kept open until it changes.
    final func configure(isOn: Bool, path: String) {
        self.isOn = isOn
        guard isOn else { return }
        if let writer { writer.reopen(path) } else { writer = LogWriter(path: path) }
    }

    /// Hands over what has come together; called now and then, at the latest every tenth of a second or so.
    final func flush() { _ = writer?.handOver() }

    /// At the end of a turn.
    final func flushIfLarge() {
        if let writer, writer.count >= LineLog.threshold { _ = writer.handOver() }
    }

    final func stop() {
        writer?.stop()
        writer = nil
        isOn = false
    }

    final func line(_ body: (inout ByteWriter) -> Void) {
        guard isOn, let writer else { return }
        for _ in 0..<2 {
            var output = ByteWriter(writer.space)
            body(&output)
            if !output.overflowed { return writer.produced(output.count) }
            guard writer.handOver() else { break }
        }
        droppedLines += 1
    }
}
