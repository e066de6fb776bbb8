import ClusterState
import PorticoModel

/// Short manifests.
enum Manifests {
    static func service(_ name: String, port: Int = 80) -> String {
        """
        apiVersion: v1
        kind: Service
        metadata:
          name: \(name)
        spec:
          ports:
          - port: \(port)

        """
    }

    static let broken = "kind: [\n"

    static func invalidService(_ name: String) -> String { service(name, port: 0) }

    static func secret(_ name: String, value: String) -> String {
        "apiVersion: v1\nkind: Secret\nmetadata: {name: \(name)}\nstringData: {token: \(value)}\n"
    }

    static func reference(_ name: String, kind: String = "Service") -> ObjectReference {
        ObjectReference(kind: kind, name: ObjectName(namespace: "default", name: name))
    }
}

extension ObjectChange {
    /// `+name:port` of a Service that is there, `-name` of what is gone.
    var summary: String {
        switch self {
        case .delete(let reference): "-\(reference.name.name)"
        case .upsert(.service(let service)): "+\(service.metadata.name.name):\(service.ports.first?.port ?? 0)"
        case .upsert(let object): "+\(object.metadata.name.name)"
        }
    }
}

/// A reproducible source of choices (xorshift64*).
struct SmallRandom {
    private var state: UInt64

    init(state: UInt64) { self.state = (state &+ 1) &* 0x9E37_79B9_7F4A_7C15 }

    mutating func below(_ limit: Int) -> Int {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return Int((state &* 0x2545_F491_4F6C_DD1D) >> 33) % limit
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }
}
