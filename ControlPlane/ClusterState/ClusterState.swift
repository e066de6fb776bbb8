import PorticoModel

/// What one change did to the cluster's state.
package struct AppliedChange: Sendable {
    package enum Effect: Hashable, Sendable {
        /// Nothing is different.
        case none
        /// The object is as it was, but stands in another place of the manifests.
        case moved
        case changed
    }

    package var reference: ObjectReference
    package var effect: Effect
    package var before: KubernetesObject?
    package var after: KubernetesObject?
}

/// The objects of a cluster or a folder, with the indexes that tell what a change of one of them concerns.
package struct ClusterState: Sendable {
    package private(set) var ingresses: [ObjectName: Ingress] = [:]
    package private(set) var ingressClasses: [ObjectName: IngressClass] = [:]
    package private(set) var services: [ObjectName: Service] = [:]
    package private(set) var endpointSlices: [ObjectName: EndpointSlice] = [:]
    package private(set) var endpoints: [ObjectName: Endpoints] = [:]
    package private(set) var secrets: [ObjectName: Secret] = [:]
    package private(set) var configMaps: [ObjectName: ConfigMap] = [:]
    package private(set) var namespaces: [ObjectName: Namespace] = [:]

    private var slicesOfService = ObjectIndex<ObjectName>()
    private var ingressesOfService = ObjectIndex<ObjectName>()
    private var ingressesOfClass = ObjectIndex<ClassMention>()
    private var ingressesOfSecret = ObjectIndex<ObjectName>()

    package init() {}

    /// The names of the slices that belong to a service.
    package func slices(of service: ObjectName) -> CompactSet<ObjectName> { slicesOfService[service] }

    /// The Ingresses whose backends name a service.
    package func ingresses(of service: ObjectName) -> CompactSet<ObjectName> { ingressesOfService[service] }

    /// The Ingresses that say this about their class.
    package func ingresses(mentioning mention: ClassMention) -> CompactSet<ObjectName> { ingressesOfClass[mention] }

    /// The Ingresses whose `tls` names a Secret.
    package func ingresses(ofSecret secret: ObjectName) -> CompactSet<ObjectName> { ingressesOfSecret[secret] }

    package func object(_ reference: ObjectReference) -> KubernetesObject? {
        let name = reference.name
        return switch ObjectKind(rawValue: reference.kind) {
        case .ingress: ingresses[name].map { .ingress($0) }
        case .ingressClass: ingressClasses[name].map { .ingressClass($0) }
        case .service: services[name].map { .service($0) }
        case .endpointSlice: endpointSlices[name].map { .endpointSlice($0) }
        case .endpoints: endpoints[name].map { .endpoints($0) }
        case .secret: secrets[name].map { .secret($0) }
        case .configMap: configMaps[name].map { .configMap($0) }
        case .namespace: namespaces[name].map { .namespace($0) }
        case nil: nil
        }
    }

    package mutating func apply(_ change: ObjectChange) -> AppliedChange {
        switch change {
        case .upsert(let object): upsert(object)
        case .delete(let reference): delete(reference)
        }
    }

    private mutating func upsert(_ object: KubernetesObject) -> AppliedChange {
        let before = store(object, under: object.metadata.name, kind: object.kind)
        var effect = AppliedChange.Effect.changed
        if let before, before == object {
            effect = isSamePlace(before.metadata.origin, object.metadata.origin) ? .none : .moved
        } else {
            reindex(object.metadata.name, before: before, after: object)
        }
        return AppliedChange(reference: object.reference, effect: effect, before: before, after: object)
    }

    private mutating func delete(_ reference: ObjectReference) -> AppliedChange {
        guard let kind = ObjectKind(rawValue: reference.kind),
            let before = store(nil, under: reference.name, kind: kind)
        else { return AppliedChange(reference: reference, effect: .none) }
        reindex(reference.name, before: before, after: nil)
        return AppliedChange(reference: reference, effect: .changed, before: before)
    }

    private func isSamePlace(_ left: Origin?, _ right: Origin?) -> Bool {
        guard let left, let right else { return left == nil && right == nil }
        return left.isSamePlace(as: right)
    }

    /// - Returns: what was there before.
    private mutating func store(
        _ object: KubernetesObject?, under name: ObjectName, kind: ObjectKind
    ) -> KubernetesObject? {
        switch kind {
        case .ingress: swap(&ingresses[name], object?.ingress).map { .ingress($0) }
        case .ingressClass: swap(&ingressClasses[name], object?.ingressClass).map { .ingressClass($0) }
        case .service: swap(&services[name], object?.service).map { .service($0) }
        case .endpointSlice: swap(&endpointSlices[name], object?.endpointSlice).map { .endpointSlice($0) }
        case .endpoints: swap(&endpoints[name], object?.endpoints).map { .endpoints($0) }
        case .secret: swap(&secrets[name], object?.secret).map { .secret($0) }
        case .configMap: swap(&configMaps[name], object?.configMap).map { .configMap($0) }
        case .namespace: swap(&namespaces[name], object?.namespace).map { .namespace($0) }
        }
    }

    private func swap<Object>(_ place: inout Object?, _ object: Object?) -> Object? {
        let before = place
        place = object
        return before
    }

    private mutating func reindex(_ name: ObjectName, before: KubernetesObject?, after: KubernetesObject?) {
        switch after ?? before {
        case .ingress:
            let (old, new) = (before?.ingress, after?.ingress)
            ingressesOfService.move(name, from: old?.serviceNames ?? [], to: new?.serviceNames ?? [])
            ingressesOfSecret.move(name, from: old?.secretNames ?? [], to: new?.secretNames ?? [])
            ingressesOfClass.move(
                name, from: old.map { [$0.classMention] } ?? [], to: new.map { [$0.classMention] } ?? [])
        case .endpointSlice:
            slicesOfService.move(
                name, from: before?.endpointSlice.map { [$0.owner] } ?? [],
                to: after?.endpointSlice.map { [$0.owner] } ?? [])
        default: break
        }
    }
}

