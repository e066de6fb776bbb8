import ClusterState
import IngressAnnotations
import PorticoModel

// Whatever an annotation or a key of the ConfigMap says, it is taken or refused, the same each time, and no text of the
// policy holds a character that could end a header or a line. The first byte chooses the key.

private let dialect = AnnotationDialect.nginx()
private let annotations = dialect.definitions.values.filter { $0.type != .snippet }.map(\.key).sorted()
private let options = GlobalOptionRegistry.definitions.keys.sorted()

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 1, let start else { return 0 }
    let rest = UnsafeRawBufferPointer(start: start + 1, count: count - 1)
    let value = String(decoding: rest, as: UTF8.self)
    let name = ObjectName(namespace: "n", name: "o")
    let key = "\(dialect.prefix)/\(annotations[Int(start[0]) % annotations.count])"
    let metadata = ObjectMetadata(name: name, annotations: [Annotation(key: key, value: value)])
    let taken = dialect.policy(of: metadata, options: GlobalOptions())
    precondition(taken == dialect.policy(of: metadata, options: GlobalOptions()))
    check(taken.policy.features)

    let entry = ConfigMap.Entry(key: options[Int(start[0]) % options.count], value: value)
    let found = GlobalOptionRegistry.options(of: ConfigMap(metadata: ObjectMetadata(name: name), data: [entry]))
    precondition(
        found.options
            == GlobalOptionRegistry.options(
                of: ConfigMap(metadata: ObjectMetadata(name: name), data: [entry])
            ).options)
    check(found.options.settings.defaultPolicy.features)
    return 0
}

private func check(_ features: RouteFeatures) {
    let rewrite = features.rewrite ?? RewritePolicy()
    let affinity = features.affinity ?? SessionAffinity()
    let cors = features.crossOrigin ?? CrossOriginPolicy()
    let texts = [
        rewrite.target, rewrite.applicationRoot, rewrite.forwardedPrefix, rewrite.upstreamHost,
        features.redirect?.location ?? "", affinity.cookieName, affinity.cookiePath, affinity.cookieDomain,
        cors.methods,
        cors.headers, cors.exposedHeaders, features.headers?.connectionHeader ?? "",
    ]
    for text in texts + cors.origins { precondition(!text.utf8.contains { $0 < 0x20 || $0 == 0x7F }) }
}
