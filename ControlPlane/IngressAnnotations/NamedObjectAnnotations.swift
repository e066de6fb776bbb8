import ClusterState

extension AnnotationDialect {
    /// Annotations whose value names a Secret or ConfigMap, as `name` or `namespace/name`.
    package static let namedObjects: [String: ObjectKind] = [
        "auth-proxy-set-headers": .configMap,
        "auth-secret": .secret,
        "auth-tls-secret": .secret,
        "custom-headers": .configMap,
        "fastcgi-params-configmap": .configMap,
        "proxy-ssl-secret": .secret,
    ]
}
