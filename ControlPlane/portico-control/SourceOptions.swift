import ArgumentParser
import ControllerCore
import Glibc
import KubernetesAPI
import PorticoModel

/// Where objects come from; the flags about a cluster are ingress-nginx's.
struct SourceOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Serve a folder of manifests, YAML or JSON, in place of a cluster.", valueName: "dir"))
    var manifests: String?

    @Option(
        help: ArgumentHelp(
            "How to reach the API server. (default: the files of $KUBECONFIG, or the pod's service account)",
            valueName: "file"))
    var kubeconfig: String?

    @Option(help: ArgumentHelp("The context of the kubeconfig. (default: its current one)", valueName: "name"))
    var context: String?

    @Option(
        help: ArgumentHelp(
            "The API server, in place of the kubeconfig's; alone, it is spoken to without credentials.",
            valueName: "url"))
    var apiserverHost: String?

    @Option(help: ArgumentHelp("Who signs the API server's certificate, in PEM.", valueName: "file"))
    var certificateAuthority: String?

    @Option(help: ArgumentHelp("Read the objects of one namespace only.", valueName: "namespace"))
    var watchNamespace = ""

    @Option(
        help: ArgumentHelp("Read the objects of namespaces with these labels only.", valueName: "selector"))
    var watchNamespaceSelector = ""

    @Option(
        help: ArgumentHelp(
            "Compile at most so often a second. (default: as changes come; many at once go together)",
            valueName: "rate"))
    var syncRateLimit: Double?

    func validate() throws {
        let cluster = [kubeconfig, context, apiserverHost, certificateAuthority].contains { $0 != nil }
        if manifests != nil, cluster || !watchNamespace.isEmpty || !watchNamespaceSelector.isEmpty {
            throw ValidationError("--manifests serves a folder, and goes with no flag about a cluster")
        }
        if !watchNamespace.isEmpty, !watchNamespaceSelector.isEmpty {
            throw ValidationError("--watch-namespace and --watch-namespace-selector exclude each other")
        }
        if let syncRateLimit, !(syncRateLimit > 0) { throw ValidationError("--sync-rate-limit takes a number above 0") }
    }

    /// What is served, in one word or two.
    var description: String { manifests ?? "a cluster" }

    /// - Parameters:
    ///   - configMaps: those that flags name.
    ///   - services: those that flags name.
    func source(
        configMaps: Set<ObjectName>, services: Set<ObjectName>
    ) throws(ControllerStartError) -> ControllerConfiguration.Source {
        if let manifests { return .folder(manifests) }
        var selection = ClusterSelection()
        selection.namespace = watchNamespace
        selection.namespaceSelector = watchNamespaceSelector
        selection.configMaps = configMaps
        selection.services = services
        do {
            let client = try KubernetesClient(connection())
            return .cluster(ClusterConfiguration(client: client, selection: selection, updatesPerSecond: syncRateLimit))
        } catch { throw ControllerStartError("\(error)") }
    }

    private func connection() throws -> any ConnectionSource {
        if let kubeconfig { return try connection(Kubeconfig(file: kubeconfig)) }
        if let apiserverHost {
            return try AnonymousConnection(server: apiserverHost, authority: certificateAuthority)
        }
        if let list = getenv("KUBECONFIG").map({ String(cString: $0) }), !list.isEmpty {
            return try connection(Kubeconfig(list: list))
        }
        if let pod = InClusterConnection(authority: certificateAuthority) { return pod }
        throw ControllerStartError(
            "this is no pod: give --manifests DIR for a folder, or --kubeconfig FILE for a cluster")
    }

    private func connection(_ kubeconfig: Kubeconfig) throws -> any ConnectionSource {
        try KubeconfigConnection(
            kubeconfig, context: context, server: apiserverHost, authority: certificateAuthority)
    }
}