/// What an Ingress says about its class.
package enum ClassMention: Hashable, Sendable {
    case none
    /// `spec.ingressClassName`, which goes before the annotation.
    case className(String)
    /// The annotation `kubernetes.io/ingress.class`.
    case annotation(String)
}

extension Ingress {
    package var classMention: ClassMention {
        if let className { return .className(className) }
        return metadata.annotation("kubernetes.io/ingress.class").map { .annotation($0.value) } ?? .none
    }

    /// Each service that a backend names, once.
    package var serviceNames: Set<ObjectName> {
        var names: Set<ObjectName> = []
        for backend in rules.lazy.flatMap(\.paths).map(\.backend) + (defaultBackend.map { [$0] } ?? []) {
            guard case .service(let name, _) = backend else { continue }
            names.insert(ObjectName(namespace: metadata.name.namespace, name: name))
        }
        return names
    }

    package var secretNames: Set<ObjectName> {
        Set(tls.compactMap(\.secretName).map { ObjectName(namespace: metadata.name.namespace, name: $0) })
    }
}

extension EndpointSlice {
    /// The service that the slice belongs to.
    package var owner: ObjectName { ObjectName(namespace: metadata.name.namespace, name: serviceName) }
}

extension KubernetesObject {
    package var ingress: Ingress? { if case .ingress(let object) = self { object } else { nil } }
    package var ingressClass: IngressClass? { if case .ingressClass(let object) = self { object } else { nil } }
    package var service: Service? { if case .service(let object) = self { object } else { nil } }
    package var endpointSlice: EndpointSlice? { if case .endpointSlice(let object) = self { object } else { nil } }
    package var endpoints: Endpoints? { if case .endpoints(let object) = self { object } else { nil } }
    package var secret: Secret? { if case .secret(let object) = self { object } else { nil } }
    package var configMap: ConfigMap? { if case .configMap(let object) = self { object } else { nil } }
    package var namespace: Namespace? { if case .namespace(let object) = self { object } else { nil } }
}
