/// When what failed is tried again: after pauses that double, and one at a time.
struct RetryPause {
    private let longest: Duration
    private let first: Duration
    private var pause: Duration
    private var isArranged = false

    init(first: Duration = .milliseconds(250), longest: Duration = .seconds(60)) {
        self.first = first
        self.longest = longest
        pause = first
    }

    /// - Returns: the pause before the next attempt; nil where one is arranged already.
    mutating func next() -> Duration? {
        guard !isArranged else { return nil }
        isArranged = true
        defer { pause = min(pause * 2, longest) }
        return pause
    }

    /// The attempt begins; another one may be arranged from now on.
    mutating func begin() { isArranged = false }

    /// It works again.
    mutating func reset() { pause = first }
}
