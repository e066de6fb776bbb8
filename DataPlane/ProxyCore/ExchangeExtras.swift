import Compression
import EventLoop
import HTTPCore
import Patterns
import Policies
import Routing
import Upstreams
import WebApplicationFirewall

/// What an exchange needs beyond others because its route has features: taken from a pool where the route is known, and
/// given back at the end. Templates are evaluated from it at any time of the exchange's life.
final class ExchangeExtras {
    /// The phases in order. One that has to wait is entered again when what it waited for is there; none in front of the
    /// limits waits.
    enum Phase: UInt8 {
        case blocklists, firewall, directives, redirects, limits, addresses, password, external, forwarding
    }

    /// A run of bytes in `values`.
    typealias Value = ByteRange

    // Part of the exchange's tables.
    @exclusivity(unchecked) unowned(unsafe) var features: CompiledPolicy?
    @exclusivity(unchecked) var phase = Phase.blocklists
    /// The head as it came, and where in it the target lies.
    @exclusivity(unchecked) var savedHead = PooledBuffer()
    @exclusivity(unchecked) var savedTarget = ByteRange.empty
    @exclusivity(unchecked) var savedMethod = ByteRange.empty
    /// The bytes of everything that is kept: they are only ever appended.
    @exclusivity(unchecked) var values = PooledBuffer()
    @exclusivity(unchecked) var path = Value.empty
    /// Set once the target was rewritten.
    @exclusivity(unchecked) var target = Value.empty
    @exclusivity(unchecked) var isRewritten = false
    @exclusivity(unchecked) var requestID = Value.empty
    @exclusivity(unchecked) var user = Value.empty
    @exclusivity(unchecked) var captures: [Value?] = []
    @exclusivity(unchecked) var customs: [Value] = []
    /// Bits of the conditions that held.
    @exclusivity(unchecked) var conditions: UInt64 = 0
    @exclusivity(unchecked) var rerouteCount = 0
    /// The host's own directives run once, whatever routes follow.
    @exclusivity(unchecked) var hasRunHostDirectives = false

    @exclusivity(unchecked) var trace: RequestTrace?
    // Rules.
    @exclusivity(unchecked) var firewall: FirewallTransaction?
    @exclusivity(unchecked) var firewallSawBody = false

    // Access.
    @exclusivity(unchecked) var addressIsRefused = false
    @exclusivity(unchecked) var limitPlace: Int?
    @exclusivity(unchecked) var ticket: UInt64 = 0
    /// A verdict on the password that came from another thread.
    @exclusivity(unchecked) var passwordVerdict: Bool?
    @exclusivity(unchecked) var isSatisfied = false
    /// Lines for the upstream, and for the client, of an authentication's answer.
    @exclusivity(unchecked) var authenticationFields = PooledBuffer()
    @exclusivity(unchecked) var authenticationCookies = PooledBuffer()
    @exclusivity(unchecked) var question: Subquestion?
    @exclusivity(unchecked) var externalAnswer: Subquestion.Answer?
    /// The proxy's own question: it is neither counted nor logged.
    @exclusivity(unchecked) var isSubrequest = false
    @exclusivity(unchecked) var isMirrored = false

    // Choice.
    @exclusivity(unchecked) var upstream: Upstream?
    @exclusivity(unchecked) unowned(unsafe) var canary: CanaryRule?
    @exclusivity(unchecked) var session: AffinityKey?
    @exclusivity(unchecked) var setsSession = false

    // Response.
    @exclusivity(unchecked) var isErrorPage = false
    @exclusivity(unchecked) var compressor: Compressor?
    @exclusivity(unchecked) var savedResponse = PooledBuffer()
    @exclusivity(unchecked) var isPaced = false

    /// Forgets everything and gives memory back.
    func reset(_ buffers: BufferPool) {
        features = nil
        phase = .blocklists
        buffers.give(&savedHead)
        buffers.give(&values)
        buffers.give(&authenticationFields)
        buffers.give(&authenticationCookies)
        buffers.give(&savedResponse)
        (path, target, requestID, user) = (.empty, .empty, .empty, .empty)
        isRewritten = false
        if !captures.isEmpty { captures.removeAll(keepingCapacity: true) }
        if !customs.isEmpty { customs.removeAll(keepingCapacity: true) }
        conditions = 0
        rerouteCount = 0
        trace = nil
        hasRunHostDirectives = false
        firewall = nil
        firewallSawBody = false
        addressIsRefused = false
        limitPlace = nil
        ticket = 0
        passwordVerdict = nil
        isSatisfied = false
        question = nil
        externalAnswer = nil
        isSubrequest = false
        isMirrored = false
        upstream = nil
        canary = nil
        session = nil
        setsSession = false
        isErrorPage = false
        compressor = nil
        isPaced = false
    }

    /// Keeps bytes for the exchange's life.
    func keep(_ bytes: UnsafeRawBufferPointer, _ buffers: BufferPool) -> Value {
        let start = values.count
        buffers.append(bytes, to: &values)
        return Value(start, values.count)
    }

    /// Valid until something is kept.
    func bytes(_ value: Value) -> UnsafeRawBufferPointer { values.bytes[value] }

    /// Keeps what the groups of the last match took from `subject`.
    func keep(_ groups: Captures, of subject: UnsafeRawBufferPointer, _ buffers: BufferPool) {
        if !captures.isEmpty { captures.removeAll(keepingCapacity: true) }
        for index in 0..<groups.count {
            captures.append(groups.group(index).map { keep(UnsafeRawBufferPointer(rebasing: subject[$0]), buffers) })
        }
    }
}
