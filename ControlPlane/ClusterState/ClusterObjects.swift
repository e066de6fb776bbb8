/// The one copy of a cluster's objects, which the compilers of all class groups read.
///
/// Not thread-safe: it and the compilers have one owner.
package final class ClusterObjects {
    package private(set) var state = ClusterState()

    package init() {}

    /// - Returns: what each change did, in their order, for `Compiler.update`.
    package func apply(_ changes: [ObjectChange]) -> [AppliedChange] {
        changes.map { state.apply($0) }
    }
}
