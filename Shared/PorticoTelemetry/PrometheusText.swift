/// Writes metrics in the Prometheus text format, version 0.0.4.
package struct PrometheusText: Sendable {
    package enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    /// Label pairs in the order in which they are written.
    package typealias Labels = [(name: String, value: String)]

    package private(set) var text = ""

    package init() {}

    /// Begins a family: its samples must follow before the next family begins.
    package mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) "
        for character in help.unicodeScalars {
            switch character {
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(character)
            }
        }
        text += "\n# TYPE \(name) \(kind.rawValue)\n"
    }

    package mutating func sample(_ name: String, _ labels: Labels, _ value: Double) {
        text += name
        write(labels)
        text += " \(Self.number(value))\n"
    }

    package mutating func sample(_ name: String, _ labels: Labels, _ value: UInt64) {
        text += name
        write(labels)
        text += " \(value)\n"
    }

    /// - Parameter buckets: the count of each bucket on its own, one more than there are bounds; missing ones are zero.
    package mutating func histogram(
        _ name: String, _ labels: Labels, bounds: [Double], buckets: [UInt64], sum: Double
    ) {
        var count: UInt64 = 0
        for (index, bound) in bounds.enumerated() {
            count += index < buckets.count ? buckets[index] : 0
            sample(name + "_bucket", labels + [("le", Self.number(bound))], count)
        }
        count += bounds.count < buckets.count ? buckets[bounds.count] : 0
        sample(name + "_bucket", labels + [("le", "+Inf")], count)
        sample(name + "_sum", labels, sum)
        sample(name + "_count", labels, count)
    }

    private mutating func write(_ labels: Labels) {
        guard !labels.isEmpty else { return }
        text += "{"
        for (index, label) in labels.enumerated() {
            if index > 0 { text += "," }
            text += label.name
            text += "=\""
            for byte in label.value.unicodeScalars {
                switch byte {
                case "\\": text += "\\\\"
                case "\"": text += "\\\""
                case "\n": text += "\\n"
                default: text.unicodeScalars.append(byte)
                }
            }
            text += "\""
        }
        text += "}"
    }

    /// Whole numbers without a fraction, as Prometheus clients write them.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: value) { return String(whole) }
        return String(value)
    }
}
