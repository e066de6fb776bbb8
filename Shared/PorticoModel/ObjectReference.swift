/// A Kubernetes object's namespace and name.
package struct ObjectName: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var namespace: String
    package var name: String

    package init(namespace: String, name: String) {
        self.namespace = namespace
        self.name = name
    }

    package static func < (left: ObjectName, right: ObjectName) -> Bool {
        (left.namespace, left.name) < (right.namespace, right.name)
    }

    /// `namespace/name`, or the bare name of a cluster-scoped object.
    package var description: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }
}

/// A Kubernetes object's kind, namespace and name: `Ingress default/shop`.
package struct ObjectReference: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var kind: String
    package var name: ObjectName

    package init(kind: String, name: ObjectName) {
        self.kind = kind
        self.name = name
    }

    package static func < (left: ObjectReference, right: ObjectReference) -> Bool {
        (left.kind, left.name) < (right.kind, right.name)
    }

    package var description: String { "\(kind) \(name)" }
}
