import Dispatch
import Glibc

/// A program that is run for its output. Its words on standard error appear on ours.
struct HelperProgram: Sendable {
    private static let maximumBytes = 1 << 20

    let command: String
    let arguments: [String]
    /// Added to this process's own.
    let environment: [String: String]

    func output(within seconds: Double) async throws(APIError) -> [UInt8] {
        let result = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(
                    returning: Result { () throws(APIError) in try run(until: MonotonicClock.seconds + seconds) })
            }
        }
        return try result.get()
    }

    private func run(until deadline: Double) throws(APIError) -> [UInt8] {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .credentials(String(cString: strerror(errno))) }
        defer { close(ends[0]) }
        _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        let started = spawn(writingTo: ends[1], reading: ends[0])
        close(ends[1])
        let child = try started.get()
        let output = read(ends[0], until: deadline)
        if output == nil { kill(child, SIGKILL) }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        guard let output else { throw .credentials("it does not end in time, or says too much") }
        guard status == 0 else {
            throw .credentials(status & 0x7F == 0 ? "it ends with code \(status >> 8)" : "a signal ended it")
        }
        return output
    }

    private func spawn(writingTo output: Int32, reading input: Int32) -> Result<pid_t, APIError> {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_addclose(&actions, input)
        if output > STDERR_FILENO { posix_spawn_file_actions_addclose(&actions, output) }
        var words = ([command] + arguments).map { strdup($0) } + [nil]
        var variables = mergedEnvironment.map { strdup($0) } + [nil]
        defer { for text in words + variables { free(text) } }
        var child = pid_t()
        let code = posix_spawnp(&child, command, &actions, nil, &words, &variables)
        return code == 0 ? .success(child) : .failure(.credentials(String(cString: strerror(code))))
    }

    private var mergedEnvironment: [String] {
        var lines: [String] = []
        var next = environ
        while let line = next.pointee {
            let text = String(cString: line)
            let name = String(text.prefix { $0 != "=" })
            if environment[name] == nil { lines.append(text) }
            next += 1
        }
        return lines + environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    }

    /// - Returns: nil when it takes too long or is too much.
    private func read(_ descriptor: Int32, until deadline: Double) -> [UInt8]? {
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while output.count <= HelperProgram.maximumBytes {
            let left = deadline - MonotonicClock.seconds
            guard left > 0 else { return nil }
            var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            _ = poll(&wanted, 1, Int32(left * 1_000) + 1)
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { return output }
            if count > 0 { output += buffer[..<count] }
        }
        return nil
    }
}
