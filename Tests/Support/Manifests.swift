import Foundation
import ProcessSupervision

/// Manifests as text, for tests whose subject is not the manifests.
package enum Manifests {
    package static let ingressClass = """
        apiVersion: networking.k8s.io/v1
        kind: IngressClass
        metadata: {name: portico, annotations: {ingressclass.kubernetes.io/is-default-class: "true"}}
        spec: {controller: portico.dev/ingress-controller}

        """

    /// An Ingress that sends one path of a host to port 80 of a service.
    package static func ingress(
        _ name: String, host: String, path: String = "/", service: String, className: String = "portico",
        annotations: [String: String] = [:]
    ) -> String {
        let notes = annotations.sorted { $0.key < $1.key }.map { "\($0.key): \"\($0.value)\"" }
        return """
            ---
            apiVersion: networking.k8s.io/v1
            kind: Ingress
            metadata:
              name: \(name)
              namespace: default
              annotations: {\(notes.joined(separator: ", "))}
            spec:
              ingressClassName: \(className)
              rules:
                - host: "\(host)"
                  http:
                    paths:
                      - path: \(path)
                        pathType: Prefix
                        backend: {service: {name: \(service), port: {number: 80}}}

            """
    }

    /// A Service with port 80 and a slice for each of its endpoints.
    package static func service(_ name: String, at endpoints: [ListenAddress]) -> String {
        let slices = endpoints.enumerated().map { index, endpoint in
            """
            ---
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: {name: \(name)-\(index), namespace: default, labels: {kubernetes.io/service-name: \(name)}}
            addressType: \(endpoint.isIPv6 ? "IPv6" : "IPv4")
            ports: [{name: http, port: \(endpoint.port)}]
            endpoints: [{addresses: ["\(endpoint.host)"], conditions: {ready: true}}]

            """
        }
        return """
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: \(name), namespace: default}
            spec: {ports: [{name: http, port: 80, targetPort: http}]}

            """ + slices.joined()
    }

    package static func secret(_ name: String, type: String = "Opaque", _ data: [String: [UInt8]]) -> String {
        let entries = data.sorted { $0.key < $1.key }.map { "\($0.key): \(Data($0.value).base64EncodedString())" }
        return """
            ---
            apiVersion: v1
            kind: Secret
            metadata: {name: \(name), namespace: default}
            type: \(type)
            data: {\(entries.joined(separator: ", "))}

            """
    }
}
