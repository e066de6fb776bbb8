/// Where an object was read.
///
/// It is no part of what the object is: any two origins compare equal, so an object that only moved is unchanged.
package struct Origin: Hashable, Sendable {
    package var file: String
    /// One-based line on which the object's document starts.
    package var line: Int32

    package init(file: String, line: Int32) {
        self.file = file
        self.line = line
    }

    package func isSamePlace(as other: Origin) -> Bool { file == other.file && line == other.line }

    package static func == (left: Origin, right: Origin) -> Bool { true }

    package func hash(into hasher: inout Hasher) {}
}
