import ArgumentParser
import ControllerCore
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

    @Option(
        help: ArgumentHelp(
            "Serve these classes to data planes of their own, which say --class-group NAME; repeatable.",
            valueName: "name=class,class"))
    var classGroup: [NamedClasses] = []

    @Option(
        help: ArgumentHelp(
            "The ConfigMap of a class group; repeatable. (default: that of --configmap)",
            valueName: "name=namespace/name"))
    var classGroupConfigmap: [NamedConfigMap] = []

    @Flag(help: "Serve Ingresses that name no class.")
    var watchIngressWithoutClass = false

    @Flag(help: "Serve the IngressClass of the name given by --ingress-class, whatever its controller.")
    var ingressClassByName = false

    @Option(help: ArgumentHelp("The ConfigMap with settings for all hosts.", valueName: "namespace/name"))
    var configmap: NamespacedName?

    @Option(help: ArgumentHelp("The ConfigMap of TCP services, by port.", valueName: "namespace/name"))
    var tcpServicesConfigmap: NamespacedName?

    @Option(help: ArgumentHelp("The ConfigMap of UDP services, by port.", valueName: "namespace/name"))
    var udpServicesConfigmap: NamespacedName?

    @Option(help: ArgumentHelp("The port of HTTP, which no TCP service may have.", valueName: "port"))
    var httpPort: UInt16 = 80

    @Option(help: ArgumentHelp("The port of HTTPS, which no TCP service may have.", valueName: "port"))
    var httpsPort: UInt16 = 443

    @Flag(
        help:
            "Let redirects name the proxy's own ports, unless the ConfigMap says otherwise: nothing is in front of it.")
    var redirectsNamePorts = false

    @Option(help: ArgumentHelp("Takes the requests that no route claims.", valueName: "namespace/name"))
    var defaultBackendService: NamespacedName?

    @Option(
        help: ArgumentHelp(
            "The Secret with the certificate of hosts that have none. (default: one made at start)",
            valueName: "namespace/name"))
    var defaultSslCertificate: NamespacedName?

    @Option(
        help: ArgumentHelp(
            "The Secret whose entry 'seed' the keys of session tickets are derived from, alike in every replica.",
            valueName: "namespace/name"))
    var ticketSeedSecret: NamespacedName?

    @Flag(help: "Serve no Ingress that has a default backend.")
    var disableCatchAll = false

    @Flag(help: "Let Services of type ExternalName lead nowhere.")
    var disableSvcExternalName = false

    @Flag(help: "Let Ingresses ask that connections go through as they are, by ssl-passthrough.")
    var enableSslPassthrough = false

    @Option(help: ArgumentHelp("What annotations begin with.", valueName: "prefix"))
    var annotationsPrefix = "nginx.ingress.kubernetes.io"

    /// The flags that Go's users write with `=true` and `=false`.
    static let flagsThatAreOff: Set<String> = [
        "watch-ingress-without-class", "ingress-class-by-name", "enable-ssl-passthrough", "disable-catch-all",
        "disable-svc-external-name",
    ]

    func validate() throws {
        let names = classGroup.map(\.name)
        for name in names where name == ingressClass || names.count(where: { $0 == name }) > 1 {
            throw ValidationError(
                name == ingressClass
                    ? "--class-group cannot be named '\(name)', which is the group of --ingress-class"
                    : "--class-group '\(name)' is there twice")
        }
        let classes = classGroup.flatMap(\.classes)
        for name in classes where classes.count(where: { $0 == name }) > 1 {
            throw ValidationError("the class '\(name)' is in two class groups")
        }
        for name in classGroupConfigmap.map(\.group) where !names.contains(name) {
            throw ValidationError("--class-group-configmap names '\(name)', which no --class-group does")
        }
    }

    var namedClassGroups: [NamedClassGroup] {
        classGroup.map { group in
            NamedClassGroup(
                name: group.name, classes: Set(group.classes),
                configMap: classGroupConfigmap.last { $0.group == group.name }?.configMap.name)
        }
    }

    var namedConfigMaps: Set<ObjectName> {
        let settings = [configmap, tcpServicesConfigmap, udpServicesConfigmap].compactMap { $0?.name }
        return Set(settings + classGroupConfigmap.map(\.configMap.name))
    }

    var namedServices: Set<ObjectName> { Set([defaultBackendService?.name].compactMap { $0 }) }

    var compilerConfiguration: CompilerConfiguration {
        var configuration = CompilerConfiguration()
        configuration.classes.ingressClass = ingressClass
        if !controllerClass.isEmpty { configuration.classes.controllerClasses = Set(controllerClass) }
        configuration.classes.watchIngressWithoutClass = watchIngressWithoutClass
        configuration.classes.ingressClassByName = ingressClassByName
        configuration.classes.refusesCatchAll = disableCatchAll
        configuration.refusesExternalNames = disableSvcExternalName
        configuration.configMap = configmap?.name
        configuration.tcpServices = tcpServicesConfigmap?.name
        configuration.udpServices = udpServicesConfigmap?.name
        configuration.reservedPorts = [httpPort, httpsPort]
        configuration.redirectsNamePorts = redirectsNamePorts
        configuration.defaultBackendService = defaultBackendService?.name
        configuration.annotationPrefix = annotationsPrefix
        configuration.defaultCertificate = defaultSslCertificate?.name
        configuration.ticketSeed = ticketSeedSecret?.name
        configuration.allowsPassthrough = enableSslPassthrough
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

/// `NAME=CLASS,CLASS`.
struct NamedClasses: ExpressibleByArgument {
    var name: String
    var classes: [String]

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return nil }
        name = parts[0]
        classes = parts[1].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard classes.allSatisfy({ !$0.isEmpty }) else { return nil }
    }
}

/// `NAME=NAMESPACE/NAME`.
struct NamedConfigMap: ExpressibleByArgument {
    var group: String
    var configMap: NamespacedName

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2, let configMap = NamespacedName(argument: parts[1]) else { return nil }
        group = parts[0]
        self.configMap = configMap
    }
}
