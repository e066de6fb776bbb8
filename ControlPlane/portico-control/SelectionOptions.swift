import ArgumentParser
import PorticoModel
import RouteCompiler

/// Which Ingresses are served, and with which settings; the flags are ingress-nginx's.
struct SelectionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The class that is served.", valueName: "name"))
    var ingressClass = "nginx"

    @Option(
        help: ArgumentHelp(
            "Serve IngressClasses of this controller; repeatable. (default: those of ingress-nginx and Portico)",
            valueName: "name"))
    var controllerClass: [String] = []

    @Flag(help: "Serve Ingresses that name no class.")
    var watchIngressWithoutClass = false

    @Flag(help: "Serve the IngressClass of the name given by --ingress-class, whatever its controller.")
    var ingressClassByName = false

    @Option(help: ArgumentHelp("The ConfigMap with settings for all hosts.", valueName: "namespace/name"))
    var configmap: NamespacedName?

    @Option(help: ArgumentHelp("Takes the requests that no route claims.", valueName: "namespace/name"))
    var defaultBackendService: NamespacedName?

    @Option(help: ArgumentHelp("What annotations begin with.", valueName: "prefix"))
    var annotationsPrefix = "nginx.ingress.kubernetes.io"

    var compilerConfiguration: CompilerConfiguration {
        var configuration = CompilerConfiguration()
        configuration.classes.ingressClass = ingressClass
        if !controllerClass.isEmpty { configuration.classes.controllerClasses = Set(controllerClass) }
        configuration.classes.watchIngressWithoutClass = watchIngressWithoutClass
        configuration.classes.ingressClassByName = ingressClassByName
        // Manifests in a folder seldom come with their IngressClass.
        configuration.classes.acceptsMissingClassObjects = true
        configuration.configMap = configmap?.name
        configuration.defaultBackendService = defaultBackendService?.name
        configuration.annotationPrefix = annotationsPrefix
        return configuration
    }
}

/// `NAMESPACE/NAME`.
struct NamespacedName: ExpressibleByArgument {
    var name: ObjectName

    init?(argument: String) {
        let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        name = ObjectName(namespace: String(parts[0]), name: String(parts[1]))
    }
}
