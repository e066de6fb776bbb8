import CCares
import Glibc
import PorticoModel

/// c-ares on one thread: starts look-ups of A and AAAA records, with /etc/hosts and search domains as the system has
/// them, and hands each answer to a callback. Not thread safe: one thread calls everything.
final class NameLookups {
    /// Why look-ups cannot be made at all.
    struct Unavailable: Error {
        var reason: String
    }

    private var channel: ares_channel?
    private let onAnswer: (String, ResolutionSchedule.Answer) -> Void

    /// - Parameter servers: `address:port` list that replaces the system's name servers, for tests.
    init(servers: String?, onAnswer: @escaping (String, ResolutionSchedule.Answer) -> Void) throws {
        self.onAnswer = onAnswer
        try NameLookups.check(ares_library_init(ARES_LIB_INIT_ALL))
        var options = ares_options()
        options.timeout = 2_000
        options.tries = 2
        try NameLookups.check(ares_init_options(&channel, &options, Int32(ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES)))
        if let servers { try NameLookups.check(ares_set_servers_ports_csv(channel, servers)) }
    }

    deinit {
        ares_destroy(channel)
        ares_library_cleanup()
    }

    private static func check(_ status: Int32) throws {
        guard status == 0 else { throw Unavailable(reason: String(cString: ares_strerror(status))) }
    }

    /// Ties a look-up to its host name until c-ares calls back, which it does exactly once.
    private final class Question {
        let lookups: NameLookups
        let hostname: String

        init(lookups: NameLookups, hostname: String) {
            self.lookups = lookups
            self.hostname = hostname
        }
    }

    func start(_ hostname: String) {
        var hints = ares_addrinfo_hints()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = 1 << 7  // ARES_AI_NOSORT: sorting would open sockets towards the addresses.
        let question = Unmanaged.passRetained(Question(lookups: self, hostname: hostname))
        ares_getaddrinfo(
            channel, hostname, nil, &hints,
            { context, status, _, result in
                guard let context else { return }
                let question = Unmanaged<Question>.fromOpaque(context).takeRetainedValue()
                defer { ares_freeaddrinfo(result) }
                // A channel that is destroyed cancels its look-ups; nobody waits for these.
                guard status != Int32(ARES_EDESTRUCTION) else { return }
                question.lookups.onAnswer(question.hostname, NameLookups.answer(status: status, result: result))
            }, question.toOpaque())
    }

    private static func answer(status: Int32, result: UnsafeMutablePointer<ares_addrinfo>?) -> ResolutionSchedule.Answer
    {
        guard status == 0, let result else { return .failure(String(cString: ares_strerror(status))) }
        var addresses: [IPAddress] = []
        var seconds = Int.max
        var next = result.pointee.nodes
        while let node = next?.pointee {
            if let address = address(of: node) {
                addresses.append(address)
                seconds = min(seconds, Int(node.ai_ttl))
            }
            next = node.ai_next
        }
        return addresses.isEmpty ? .failure("no addresses") : .addresses(addresses, timeToLiveSeconds: seconds)
    }

    private static func address(of node: ares_addrinfo_node) -> IPAddress? {
        guard let address = node.ai_addr else { return nil }
        switch node.ai_family {
        case AF_INET:
            return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { address in
                withUnsafeBytes(of: address.pointee.sin_addr) { IPAddress(bytes: Array($0)) }
            }
        case AF_INET6:
            return address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { address in
                withUnsafeBytes(of: address.pointee.sin6_addr) { IPAddress(bytes: Array($0)) }
            }
        default:
            return nil
        }
    }

    /// The sockets to poll for, with the events that c-ares waits for.
    var pollDescriptors: [pollfd] {
        let limit = 16  // ARES_GETSOCK_MAXNUM.
        var sockets = [ares_socket_t](repeating: -1, count: limit)
        let wanted = UInt32(bitPattern: ares_getsock(channel, &sockets, Int32(limit)))
        return sockets.indices.compactMap { index in
            let reads = wanted & (1 << index) != 0
            let writes = wanted & (1 << (index + limit)) != 0
            guard reads || writes else { return nil }
            return pollfd(fd: sockets[index], events: Int16((reads ? POLLIN : 0) | (writes ? POLLOUT : 0)), revents: 0)
        }
    }

    /// How long to wait at most, in milliseconds, before `process` must run for timeouts; nil when nothing is asked.
    var timeoutMilliseconds: Int? {
        var wait = timeval()
        guard ares_timeout(channel, nil, &wait) != nil else { return nil }
        return Int(wait.tv_sec) * 1_000 + Int(wait.tv_usec) / 1_000 + 1
    }

    func process(_ descriptors: [pollfd]) {
        let none = ares_socket_t(-1)
        for descriptor in descriptors where descriptor.revents != 0 {
            let readable = descriptor.revents & Int16(POLLIN | POLLERR | POLLHUP) != 0
            let writable = descriptor.revents & Int16(POLLOUT) != 0
            ares_process_fd(channel, readable ? descriptor.fd : none, writable ? descriptor.fd : none)
        }
        ares_process_fd(channel, none, none)
    }
}
