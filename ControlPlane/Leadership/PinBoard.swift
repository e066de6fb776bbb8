/// Brings what was said to this replica and what the Lease says to one: the later word holds.
///
/// Pure. A word that was said here stands until the Lease has it or a later one; where the Lease lost its words, they are
/// written again.
package struct PinBoard: Sendable {
    /// The word in force, by class group.
    package private(set) var words: [String: PinWord] = [:]
    /// Class groups whose word was said here and is not in the Lease yet.
    private var untold: Set<String> = []
    private let replica: String

    /// Whether something waits to be told.
    package var hasNews: Bool { !untold.isEmpty }

    package init(replica: String) { self.replica = replica }

    /// Somebody pinned something here, or resumed.
    package mutating func say(_ classGroup: String, _ pin: PinWord.Pin?) {
        words[classGroup] = PinWord(number: (words[classGroup]?.number ?? 0) + 1, pin: pin, replica: replica)
        untold.insert(classGroup)
    }

    /// Takes what the Lease says.
    /// - Returns: what to write into it; nil where it says all.
    package mutating func read(_ found: [String: PinWord]) -> [String: PinWord]? {
        for (classGroup, word) in found {
            let own = words[classGroup]
            if let own, own.number > word.number || own == word { continue }
            // What was said here came later than what another replica wrote in the meantime.
            let isLater = untold.contains(classGroup)
            words[classGroup] = PinWord(
                number: isLater ? word.number + 1 : word.number, pin: isLater ? own?.pin : word.pin,
                replica: isLater ? replica : word.replica)
        }
        untold = untold.filter { found[$0] != words[$0] }
        return words == found ? nil : words
    }

    /// The Lease has these now.
    package mutating func wrote(_ written: [String: PinWord]) {
        untold = untold.filter { written[$0] != words[$0] }
    }
}
