/// Gives keys dense small numbers that stay theirs as long as someone holds them, so that what belongs to a key can live
/// in an array: one index instead of a dictionary look-up per request.
///
/// A slot that nobody holds any more keeps its key until `takeReleased` hands it out; only then may another key get it.
/// A key that comes back in between finds its old slot, so its counters survive a change that replaces its holders.
/// Belongs to one worker's loop.
package final class SlotRegistry<Key: Hashable> {
    private struct Slot {
        var key: Key
        var holders: Int
    }

    private var slots: [Slot?] = []
    private var indexes: [Key: Int] = [:]
    private var free: [Int] = []
    private var released: [Int] = []

    package init() {}

    /// One more than the largest slot ever given.
    package var capacity: Int { slots.count }

    /// Keys that have a slot.
    package var count: Int { indexes.count }

    /// Takes a hold of the key's slot; each hold must be released.
    package func acquire(_ key: Key) -> Int {
        if let index = indexes[key] {
            slots[index]?.holders += 1
            return index
        }
        let index = free.popLast() ?? slots.count
        if index == slots.count { slots.append(nil) }
        slots[index] = Slot(key: key, holders: 1)
        indexes[key] = index
        return index
    }

    package func release(_ index: Int) {
        guard let slot = slots[index] else { preconditionFailure("Released a slot that nobody held.") }
        precondition(slot.holders > 0)
        slots[index]?.holders -= 1
        if slot.holders == 1 { released.append(index) }
    }

    /// The slot's key; nil for a slot that is free.
    package func key(of index: Int) -> Key? { slots.indices.contains(index) ? slots[index]?.key : nil }

    /// The key's slot, without taking a hold.
    package func index(of key: Key) -> Int? { indexes[key] }

    /// Frees the slots that nobody holds. The caller forgets what it kept for them.
    package func takeReleased() -> [(index: Int, key: Key)] {
        guard !released.isEmpty else { return [] }
        var taken: [(index: Int, key: Key)] = []
        for index in released {
            guard let slot = slots[index], slot.holders == 0 else { continue }
            slots[index] = nil
            indexes[slot.key] = nil
            free.append(index)
            taken.append((index, slot.key))
        }
        released = []
        return taken
    }
}
