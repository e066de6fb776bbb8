import EventLoop
import Glibc
import HTTPCore
import Passwords
import Patterns
import Policies
import PorticoModel

/// What the phases of features share within a worker.
final class PolicyRuntime {
    /// Values of templates and whole edited heads.
    static let scratchCount = 96 << 10

    let captures = Captures()
    let edits = HeaderEdits(capacity: PolicyRuntime.scratchCount)
    /// For one template's value at a time.
    let valueScratch: UnsafeMutableRawBufferPointer
    /// For edited response heads.
    let headScratch: UnsafeMutableRawBufferPointer
    /// For compressed bodies, with room for chunk sizes around them.
    let compressed: UnsafeMutableRawBufferPointer
    /// Digits of a chunk's size.
    static let chunkDigits = 5
    /// Behind compressed bytes: the chunk's end and the last chunk.
    static let compressedTail = 16
    /// For request heads that are looked at again after a wait.
    let savedHead = RequestHead()
    /// Until the supervisor's memory is there, this worker counts for itself.
    @exclusivity(unchecked) private(set) var limits: SharedLimits
    @exclusivity(unchecked) var random = PolicyRandom()
    @exclusivity(unchecked) var answers = AuthenticationCache()
    /// Copies of requests that are under way.
    @exclusivity(unchecked) var mirrors = 0
    @exclusivity(unchecked) var passwordCache = PasswordCache()
    @exclusivity(unchecked) var digest: DigestAuthentication
    private var passwords: [LiveObjectName: PasswordFile] = [:]
    @exclusivity(unchecked) private var spare: [ExchangeExtras] = []
    private let ownLimits: UnsafeMutableRawPointer

    init() {
        func memory(_ count: Int) -> UnsafeMutableRawBufferPointer { .allocate(byteCount: count, alignment: 64) }
        valueScratch = memory(Self.scratchCount)
        headScratch = memory(Self.scratchCount)
        compressed = memory(128 << 10)
        // Pages that nobody writes to cost nothing.
        ownLimits = Self.zeroedMemory(SharedLimits.byteCount)
        limits = SharedLimits(ownLimits, worker: 0)
        digest = DigestAuthentication(key: (0..<32).map { _ in UInt8.random(in: 0...255) })
    }

    deinit {
        valueScratch.deallocate()
        headScratch.deallocate()
        compressed.deallocate()
        munmap(ownLimits, SharedLimits.byteCount)
    }

    private static func zeroedMemory(_ count: Int) -> UnsafeMutableRawPointer {
        let memory = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let memory, memory != MAP_FAILED else { preconditionFailure("no memory for limits") }
        return memory
    }

    /// Counts together with the node's other workers from now on. Memory that cannot be mapped leaves it as it is.
    func share(descriptor: Int32, worker: Int) {
        let memory = mmap(nil, SharedLimits.byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard let memory, memory != MAP_FAILED else { return }
        limits = SharedLimits(memory, worker: worker)
        digest = DigestAuthentication(key: limits.secret)
    }

    // MARK: Live state

    func set(_ object: LiveObject) {
        if object.name.kind == .passwords { passwords[object.name] = PasswordFile(object.content) }
    }

    func remove(_ name: LiveObjectName) { passwords[name] = nil }

    func users(_ name: LiveObjectName) -> PasswordFile? { passwords[name] }

    // MARK: Extras

    func takeExtras() -> ExchangeExtras { spare.popLast() ?? ExchangeExtras() }

    func giveBack(_ extras: ExchangeExtras, _ buffers: BufferPool) {
        extras.reset(buffers)
        if spare.count < 256 { spare.append(extras) }
    }
}

/// Numbers for choices that nobody must foresee exactly, and that need no secrecy.
struct PolicyRandom {
    private var state: UInt64

    init() {
        var generator = SystemRandomNumberGenerator()
        state = generator.next()
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
