import ClusterState
import Dispatch
import Glibc
import KubernetesAPI
import ManifestDirectory
import PorticoModel
import Synchronization

/// All objects of a folder or a cluster, read once.
struct ObjectReading: Sendable {
    var objects: [KubernetesObject] = []
    var diagnostics: [Diagnostic] = []

    static func folder(_ path: String) throws -> ObjectReading {
        guard access(path, R_OK | X_OK) == 0 else {
            throw CommandFailure.unusable("cannot read the folder \(path)")
        }
        let answer = Answer<ObjectReading>()
        let directory = ManifestDirectory(path: path)
        try directory.start { update in
            let objects = update.changes.compactMap { if case .upsert(let object) = $0 { object } else { nil } }
            answer.give(ObjectReading(objects: objects, diagnostics: update.diagnostics))
        }
        defer { directory.stop() }
        return answer.wait()
    }

    /// - Parameter file: nil for the ones that kubectl would use.
    static func cluster(_ file: String?) throws -> ObjectReading {
        let client = try client(file)
        defer { client.close() }
        let answer = Answer<Result<ObjectReading, APIError>>()
        Task {
            do throws(APIError) {
                answer.give(.success(try await read(client)))
            } catch {
                answer.give(.failure(error))
            }
        }
        do {
            return try answer.wait().get()
        } catch {
            throw CommandFailure.unusable("cannot read the cluster: \(error)")
        }
    }

    private static func client(_ file: String?) throws -> KubernetesClient {
        do {
            return try KubernetesClient(KubeconfigConnection(kubeconfig(file)))
        } catch {
            throw CommandFailure.unusable("\(error)")
        }
    }

    private static func kubeconfig(_ file: String?) throws -> Kubeconfig {
        if let file { return try Kubeconfig(file: file) }
        if let list = getenv("KUBECONFIG").map({ String(cString: $0) }), !list.isEmpty {
            return try Kubeconfig(list: list)
        }
        let home = getenv("HOME").map { String(cString: $0) } ?? "."
        return try Kubeconfig(file: "\(home)/.kube/config")
    }

    /// Secrets are read too, as annotations name them; nothing of them is shown.
    private static let resources: [APIResource] = [
        .ingresses, .ingressClasses, .services, .endpointSlices, .configMaps, .secrets,
    ]

    private static func read(_ client: KubernetesClient) async throws(APIError) -> ObjectReading {
        var reading = ObjectReading()
        for resource in resources {
            let list = try await client.list(resource)
            for item in list["items"]?.list ?? [] { reading.take(item, resource) }
        }
        return reading
    }

    /// The items of a list leave out what the list says of all of them.
    private mutating func take(_ item: ObjectNode, _ resource: APIResource) {
        let named = ObjectNode(
            .map(
                [
                    ObjectNode.Field(key: "apiVersion", value: .text(resource.apiVersion)),
                    ObjectNode.Field(key: "kind", value: .text(resource.kind)),
                ] + (item.fields ?? []).filter { $0.key != "apiVersion" && $0.key != "kind" }))
        switch ObjectDecoder.decode(named) {
        case .object(let object): objects.append(object)
        case .invalid(_, let found): diagnostics += found
        case .ignored: break
        }
    }
}

/// What another thread or task gives once.
private final class Answer<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)
    private let given = DispatchSemaphore(value: 0)

    /// What comes after the first is left alone.
    func give(_ new: Value) {
        let isFirst = value.withLock { value in
            guard value == nil else { return false }
            value = new
            return true
        }
        if isFirst { given.signal() }
    }

    func wait() -> Value {
        while true {
            given.wait()
            if let value = value.withLock({ $0 }) { return value }
        }
    }
}
