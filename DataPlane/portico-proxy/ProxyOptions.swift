import ProcessSupervision

/// The command line of `portico-proxy`.
///
/// Read by hand: an option parser would bring Foundation into every worker, and with it megabytes for six flags.
package struct ProxyOptions: Hashable, Sendable {
    package var controlSocket = ""
    package var http: [ListenAddress] = []
    package var https: [ListenAddress] = []
    package var workers: Int
    package var health: ListenAddress?
    package var classGroup = ""
    package var node: String
    /// Where the databases of addresses are.
    package var geoFolder: String?

    /// What the command line asks for.
    package enum Command: Hashable, Sendable {
        case help
        case supervise(ProxyOptions)
        case work(WorkerOptions)
    }

    package init(workers: Int, node: String) {
        self.workers = workers
        self.node = node
    }

    /// - Parameters:
    ///   - arguments: without the program's name.
    ///   - workers, node: what holds where no flag says otherwise.
    package static func read(
        _ arguments: [String], workers: Int, node: String
    ) throws(OptionError) -> Command {
        if arguments.first == WorkerOptions.subcommand {
            return .work(try WorkerOptions(Array(arguments.dropFirst())))
        }
        var options = ProxyOptions(workers: workers, node: node)
        var flags = FlagReader(arguments)
        while let flag = try flags.next() {
            switch flag {
            case "--help", "-h": return .help
            case "--control-socket": options.controlSocket = try flags.value(of: flag)
            case "--http": options.http.append(try flags.address(of: flag))
            case "--https": options.https.append(try flags.address(of: flag))
            case "--workers": options.workers = try flags.number(of: flag, in: 1...256)
            case "--health": options.health = try flags.address(of: flag)
            case "--geoip-database-dir": options.geoFolder = try flags.value(of: flag)
            case "--class-group": options.classGroup = try flags.value(of: flag)
            case "--node": options.node = try flags.value(of: flag)
            default: throw OptionError("there is no flag \(flag); see portico-proxy --help")
            }
        }
        guard !options.controlSocket.isEmpty else { throw OptionError("--control-socket PATH is missing") }
        guard options.controlSocket.utf8.count <= 107 else {
            throw OptionError("--control-socket takes a path of at most 107 bytes")
        }
        let addresses = options.http + options.https
        guard !addresses.isEmpty else { throw OptionError("--http ADDR:PORT is missing, or --https ADDR:PORT") }
        if let repeated = addresses.first(where: { address in
            addresses.count(where: { $0 == address && address.port != 0 }) > 1
        }) {
            throw OptionError("\(repeated) is given twice")
        }
        return .supervise(options)
    }

    package static let help = """
        portico-proxy: the data plane of Portico

        --control-socket PATH   the Unix socket of portico-control
        --http ADDR:PORT        where to serve HTTP; repeatable; IPv6 as [ADDR]:PORT
        --https ADDR:PORT       where to serve HTTPS; repeatable
        --workers N             worker processes (default: one per CPU)
        --health ADDR:PORT      where to answer /healthz and /readyz
        --class-group NAME      which stream of configuration to follow
        --geoip-database-dir DIR  MaxMind's databases of addresses, by their own file names
        --node NAME             this node's name in status and metrics (default: the host's name)
        """
}

/// What a worker process is told by its supervisor. Descriptors are inherited.
package struct WorkerOptions: Hashable, Sendable {
    package static let subcommand = "worker"

    package var index = 0
    package var controlSocket = ""
    package var stateDescriptor: Int32 = -1
    /// -1 where there is none.
    package var limitsDescriptor: Int32 = -1
    /// Where the sockets of TCP and UDP services arrive; -1 where there is none.
    package var handoverDescriptor: Int32 = -1
    package var listeners: [Int32] = []
    /// Those that speak TLS.
    package var secureListeners: [Int32] = []
    package var workers = 1
    package var classGroup = ""
    package var node = ""

    package init() {}

    package init(_ arguments: [String]) throws(OptionError) {
        var flags = FlagReader(arguments)
        while let flag = try flags.next() {
            switch flag {
            case "--index": index = try flags.number(of: flag, in: 0...255)
            case "--workers": workers = try flags.number(of: flag, in: 1...256)
            case "--control-socket": controlSocket = try flags.value(of: flag)
            case "--state-descriptor": stateDescriptor = Int32(try flags.number(of: flag, in: 3...65_535))
            case "--limits-descriptor": limitsDescriptor = Int32(try flags.number(of: flag, in: 3...65_535))
            case "--handover-descriptor": handoverDescriptor = Int32(try flags.number(of: flag, in: 3...65_535))
            case "--listener": listeners.append(Int32(try flags.number(of: flag, in: 3...65_535)))
            case "--secure-listener":
                secureListeners.append(Int32(try flags.number(of: flag, in: 3...65_535)))
            case "--class-group": classGroup = try flags.value(of: flag)
            case "--node": node = try flags.value(of: flag)
            default: throw OptionError("there is no flag \(flag) for a worker")
            }
        }
        guard stateDescriptor >= 0, !listeners.isEmpty || !secureListeners.isEmpty else {
            throw OptionError("a worker is started by the supervisor, not by hand")
        }
    }

    /// The command line that `init` reads back.
    package var arguments: [String] {
        var words = [WorkerOptions.subcommand, "--index", "\(index)", "--workers", "\(workers)"]
        words += ["--control-socket", controlSocket, "--state-descriptor", "\(stateDescriptor)"]
        if limitsDescriptor >= 0 { words += ["--limits-descriptor", "\(limitsDescriptor)"] }
        if handoverDescriptor >= 0 { words += ["--handover-descriptor", "\(handoverDescriptor)"] }
        for listener in listeners { words += ["--listener", "\(listener)"] }
        for listener in secureListeners { words += ["--secure-listener", "\(listener)"] }
        return words + ["--class-group", classGroup, "--node", node]
    }
}

/// A command line that cannot be followed; the text is one line for a person.
package struct OptionError: Error, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// Takes `--flag value` and `--flag=value` apart.
private struct FlagReader {
    private var rest: ArraySlice<String>
    private var attached: String?

    init(_ arguments: [String]) { rest = arguments[...] }

    mutating func next() throws(OptionError) -> String? {
        guard attached == nil else { throw OptionError("'\(attached ?? "")' is a value where no flag takes one") }
        guard let word = rest.popFirst() else { return nil }
        guard word.hasPrefix("-") else { throw OptionError("'\(word)' is not a flag; see portico-proxy --help") }
        guard let equals = word.firstIndex(of: "=") else { return word }
        attached = String(word[word.index(after: equals)...])
        return String(word[..<equals])
    }

    mutating func value(of flag: String) throws(OptionError) -> String {
        if let value = attached {
            attached = nil
            return value
        }
        guard let value = rest.popFirst() else { throw OptionError("\(flag) needs a value") }
        return value
    }

    mutating func address(of flag: String) throws(OptionError) -> ListenAddress {
        let text = try value(of: flag)
        guard let address = ListenAddress(text) else {
            throw OptionError("\(flag) takes ADDR:PORT with a numeric address, and was given '\(text)'")
        }
        return address
    }

    mutating func number(of flag: String, in range: ClosedRange<Int>) throws(OptionError) -> Int {
        let text = try value(of: flag)
        guard let number = Int(text), range.contains(number) else {
            throw OptionError(
                "\(flag) takes a number from \(range.lowerBound) to \(range.upperBound), and was given '\(text)'")
        }
        return number
    }
}
