import ClusterState
import PorticoModel

/// The last form of an object that could be read, from before one that cannot.
package struct GoodForm: Sendable {
    package var object: KubernetesObject
    /// Of the object that cannot be read now: another one of its name has nothing to do with this form.
    package var uid: String

    package init(object: KubernetesObject, uid: String) {
        self.object = object
        self.uid = uid
    }

    /// - Parameter text: JSON, as `ObjectEncoder` writes it.
    package init?(text: String, uid: String) {
        guard let node = try? JSONReader.readAll(text).first, case .object(let object) = ObjectDecoder.decode(node)
        else { return nil }
        self.init(object: object, uid: uid)
    }
}
