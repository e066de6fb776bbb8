import ClusterState
import Glibc
import ManifestDirectory
import PorticoModel
import RouteCompiler

/// The repository's files that golden tests read and write.
enum Repository {
    static let root: String = {
        var parts = #filePath.split(separator: "/")
        parts.removeLast(4)
        return "/" + parts.joined(separator: "/")
    }()

    static func read(_ path: String) -> String? {
        guard let file = fopen("\(root)/\(path)", "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func write(_ text: String, to path: String) {
        guard let file = fopen("\(root)/\(path)", "w") else { return }
        fwrite(text, 1, text.utf8.count, file)
        fclose(file)
    }

    /// The names of the fixtures, without `.yaml`.
    static var fixtures: [String] {
        guard let stream = opendir("\(root)/Tests/Fixtures") else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
            }
            if name.hasSuffix(".yaml") { names.append(String(name.dropLast(5))) }
        }
        return names.sorted()
    }
}

/// A fixture read and compiled, as the text that is kept in `Tests/Golden`.
enum GoldenText {
    static func of(fixture name: String) -> String {
        let text = Repository.read("Tests/Fixtures/\(name).yaml") ?? ""
        let update = ManifestText.read(text, file: "\(name).yaml")
        let compiler = Compiler(configuration: configuration(of: text))
        let result = compiler.apply(update.changes)
        var lines = result.changedSections.flatMap(describe)
        lines += result.changedEndpointSets.sorted { $0.upstream < $1.upstream }.map { set in
            "endpoints \(set.upstream): \(set.endpoints.map(describe).joined(separator: " "))"
        }
        lines += result.changedExternalNames.sorted { $0.upstream < $1.upstream }.map { target in
            "external name \(target.upstream): \(target.hostname) port \(target.port)"
        }
        lines += update.diagnostics.map { "\($0.severity) \($0)" }
        lines += compiler.diagnostics.map { "\($0.severity) \($0)" }
        return lines.joined(separator: "\n") + "\n"
    }

    /// A fixture says in `# with: key=value` lines how the controller is started.
    private static func configuration(of text: String) -> CompilerConfiguration {
        var configuration = CompilerConfiguration()
        configuration.classes.acceptsMissingClassObjects = true
        for line in text.split(separator: "\n") where line.hasPrefix("# with: ") {
            for option in line.dropFirst(8).split(separator: " ") {
                let parts = option.split(separator: "=", maxSplits: 1).map(String.init)
                apply(parts[0], parts.count > 1 ? parts[1] : "", to: &configuration)
            }
        }
        return configuration
    }

    private static func apply(_ key: String, _ value: String, to configuration: inout CompilerConfiguration) {
        switch key {
        case "configmap": configuration.configMap = objectName(value)
        case "tcp-services-configmap": configuration.tcpServices = objectName(value)
        case "udp-services-configmap": configuration.udpServices = objectName(value)
        case "reserved-port": configuration.reservedPorts.insert(UInt16(value) ?? 0)
        case "default-backend-service": configuration.defaultBackendService = objectName(value)
        case "ingress-class": configuration.classes.ingressClass = value
        case "controller-class": configuration.classes.controllerClasses = [value]
        case "ingress-class-by-name": configuration.classes.ingressClassByName = true
        case "watch-ingress-without-class": configuration.classes.watchIngressWithoutClass = true
        case "disable-catch-all": configuration.classes.refusesCatchAll = true
        case "disable-svc-external-name": configuration.refusesExternalNames = true
        case "cluster": configuration.classes.acceptsMissingClassObjects = false
        default: preconditionFailure("unknown option \(key) in a fixture")
        }
    }

    private static func objectName(_ text: String) -> ObjectName {
        let parts = text.split(separator: "/").map(String.init)
        return ObjectName(namespace: parts[0], name: parts[1])
    }

    private static func describe(_ section: Section) -> [String] {
        switch section {
        case .virtualHost(let host):
            ["host \(host.host.isEmpty ? "(any)" : host.host)"]
                + host.routes.map { route in
                    let policy = route.policy.map { " policy \($0)" } ?? ""
                    let canaries = route.alternatives.map { " or \(compact($0))" }.joined()
                    return "  \(route.match) \(route.path) -> \(route.upstream) by \(route.ingress)\(policy)\(canaries)"
                }
                + host.policies.enumerated().map { "  policy \($0.offset): \(differences($0.element, RoutePolicy()))" }
        case .upstream(let upstream): ["upstream \(upstream.name): service \(upstream.service) port \(upstream.port)"]
        case .stream(let stream): ["stream \(stream.port) -> \(stream.upstream): \(compact(stream))"]
        case .globalSettings(let settings): ["global: \(differences(settings, GlobalSettings()))"]
        }
    }

    /// The fields in which a value differs from the defaults.
    private static func differences(_ value: Any, _ defaults: Any) -> String {
        let fields = zip(Mirror(reflecting: value).children, Mirror(reflecting: defaults).children)
        let changed = fields.compactMap { field, standard -> String? in
            if field.label == "box" {
                let features = (value as? RoutePolicy)?.features ?? RouteFeatures()
                return features == RouteFeatures() ? nil : "features=\(compact(features))"
            }
            if field.value is RoutePolicy {
                let inner = differences(field.value, standard.value)
                return inner == "defaults" ? nil : "\(field.label ?? "")=(\(inner))"
            }
            return "\(field.value)" == "\(standard.value)" ? nil : "\(field.label ?? "")=\(describe(field.value))"
        }
        return changed.isEmpty ? "defaults" : changed.joined(separator: " ")
    }

    private static func describe(_ value: Any) -> String {
        switch value {
        case let conditions as RetryConditions: "\(conditions.rawValue)"
        case let text as String?: text ?? "nil"
        case is [String], is Bool, is any FixedWidthInteger, is String: "\(value)"
        default: compact(value)
        }
    }

    /// A value with those of its fields that are not empty, zero, false or nil.
    private static func compact(_ value: Any) -> String {
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .optional: return mirror.children.first.map { compact($0.value) } ?? ""
        case .collection:
            return mirror.children.isEmpty
                ? "" : "[\(mirror.children.map { compact($0.value) }.joined(separator: ", "))]"
        case .struct:
            if value is ObjectName || value is RetryConditions { return describeLeaf(value) }
            let fields = mirror.children.map { ($0.label ?? "", compact($0.value)) }.filter { !$0.1.isEmpty }
            return "{\(fields.map { "\($0.0)=\($0.1)" }.joined(separator: " "))}"
        default: return describeLeaf(value)
        }
    }

    private static func describeLeaf(_ value: Any) -> String {
        switch value {
        case let conditions as RetryConditions: "\(conditions.rawValue)"
        case let text as String: text.isEmpty ? "" : "\"\(text)\""
        case let flag as Bool: flag ? "yes" : ""
        case let name as ObjectName: name == ObjectName(namespace: "", name: "") ? "" : "\(name)"
        default: "\(value)" == "0" ? "" : "\(value)"
        }
    }

    private static func describe(_ endpoint: Endpoint) -> String {
        let text = endpoint.address.text
        return endpoint.address.bytes.count == 16 ? "[\(text)]:\(endpoint.port)" : "\(text):\(endpoint.port)"
    }
}
