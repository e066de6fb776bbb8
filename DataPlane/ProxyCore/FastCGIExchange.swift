import EventLoop
import FastCGICore
import HTTPCore

/// FastCGI on a connection to an endpoint: turns the request's text into records, and records into the response's text.
final class FastCGIExchange {
    private let buffers: BufferPool
    /// Records that the endpoint has not taken.
    @exclusivity(unchecked) private var output = PooledBuffer()
    /// Bytes of the response that wait to be read.
    @exclusivity(unchecked) private var ready = PooledBuffer()
    @exclusivity(unchecked) private var errors = FastCGIErrors()
    @exclusivity(unchecked) private var reader = FastCGIReader()
    @exclusivity(unchecked) private var head: CGIHead? = CGIHead()
    @exclusivity(unchecked) private var hasBegun = false
    @exclusivity(unchecked) private var hasEnded = false

    init(buffers: BufferPool) { self.buffers = buffers }

    func free(_ connection: UpstreamConnection) {
        errors.end(connection)
        buffers.give(&output)
        buffers.give(&ready)
    }

    // MARK: The request

    func send(_ bytes: UnsafeRawBufferPointer, for exchange: Exchange, over connection: UpstreamConnection) -> Transfer
    {
        guard output.isEmpty else { return flush(connection) ?? .wouldBlock }
        var taken = bytes.count
        if hasBegun {
            FastCGIRecord.appendInput(bytes, to: &output, buffers)
        } else {
            hasBegun = true
            taken = min(bytes.count, exchange.headCount)
            let head = UnsafeRawBufferPointer(rebasing: bytes[..<taken])
            FastCGIRecord.appendBegin(to: &output, buffers)
            FastCGIParameters(head: head, exchange.fastCGIFacts).encoded.withUnsafeBytes {
                FastCGIRecord.appendParameters($0, to: &output, buffers)
            }
        }
        return flush(connection) ?? .bytes(taken)
    }

    func end(_ connection: UpstreamConnection) {
        FastCGIRecord.appendInputEnd(to: &output, buffers)
        _ = flush(connection)
    }

    /// Sends what waits.
    /// - Returns: an error, if there is one.
    func flush(_ connection: UpstreamConnection) -> Transfer? {
        while !output.isEmpty {
            switch connection.sendPlain(output.bytes) {
            case .bytes(let count): output.consumed(count)
            case .wouldBlock: return nil
            case .ended, .failed: return .failed(0)
            }
        }
        buffers.give(&output)
        return nil
    }

    // MARK: The response

    func receive(into memory: UnsafeMutableRawBufferPointer, from connection: UpstreamConnection) -> Transfer {
        while ready.isEmpty, !hasEnded {
            let transfer = connection.receivePlain(into: memory)
            guard case .bytes(let count) = transfer else { return transfer == .ended ? .failed(0) : transfer }
            guard take(UnsafeRawBufferPointer(rebasing: memory[..<count]), from: connection) else { return .failed(0) }
            if ready.isEmpty, !hasEnded, !connection.mayRead { return .wouldBlock }
        }
        // No event tells of what is here already.
        connection.mayRead = true
        if ready.isEmpty { return .ended }
        let count = min(memory.count, ready.count)
        memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: ready.bytes[..<count]))
        ready.consumed(count)
        return .bytes(count)
    }

    private func take(_ bytes: UnsafeRawBufferPointer, from connection: UpstreamConnection) -> Bool {
        var offset = 0
        while true {
            switch reader.next(bytes, from: &offset) {
            case .output(let range): guard takeOutput(bytes[range]) else { return false }
            case .errorOutput(let range):
                errors.take(UnsafeRawBufferPointer(rebasing: bytes[range.range]), from: connection)
            case .end(_, let status):
                hasEnded = true
                errors.end(connection)
                return status == 0 && head == nil
            case .needsMore: return true
            case .failed: return false
            }
        }
    }

    private func takeOutput(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard var collecting = head else {
            buffers.append(bytes, to: &ready)
            return true
        }
        head = nil
        switch collecting.take(bytes) {
        case .incomplete: head = collecting
        case .tooLong: return false
        case .complete(let start):
            collecting.text.withUnsafeBytes { buffers.append($0, to: &ready) }
            buffers.append(UnsafeRawBufferPointer(rebasing: bytes[start...]), to: &ready)
        }
        return true
    }
}

extension Exchange {
    fileprivate var fastCGIFacts: FastCGIFacts {
        let policy = extras?.features?.fastCGI
        let overrides = policy?.parameters.map { ($0.name, Array(value(of: $0.value))) } ?? []
        let addressCount = client.writeAddress(into: core.hostScratch)
        return FastCGIFacts(
            index: policy?.index ?? "", overrides: overrides, usesTLS: downstream?.flags.contains(.isSecure) ?? false,
            remoteAddress: Array(core.hostScratch[..<addressCount]), remotePort: client.port,
            serverPort: downstream?.localPort ?? 0)
    }
}
