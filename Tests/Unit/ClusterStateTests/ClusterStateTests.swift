import ClusterState
import PorticoModel
import Testing

@Suite struct ClusterStateTests {
    private func ingress(_ name: String, service: String, secret: String? = nil) -> Ingress {
        Ingress(
            metadata: ObjectMetadata(name: ObjectName(namespace: "n", name: name)), className: "nginx",
            defaultBackend: .service(name: service, port: .number(80)), tls: [.init(hosts: [], secretName: secret)])
    }

    private func name(_ name: String) -> ObjectName { ObjectName(namespace: "n", name: name) }

    @Test func `Indexes follow every change`() {
        var state = ClusterState()
        _ = state.apply(.upsert(.ingress(ingress("a", service: "one", secret: "s"))))
        _ = state.apply(.upsert(.ingress(ingress("b", service: "one"))))
        #expect(state.ingresses(of: name("one")) == [name("a"), name("b")])
        #expect(state.ingresses(ofSecret: name("s")) == [name("a")])
        #expect(state.ingresses(mentioning: .className("nginx")) == [name("a"), name("b")])
        _ = state.apply(.upsert(.ingress(ingress("a", service: "two"))))
        #expect(state.ingresses(of: name("one")) == [name("b")])
        #expect(state.ingresses(of: name("two")) == [name("a")])
        #expect(state.ingresses(ofSecret: name("s")).isEmpty)
        _ = state.apply(.delete(ObjectReference(kind: "Ingress", name: name("b"))))
        #expect(state.ingresses(of: name("one")).isEmpty)
    }

    @Test func `A slice that changes its service leaves the old one`() {
        var state = ClusterState()
        var slice = EndpointSlice(
            metadata: ObjectMetadata(name: name("s")), serviceName: "one", addresses: [], ports: [])
        _ = state.apply(.upsert(.endpointSlice(slice)))
        slice.serviceName = "two"
        _ = state.apply(.upsert(.endpointSlice(slice)))
        #expect(state.slices(of: name("one")).isEmpty)
        #expect(state.slices(of: name("two")) == [name("s")])
    }

    @Test func `The same object again is no change, and one that moved is none of substance`() {
        var state = ClusterState()
        var object = ingress("a", service: "one")
        object.metadata.origin = Origin(file: "a.yaml", line: 1)
        #expect(state.apply(.upsert(.ingress(object))).effect == .changed)
        #expect(state.apply(.upsert(.ingress(object))).effect == .none)
        object.metadata.origin = Origin(file: "a.yaml", line: 2)
        #expect(state.apply(.upsert(.ingress(object))).effect == .moved)
        #expect(state.apply(.delete(ObjectReference(kind: "Ingress", name: name("zz")))).effect == .none)
    }

    @Test func `Of two objects the older wins, then the name; those without a time are the youngest`() {
        func metadata(_ name: String, _ time: Int64?) -> ObjectMetadata {
            ObjectMetadata(name: ObjectName(namespace: "n", name: name), createdAt: time)
        }
        #expect(metadata("z", 1).precedes(metadata("a", 2)))
        #expect(metadata("a", 1).precedes(metadata("b", 1)))
        #expect(metadata("z", 5).precedes(metadata("a", nil)))
        #expect(metadata("a", nil).precedes(metadata("b", nil)))
    }

    @Test(arguments: ["0.0.0.0", "10.1.2.3", "::", "fd00::1", "::ffff:10.0.0.1"])
    func `Addresses are read and written`(text: String) {
        #expect(IPAddress(text)?.text == text)
    }

    @Test(arguments: ["", "10.0.0", "10.0.0.256", "a", "example.com", ":::", "10.0.0.1/8", " 10.0.0.1"])
    func `What is no address is none`(text: String) {
        #expect(IPAddress(text) == nil)
    }
}
