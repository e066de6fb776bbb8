/// Consistent hashing: places on a ring, of which a key takes the next one. Where an endpoint comes or goes, only the keys
/// next to its places move. All workers, and every life of them, agree on the ring.
struct HashRing {
    private struct Place: BitwiseCopyable {
        var hash: UInt64
        var member: UInt32
    }

    private static let placesPerMember = 160
    private static let maximumPlaces = 1 << 17

    private var places: [Place] = []

    /// - Parameter members: their names.
    init(_ members: [[UInt8]]) {
        guard !members.isEmpty else { return }
        let count = max(8, min(Self.placesPerMember, Self.maximumPlaces / members.count))
        places.reserveCapacity(count * members.count)
        for (index, member) in members.enumerated() {
            let hash = member.withUnsafeBytes { StableHash.hash($0) }
            for number in 0..<UInt64(count) {
                places.append(Place(hash: StableHash.mix(hash, number), member: UInt32(index)))
            }
        }
        places.sort { $0.hash != $1.hash ? $0.hash < $1.hash : $0.member < $1.member }
    }

    /// The member for a key: the first on the way round that `accepts` takes; where it takes none, the first.
    func member(for key: UInt64, accepts: (Int) -> Bool) -> Int? { place(for: key, accepts: accepts)?.member }

    /// The same, and a key that leads to that member whatever is accepted: its place, where others were passed over.
    func place(for key: UInt64, accepts: (Int) -> Bool) -> (member: Int, key: UInt64)? {
        guard !places.isEmpty else { return nil }
        var (low, high) = (0, places.count)
        while low < high {
            let middle = (low + high) / 2
            if places[middle].hash < key { low = middle + 1 } else { high = middle }
        }
        let start = low % places.count
        for step in 0..<min(places.count, 4_096) {
            let place = places[(start + step) % places.count]
            if accepts(Int(place.member)) { return (Int(place.member), step == 0 ? key : place.hash) }
        }
        return (Int(places[start].member), key)
    }
}

/// A hash that is the same in every process.
package enum StableHash {
    package static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return mix(hash, 0)
    }

    /// splitmix64's finish.
    package static func mix(_ hash: UInt64, _ number: UInt64) -> UInt64 {
        var value = hash &+ (number &+ 1) &* 0x9E37_79B9_7F4A_7C15
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
