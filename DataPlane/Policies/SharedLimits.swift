import EventLoop
import Synchronization

/// Buckets and counts that hold for all workers of a node, in memory that the supervisor makes and every worker maps: they
/// outlive a worker.
///
/// Two hashed tables of fixed size. Rates: key and bucket, two words. Connections: key and one count for each worker, so
/// that a worker that starts forgets what its predecessor held when it died. A key is a keyed hash of zone and address
/// and is looked for in one group of places; in a full group it takes the place that was used least recently.
package final class SharedLimits {
    /// Workers that may count connections.
    package static let maximumWorkers = 64
    private static let rateCount = 1 << 16
    private static let connectionCount = 1 << 13
    private static let groupCount = 8
    private static let connectionWords = 1 + maximumWorkers / 2
    /// Magic number and the key of the hash.
    private static let headerWords = 8
    private static let magic: UInt64 = 0x506F_7274_4C69_6D31

    /// Bytes of shared memory that it takes.
    package static var byteCount: Int {
        8 * (headerWords + 2 * rateCount + connectionWords * connectionCount)
    }

    private typealias Word = Atomic<UInt64>
    private let words: UnsafeMutablePointer<Atomic<UInt64>>
    private let worker: Int
    private let seed: (UInt64, UInt64)

    /// - Parameters:
    ///   - memory: at least `byteCount` bytes, zeroed when they are new; the caller keeps them mapped.
    ///   - worker: whose connections are counted here; what it counted in an earlier life is forgotten.
    package init(_ memory: UnsafeMutableRawPointer, worker: Int) {
        words = memory.bindMemory(to: Word.self, capacity: Self.byteCount / 8)
        self.worker = worker % Self.maximumWorkers
        let isNew = words[0].load(ordering: .acquiring) != Self.magic
        if isNew {
            var generator = SystemRandomNumberGenerator()
            for index in 1...2 {
                _ = words[index].compareExchange(
                    expected: 0, desired: generator.next() | 1, ordering: .acquiringAndReleasing)
            }
            words[0].store(Self.magic, ordering: .releasing)
        }
        seed = (words[1].load(ordering: .acquiring), words[2].load(ordering: .acquiring))
        if !isNew { forgetConnections() }
    }

    /// A secret that all workers of the node know, made when the memory was.
    package var secret: [UInt8] {
        [seed.0, seed.1].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) } }
    }

    /// The key of a text within a zone; never 0.
    package func key(zone: UInt64, _ text: UnsafeRawBufferPointer) -> UInt64 {
        var hash = seed.0 ^ zone
        for byte in text { hash = Self.mix(hash ^ UInt64(byte), seed.1) }
        return Self.mix(hash ^ UInt64(text.count), seed.0) | 1
    }

    /// The key of an address within a zone; never 0.
    package func key(zone: UInt64, _ address: SocketAddress) -> UInt64 {
        let words = address.addressWords
        let hash = Self.mix(Self.mix(seed.0 ^ zone ^ words.high, seed.1) ^ words.low, seed.1)
        return Self.mix(hash, seed.0) | 1
    }

    private static func mix(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = (left ^ right).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15 ^ right)
        return product.high ^ product.low
    }

    // MARK: Rates

    private func rateKey(_ place: Int) -> Int { Self.headerWords + 2 * place }

    /// Whether the client may make one more request now; if so it is counted.
    package func admit(_ key: UInt64, _ limit: RateLimit, at milliseconds: UInt64) -> Bool {
        let place = ratePlace(key, limit, at: milliseconds)
        guard let place else { return true }
        let state = rateKey(place) + 1
        var word = words[state].load(ordering: .acquiring)
        while true {
            guard let next = limit.admit(RateLimit.State(word: word), at: milliseconds) else { return false }
            let (isDone, found) = words[state].weakCompareExchange(
                expected: word, desired: next.word, ordering: .acquiringAndReleasing)
            if isDone { return true }
            word = found
        }
    }

    /// Takes back a request that was counted and then refused for another reason.
    package func takeBack(_ key: UInt64) {
        guard let place = findRate(key) else { return }
        let state = rateKey(place) + 1
        var word = words[state].load(ordering: .acquiring)
        while true {
            var next = RateLimit.State(word: word)
            next.excess = next.excess > 1_000 ? next.excess - 1_000 : 0
            let (isDone, found) = words[state].weakCompareExchange(
                expected: word, desired: next.word, ordering: .acquiringAndReleasing)
            if isDone { return }
            word = found
        }
    }

    private func rateGroup(_ key: UInt64) -> Int {
        Int(truncatingIfNeeded: key >> 32) & (Self.rateCount - 1) & ~(Self.groupCount - 1)
    }

    private func findRate(_ key: UInt64) -> Int? {
        let group = rateGroup(key)
        for place in group..<group + Self.groupCount
        where words[rateKey(place)].load(ordering: .acquiring) == key {
            return place
        }
        return nil
    }

    /// - Returns: nil where the key has just got its place, with the first request in it.
    private func ratePlace(_ key: UInt64, _ limit: RateLimit, at milliseconds: UInt64) -> Int? {
        if let place = findRate(key) { return place }
        let group = rateGroup(key)
        let now = UInt32(truncatingIfNeeded: milliseconds)
        var oldest = group
        var oldestAge: UInt32 = 0
        for place in group..<group + Self.groupCount {
            let holder = words[rateKey(place)].load(ordering: .acquiring)
            if holder == 0 {
                oldest = place
                break
            }
            let state = RateLimit.State(word: words[rateKey(place) + 1].load(ordering: .relaxed))
            let age = now &- state.milliseconds
            if age >= oldestAge { (oldest, oldestAge) = (place, age) }
        }
        let holder = words[rateKey(oldest)].load(ordering: .acquiring)
        words[rateKey(oldest) + 1].store(limit.first(at: milliseconds).word, ordering: .releasing)
        let (isDone, found) = words[rateKey(oldest)].compareExchange(
            expected: holder, desired: key, ordering: .acquiringAndReleasing)
        // Another worker was faster: with the same key, its bucket counts; with another one, this request is let pass.
        return !isDone && found == key ? oldest : nil
    }

    // MARK: Connections

    private func connectionKey(_ place: Int) -> Int {
        Self.headerWords + 2 * Self.rateCount + Self.connectionWords * place
    }

    private var workerWord: Int { 1 + worker / 2 }
    private var workerShift: UInt64 { worker % 2 == 0 ? 0 : 32 }

    private func connections(_ place: Int) -> UInt64 {
        var sum: UInt64 = 0
        for index in 1..<Self.connectionWords {
            let word = words[connectionKey(place) + index].load(ordering: .relaxed)
            sum += (word & 0xFFFF_FFFF) + (word >> 32)
        }
        return sum
    }

    /// Counts one more request under way for the key, unless there are `limit` of them.
    /// - Returns: the place to give to `leave`, or nil where the limit is reached. -1 where the table is full: then the
    ///   request passes uncounted.
    package func enter(_ key: UInt64, limit: UInt32) -> Int? {
        guard let place = connectionPlace(key) else { return -1 }
        guard connections(place) < UInt64(limit) else { return nil }
        words[connectionKey(place) + workerWord].wrappingAdd(1 << workerShift, ordering: .acquiringAndReleasing)
        return place
    }

    package func leave(_ place: Int) {
        guard place >= 0 else { return }
        words[connectionKey(place) + workerWord].wrappingSubtract(1 << workerShift, ordering: .acquiringAndReleasing)
    }

    private func connectionPlace(_ key: UInt64) -> Int? {
        let group = Int(truncatingIfNeeded: key >> 32) & (Self.connectionCount - 1) & ~(Self.groupCount - 1)
        for place in group..<group + Self.groupCount
        where words[connectionKey(place)].load(ordering: .acquiring) == key {
            return place
        }
        for place in group..<group + Self.groupCount {
            let holder = words[connectionKey(place)].load(ordering: .acquiring)
            guard holder == 0 || connections(place) == 0 else { continue }
            let (isDone, found) = words[connectionKey(place)].compareExchange(
                expected: holder, desired: key, ordering: .acquiringAndReleasing)
            if isDone || found == key { return place }
        }
        return nil
    }

    private func forgetConnections() {
        let mask: UInt64 = ~(0xFFFF_FFFF << workerShift)
        for place in 0..<Self.connectionCount
        where words[connectionKey(place)].load(ordering: .relaxed) != 0 {
            words[connectionKey(place) + workerWord].bitwiseAnd(mask, ordering: .relaxed)
        }
    }
}
