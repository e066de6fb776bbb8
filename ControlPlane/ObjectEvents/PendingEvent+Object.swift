import ClusterState
import KubernetesAPI

extension EventNote {
    /// Where the Event is kept: with its object, and where that belongs to no namespace, in `default`.
    var namespace: String { object.name.namespace.isEmpty ? "default" : object.name.namespace }
}

extension PendingEvent {
    /// The `v1` Event.
    func object(component: String, instance: String) -> ObjectNode {
        let name = note.object.name
        var involved: ObjectNode = [
            "apiVersion": .text(ObjectKind(rawValue: note.object.kind)?.apiVersion ?? "v1"),
            "kind": .text(note.object.kind), "name": .text(name.name),
        ]
        if !name.namespace.isEmpty { involved.set("namespace", to: .text(name.namespace)) }
        if !note.uid.isEmpty { involved.set("uid", to: .text(note.uid)) }
        return [
            "apiVersion": "v1", "kind": "Event",
            "metadata": ["name": .text(note.eventName), "namespace": .text(note.namespace)],
            "involvedObject": involved, "type": .text(note.severity.rawValue), "reason": .text(note.reason),
            "message": .text(note.message), "count": .number(count), "firstTimestamp": .text(firstTime ?? lastTime),
            "lastTimestamp": .text(lastTime), "source": ["component": .text(component)],
            "reportingComponent": .text(component), "reportingInstance": .text(instance),
        ]
    }
}
