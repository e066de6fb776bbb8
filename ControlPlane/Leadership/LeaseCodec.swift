import ClusterState
import KubernetesAPI
import PorticoModel

/// Leases as JSON.
enum LeaseCodec {
    static func object(_ name: ObjectName, _ record: LeaseRecord) -> ObjectNode {
        var object: ObjectNode = [
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": ["name": .text(name.name), "namespace": .text(name.namespace)],
        ]
        write(record, into: &object)
        return object
    }

    /// The Lease as it was found, with another record.
    /// - Returns: nil where what was found is not JSON.
    static func object(_ lease: StoredLease, with record: LeaseRecord) -> ObjectNode? {
        guard var object = try? JSONReader.read(Array(lease.object.utf8)) else { return nil }
        write(record, into: &object)
        return object
    }

    static func lease(_ body: [UInt8]) -> StoredLease? {
        guard let object = try? JSONReader.read(body),
            object.fields != nil
        else { return nil }
        let spec = object["spec"]
        return StoredLease(
            record: LeaseRecord(
                holder: spec?["holderIdentity"]?.string ?? "",
                durationSeconds: spec?["leaseDurationSeconds"]?.int ?? 0,
                acquireTime: spec?["acquireTime"]?.string ?? "", renewTime: spec?["renewTime"]?.string ?? "",
                transitions: spec?["leaseTransitions"]?.int ?? 0), object: object.json)
    }

    private static func write(_ record: LeaseRecord, into object: inout ObjectNode) {
        object.set("spec", "holderIdentity", to: .text(record.holder))
        object.set("spec", "leaseDurationSeconds", to: .number(record.durationSeconds))
        object.set("spec", "acquireTime", to: record.acquireTime.isEmpty ? nil : .text(record.acquireTime))
        object.set("spec", "renewTime", to: .text(record.renewTime))
        object.set("spec", "leaseTransitions", to: .number(record.transitions))
    }
}
