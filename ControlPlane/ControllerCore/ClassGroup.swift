import PorticoModel
import RouteCompiler

/// A data plane with a configuration of its own: that of the Ingresses of some classes.
struct ClassGroup: Sendable {
    /// What a worker's hello asks for (`portico-proxy --class-group`).
    var name: String
    var compiler: CompilerConfiguration
}

/// Classes that are served apart from all others (`--class-group`).
package struct NamedClassGroup: Hashable, Sendable {
    package var name: String
    package var classes: Set<String>
    /// The ConfigMap with the group's settings; nil for the one of the default group.
    package var configMap: ObjectName?

    package init(name: String, classes: Set<String>, configMap: ObjectName? = nil) {
        self.name = name
        self.classes = classes
        self.configMap = configMap
    }
}

extension ControllerConfiguration {
    /// The default group, which has what the named ones leave and is called by its ingress class, and the named ones.
    var classGroups: [ClassGroup] {
        var standard = ClassGroup(name: compiler.classes.ingressClass, compiler: compiler)
        let named = namedClassGroups.map { named in
            var group = ClassGroup(name: named.name, compiler: compiler)
            group.compiler.classes.onlyClasses = named.classes
            group.compiler.configMap = named.configMap ?? compiler.configMap
            // Ports have no class: the default group has them.
            group.compiler.tcpServices = nil
            group.compiler.udpServices = nil
            return group
        }
        standard.compiler.classes.exceptClasses = Set(namedClassGroups.flatMap(\.classes))
        return [standard] + named
    }
}
