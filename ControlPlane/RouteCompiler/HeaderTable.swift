import ClusterState
import IngressAnnotations
import PorticoModel

/// Reads a ConfigMap whose keys and values are headers.
enum HeaderTable {
    struct Fault: Hashable {
        var key: String
        var reason: String
        var line: Int32
    }

    /// In order of name. What cannot be a header is left out and told.
    static func headers(of configMap: ConfigMap) -> (headers: [HeaderAssignment], faults: [Fault]) {
        var headers: [HeaderAssignment] = []
        var faults: [Fault] = []
        for entry in configMap.data {
            do throws(ValueFault) {
                let name = try ValueParser.headerName(entry.key)
                headers.append(HeaderAssignment(name, try value(entry.value)))
            } catch {
                faults.append(Fault(key: entry.key, reason: error.reason, line: entry.line))
            }
        }
        return (headers, faults)
    }

    private static func value(_ text: String) throws(ValueFault) -> String {
        let value = ValueParser.trim(text)
        guard !value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) else {
            throw ValueFault("holds a control character")
        }
        return try ValueParser.template(value)
    }
}

extension HeaderAssignment {
    init(_ name: String, _ value: String) {
        self.init()
        self.name = name
        self.value = value
    }
}
