import ClusterState
import FoundationEssentials
import KubernetesAPI
import PorticoModel

/// Get, list and what a watch needs, for one request.
struct CollectionReading {
    let server: TestAPIServer
    let target: RequestTarget
    let selectors: Selectors
    let request: WireRequest
    let isPartial: Bool

    func get() throws(Refusal) -> WireAnswer {
        let name = ObjectName(namespace: target.namespace, name: target.name)
        guard let object = server.state.withLock({ $0.store[target.resource, name] }) else {
            throw .notFound(target.resource, target.name)
        }
        return isPartial ? WireAnswer(object.partial) : WireAnswer(object.json)
    }

    func accepts(_ node: ObjectNode) -> Bool {
        let isHere = target.namespace.isEmpty || node.at("metadata", "namespace")?.string == target.namespace
        return isHere && selectors.accept(node)
    }

    func list() throws(Refusal) -> WireAnswer {
        var page = try begin()
        let limit = request.query["limit"].flatMap { Int($0) } ?? 0
        let taken = limit > 0 ? page.objects.prefix(limit) : page.objects
        page.objects = page.objects.dropFirst(taken.count)
        var metadata: ObjectNode = ["resourceVersion": .text("\(page.version)")]
        if !page.objects.isEmpty {
            let token = UUID().uuidString
            metadata.set("continue", to: .text(token))
            metadata.set("remainingItemCount", to: .number(page.objects.count))
            let rest = page
            server.state.withLock { $0.pages[token] = rest }
        }
        return WireAnswer(encode(Array(taken), metadata))
    }

    private func begin() throws(Refusal) -> ListPage {
        guard let token = request.query["continue"] else {
            return server.state.withLock { state in
                ListPage(
                    objects: state.store.objects(of: target.resource).filter { accepts($0.node) }[...],
                    version: state.store.version)
            }
        }
        guard let page = server.state.withLock({ $0.pages.removeValue(forKey: token) }) else {
            throw Refusal(410, "Expired", "The provided continue parameter is too old")
        }
        return page
    }

    private func encode(_ objects: [StoredObject], _ metadata: ObjectNode) -> [UInt8] {
        let kind = isPartial ? "PartialObjectMetadata" : target.resource.kind
        let version = isPartial ? "meta.k8s.io/v1" : target.resource.apiVersion
        let head = "{\"kind\":\"\(kind)List\",\"apiVersion\":\"\(version)\",\"metadata\":\(metadata.json),\"items\":["
        var bytes = Array(head.utf8)
        for (index, object) in objects.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            if isPartial { bytes += object.partial.json.utf8 } else { bytes += object.itemJSON }
        }
        bytes += "]}\n".utf8
        return bytes
    }
}
