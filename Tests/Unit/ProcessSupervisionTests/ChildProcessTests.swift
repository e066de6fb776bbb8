import Glibc
import ProcessSupervision
import Testing

@Suite(.serialized) struct ChildProcessTests {
    /// Runs a shell script to its end and gives what it wrote to descriptor 5, and how it ended.
    private func run(_ script: String, environment: [String]? = nil) throws -> (String, ProcessEnd) {
        var ends: [Int32] = [-1, -1]
        #expect(pipe(&ends) == 0)
        defer { close(ends[0]) }
        let child = try ChildProcess.start(
            ChildCommand(
                path: "/bin/bash", arguments: ["-c", script], environment: environment, descriptors: [5: ends[1]]))
        close(ends[1])
        let output = text(from: ends[0])
        var entry = pollfd(fd: child.descriptor, events: Int16(POLLIN), revents: 0)
        #expect(poll(&entry, 1, 10_000) == 1)
        return (output, try #require(child.reap()))
    }

    /// Everything up to the end of the file.
    private func text(from descriptor: Int32) -> String {
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while case let count = read(descriptor, &buffer, buffer.count), count > 0 { text += buffer.prefix(count) }
        return String(decoding: text, as: UTF8.self)
    }

    @Test func `a child reports how it ended`() throws {
        #expect(try run("exit 7").1 == .code(7))
        #expect(try run("kill -9 $$").1 == .signal(SIGKILL))
    }

    @Test func `a child has the descriptors it was given and no other`() throws {
        let leaked = fcntl(0, F_DUPFD, 200)
        defer { close(leaked) }
        let (text, status) = try run("for n in 5 \(leaked); do [ -e /proc/$$/fd/$n ] && echo $n >&5; done; true")
        #expect(status == .code(0))
        #expect(text == "5\n")
    }

    @Test func `mappings that cross one another arrive uncrossed`() throws {
        var first: [Int32] = [-1, -1]
        var second: [Int32] = [-1, -1]
        #expect(pipe(&first) == 0 && pipe(&second) == 0)
        let child = try ChildProcess.start(
            ChildCommand(
                path: "/bin/bash",
                arguments: [
                    "-c", "echo one >&$1; echo two >&$2", "bash", "\(second[1])",
                    "\(first[1])",
                ], descriptors: [second[1]: first[1], first[1]: second[1]]))
        var entry = pollfd(fd: child.descriptor, events: Int16(POLLIN), revents: 0)
        #expect(poll(&entry, 1, 10_000) == 1)
        #expect(child.reap() == .code(0))
        close(first[1])
        close(second[1])
        #expect(text(from: first[0]) == "one\n")
        #expect(text(from: second[0]) == "two\n")
        close(first[0])
        close(second[0])
    }

    @Test func `the environment is the one that was given`() throws {
        #expect(try run("echo $COLOUR >&5", environment: ["COLOUR=blue"]).0 == "blue\n")
    }

    @Test func `a program that is not there is an error with its name`() {
        let error = #expect(throws: SpawnError.self) {
            try ChildProcess.start(ChildCommand(path: "/nonexistent/program", arguments: []))
        }
        #expect(error?.description == "cannot start /nonexistent/program: No such file or directory")
    }
}
