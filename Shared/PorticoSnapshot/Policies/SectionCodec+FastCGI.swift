internal import CPorticoSnapshot
import PorticoModel

extension SectionCodec {
    static func encode(
        _ value: FastCGIPolicy, in arena: borrowing MessageArena
    ) -> UnsafeMutablePointer<Portico__Snapshot__V1__FastCGIPolicy>? {
        let message = arena.make(portico__snapshot__v1__fast_cgipolicy__init)
        message.pointee.index = arena.text(value.index)
        message.pointee.n_parameters = value.parameters.count
        message.pointee.parameters = arena.list(value.parameters) { encode($0, in: arena) }
        return message
    }

    static func decode(
        _ message: Portico__Snapshot__V1__FastCGIPolicy
    ) throws(SnapshotError) -> FastCGIPolicy {
        let reader = FieldReader(message: "FastCGIPolicy")
        var value = FastCGIPolicy()
        value.index = try reader.text(message.index, "index")
        value.parameters = try reader.list(message.parameters, message.n_parameters, "parameters", decode)
        return value
    }
}
