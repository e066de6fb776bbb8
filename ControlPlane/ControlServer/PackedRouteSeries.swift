import PorticoModel

/// One route's cumulative numbers in as few bytes as they take: most buckets of most histograms are zero, and there is one of
/// these for every route and worker.
///
/// All numbers are variable-length integers (seven bits a byte, the lowest first): how many statuses there are, and for each
/// its method, status, requests and number of histograms; for each histogram its number of buckets, how many of them
/// are not zero, these with their distances, and the sum as eight bytes.
struct PackedRouteSeries: Sendable {
    private var bytes: [UInt8] = []

    init(_ series: RouteSeries) {
        put(UInt64(series.statuses.count))
        for status in series.statuses {
            for number in [UInt64(status.method), UInt64(status.status), status.requests] { put(number) }
            put(UInt64(status.histograms.count))
            for histogram in status.histograms { put(histogram) }
        }
        // Without the room that growing left.
        bytes = bytes.withUnsafeBytes { Array($0) }
    }

    /// Adds the numbers to those of `series`.
    func add(to series: inout RouteSeries) {
        var position = 0
        for _ in 0..<next(&position) {
            let (method, status) = (UInt32(next(&position)), UInt32(next(&position)))
            let place = series.index(method: method, status: status)
            series.statuses[place].requests &+= next(&position)
            for number in 0..<Int(next(&position)) {
                if number == series.statuses[place].histograms.count {
                    series.statuses[place].histograms.append(HistogramSeries())
                }
                add(to: &series.statuses[place].histograms[number], &position)
            }
        }
    }

    private mutating func put(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private mutating func put(_ histogram: HistogramSeries) {
        put(UInt64(histogram.buckets.count))
        put(UInt64(histogram.buckets.count { $0 != 0 }))
        var last = 0
        for (index, count) in histogram.buckets.enumerated() where count != 0 {
            put(UInt64(index - last))
            put(count)
            last = index
        }
        withUnsafeBytes(of: histogram.sum.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }

    private func next(_ position: inout Int) -> UInt64 {
        var (number, shift): (UInt64, UInt64) = (0, 0)
        while true {
            let byte = bytes[position]
            position += 1
            number |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return number }
            shift += 7
        }
    }

    private func add(to histogram: inout HistogramSeries, _ position: inout Int) {
        let size = Int(next(&position))
        if histogram.buckets.count < size {
            histogram.buckets += [UInt64](repeating: 0, count: size - histogram.buckets.count)
        }
        var index = 0
        for _ in 0..<next(&position) {
            index += Int(next(&position))
            histogram.buckets[index] &+= next(&position)
        }
        var bits: UInt64 = 0
        for byte in 0..<8 { bits |= UInt64(bytes[position + byte]) << (8 * UInt64(byte)) }
        position += 8
        histogram.sum += Double(bitPattern: bits)
    }
}

extension RouteSeries {
    /// Where the numbers of a method and status stand; they are added where they are missing.
    fileprivate mutating func index(method: UInt32, status: UInt32) -> Int {
        if let index = statuses.firstIndex(where: { $0.method == method && $0.status == status }) { return index }
        statuses.append(StatusSeries(method: method, status: status, requests: 0))
        return statuses.count - 1
    }
}
