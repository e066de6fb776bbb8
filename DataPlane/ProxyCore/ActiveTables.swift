import HTTPCore
import Policies
import PorticoModel
import Routing

/// One version's routing table with what follows from its settings. A request holds on to the one it began with, so an
/// old one is freed after its last request.
final class ActiveTables {
    let routing: RoutingTable
    let globals: GlobalSettings
    let trustedProxies: AddressBlocks
    let headLimits: HeadLimits

    init(_ routing: RoutingTable) {
        self.routing = routing
        globals = routing.globals
        trustedProxies = AddressBlocks(routing.globals.trustedProxies)
        headLimits = HeadLimits(
            lineBytes: Int(routing.globals.maximumHeaderLineBytes), blockBytes: Int(routing.globals.maximumHeaderBytes))
    }
}
