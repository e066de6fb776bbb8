/// Who a client of the control link is.
package struct LinkIdentity: Hashable, Sendable {
    package var node: String
    /// `supervisor`, or `worker-0` and so on.
    package var process: String
    package var classGroup: String
    /// New for every start of the process: its counters start at zero with it.
    package var incarnation: String
    package var processID: UInt32

    package init(node: String, process: String, classGroup: String = "", incarnation: String, processID: UInt32) {
        self.node = node
        self.process = process
        self.classGroup = classGroup
        self.incarnation = incarnation
        self.processID = processID
    }
}
