import PorticoModel

/// What turns one manifest into another.
package struct ManifestDifference: Hashable, Sendable {
    /// The indices of the groups whose bytes differ, ascending.
    package var changedGroups: [Int] = []
    /// Sections that only the new manifest has.
    package var added: [SectionReference] = []
    /// Sections that both have, with the new content.
    package var changed: [SectionReference] = []
    /// Sections that only the old manifest has.
    package var removed: [SectionName] = []

    package init() {}

    package var isEmpty: Bool { changedGroups.isEmpty }
}

extension ManifestTree {
    /// What has to be done to `old` to make it this tree. Costs as much as the groups that differ.
    package func difference(from old: ManifestTree) -> ManifestDifference {
        var difference = ManifestDifference()
        for index in 0..<ManifestTree.groupCount where groupDigest(index) != old.groupDigest(index) {
            difference.changedGroups.append(index)
            ManifestTree.merge(old.groups[index].references, groups[index].references, into: &difference)
        }
        return difference
    }

    /// Walks two sorted lists side by side.
    private static func merge(
        _ old: [SectionReference], _ new: [SectionReference], into difference: inout ManifestDifference
    ) {
        var (left, right) = (0, 0)
        while left < old.count || right < new.count {
            if right == new.count || (left < old.count && old[left].name < new[right].name) {
                difference.removed.append(old[left].name)
                left += 1
            } else if left == old.count || new[right].name < old[left].name {
                difference.added.append(new[right])
                right += 1
            } else {
                if old[left].digest != new[right].digest { difference.changed.append(new[right]) }
                left += 1
                right += 1
            }
        }
    }
}
