import ClusterState
import PorticoModel

/// The users of a route, which are live state: a Secret and how it is read.
struct PasswordSource: Hashable, Sendable {
    var secret: ObjectName
    /// A user per key of the Secret, rather than a file under the key `auth`.
    var isMap: Bool

    /// The name that policies use.
    var liveName: LiveObjectName {
        LiveObjectName(kind: .passwords, name: isMap ? "\(secret)#map" : secret.description)
    }

    init(secret: ObjectName, isMap: Bool) {
        self.secret = secret
        self.isMap = isMap
    }

    /// Reads back `liveName`.
    init?(_ name: LiveObjectName) {
        let isMap = name.name.hasSuffix("#map")
        guard let secret = ObjectName(slashed: isMap ? String(name.name.dropLast(4)) : name.name) else { return nil }
        self.init(secret: secret, isMap: isMap)
    }

    /// Lines of `user:hash`; nil where the Secret is of another form.
    func content(of found: Secret) -> [UInt8]? {
        guard isMap else { return found.data["auth"] }
        var lines: [UInt8] = []
        for (user, hash) in found.data.sorted(by: { $0.key < $1.key }) {
            let end = hash.firstIndex { $0 == 0x0A || $0 == 0x0D } ?? hash.endIndex
            lines += Array(user.utf8) + [UInt8(ascii: ":")] + hash[..<end] + [0x0A]
        }
        return lines.isEmpty ? nil : lines
    }

    /// Why a Secret cannot be used; nil where it can.
    func problem(of found: Secret?) -> String? {
        guard let found else { return "there is no Secret \(secret)" }
        guard content(of: found) == nil else { return nil }
        return isMap ? "Secret \(secret) is empty" : "Secret \(secret) has no key 'auth'"
    }
}
