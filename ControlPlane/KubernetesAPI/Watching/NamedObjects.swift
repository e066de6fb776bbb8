import PorticoModel

/// Objects that are read because something names them; of their collections nothing else is.
package struct NamedObjects: Hashable, Sendable {
    package var secrets: Set<ObjectName> = []
    package var configMaps: Set<ObjectName> = []

    package init() {}
}
