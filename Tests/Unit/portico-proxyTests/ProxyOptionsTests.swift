import ProcessSupervision
import Testing

@testable import portico_proxy

@Suite struct ProxyOptionsTests {
    private func read(_ line: String) throws(OptionError) -> ProxyOptions.Command {
        try ProxyOptions.read(line.split(separator: " ").map(String.init), workers: 2, node: "here")
    }

    @Test func `flags are read with a blank and with an equals sign`() throws {
        var expected = ProxyOptions(workers: 4, node: "edge-1")
        expected.controlSocket = "/run/portico/control.sock"
        expected.http = [ListenAddress(host: "0.0.0.0", port: 80), ListenAddress(host: "::", port: 80)]
        expected.health = ListenAddress(host: "127.0.0.1", port: 9_000)
        expected.classGroup = "internal"
        let line = """
            --control-socket=/run/portico/control.sock --http 0.0.0.0:80 --http=[::]:80 --workers 4 \
            --health 127.0.0.1:9000 --class-group internal --node edge-1
            """
        #expect(try read(line) == .supervise(expected))
    }

    @Test(arguments: [
        ("", "--control-socket PATH is missing"),
        ("--control-socket /s", "--http ADDR:PORT is missing, or --https ADDR:PORT"),
        ("--control-socket /s --http", "--http needs a value"),
        ("--http localhost:80", "--http takes ADDR:PORT with a numeric address, and was given 'localhost:80'"),
        ("--workers 0", "--workers takes a number from 1 to 256, and was given '0'"),
        ("--colour blue", "there is no flag --colour; see portico-proxy --help"),
        ("now", "'now' is not a flag; see portico-proxy --help"),
        ("--control-socket /s --http :80 --http 0.0.0.0:80", "0.0.0.0:80 is given twice"),
        ("worker --index 0", "a worker is started by the supervisor, not by hand"),
    ])
    func `a wrong command line is one line that says what is wrong`(line: String, expected: String) {
        let error = #expect(throws: OptionError.self) { try read(line) }
        #expect(error?.description == expected)
    }

    @Test func `a worker reads back what its supervisor wrote`() throws {
        var worker = WorkerOptions()
        worker.index = 3
        worker.workers = 8
        worker.controlSocket = "/run/a b/control.sock"
        worker.stateDescriptor = 3
        worker.listeners = [4, 5]
        worker.node = "edge-1"
        #expect(try ProxyOptions.read(worker.arguments, workers: 1, node: "") == .work(worker))
    }

    @Test(arguments: [
        ("GET /healthz HTTP/1.1", false, "HTTP/1.1 200 OK"),
        ("GET /readyz HTTP/1.1", true, "HTTP/1.1 200 OK"),
        ("HEAD /readyz?verbose HTTP/1.1", false, "HTTP/1.1 503 Service Unavailable"),
        ("GET / HTTP/1.1", true, "HTTP/1.1 404 Not Found"),
        ("POST /healthz HTTP/1.1", true, "HTTP/1.1 405 Method Not Allowed"),
        ("nonsense", true, "HTTP/1.1 405 Method Not Allowed"),
    ])
    func `probes are answered`(request: String, isReady: Bool, status: String) {
        let answer = HealthResponder.answer(to: Array("\(request)\r\n\r\n".utf8), isReady: isReady)
        #expect(answer.hasPrefix(status + "\r\n"))
    }
}
