import PorticoModel

/// What the keys of compression say; each family counts where its switch is on.
struct CompressionChoices: Hashable, Sendable {
    static let gzipTypes = [
        "application/atom+xml", "application/javascript", "application/x-javascript", "application/json",
        "application/rss+xml", "application/vnd.ms-fontobject", "application/x-font-ttf",
        "application/x-web-app-manifest+json", "application/xhtml+xml", "application/xml", "font/opentype",
        "image/svg+xml", "image/x-icon", "text/css", "text/javascript", "text/plain", "text/x-component",
    ]
    static let brotliTypes = ["application/xml+rss"] + gzipTypes

    struct Choice: Hashable, Sendable {
        var isOn = false
        var settings = CompressionSettings()

        init(level: UInt32, minimumBytes: UInt32, types: [String]) {
            (settings.level, settings.minimumBytes, settings.types) = (level, minimumBytes, types)
        }
    }

    var gzip = Choice(level: 1, minimumBytes: 256, types: gzipTypes)
    var brotli = Choice(level: 4, minimumBytes: 20, types: brotliTypes)
    var zstd = Choice(level: 3, minimumBytes: 256, types: gzipTypes)

    func complete(_ settings: inout GlobalSettings) {
        settings.gzip = gzip.isOn ? gzip.settings : nil
        settings.brotli = brotli.isOn ? brotli.settings : nil
        settings.zstd = zstd.isOn ? zstd.settings : nil
    }
}

private func family(
    _ name: String, _ isOn: String, _ levels: ClosedRange<UInt32>,
    _ path: any WritableKeyPath<CompressionChoices, CompressionChoices.Choice> & Sendable
) -> [GlobalOptionDefinition] {
    let standard = CompressionChoices()[keyPath: path].settings
    return [
        GlobalOptionDefinition(isOn, .bool, default: "false", "Whether responses are compressed with \(name).") {
            value, options throws(ValueFault) in
            options.compression[keyPath: path].isOn = try ValueParser.bool(value)
        },
        GlobalOptionDefinition(
            "\(name)-level", .number, default: "\(standard.level)",
            "How hard \(name) tries, \(levels.lowerBound) to \(levels.upperBound)."
        ) { value, options throws(ValueFault) in
            let level = try ValueParser.count(value)
            guard levels.contains(level) else {
                throw ValueFault("must be \(levels.lowerBound) to \(levels.upperBound), not '\(value)'")
            }
            options.compression[keyPath: path].settings.level = level
        },
        GlobalOptionDefinition(
            "\(name)-min-length", .number, default: "\(standard.minimumBytes)",
            "Responses with fewer bytes stay as they are."
        ) { value, options throws(ValueFault) in
            options.compression[keyPath: path].settings.minimumBytes = try ValueParser.count(value)
        },
        GlobalOptionDefinition(
            "\(name)-types", .list, default: standard.types.joined(separator: " "),
            "The media types that \(name) compresses, text/html aside; `*` is any."
        ) { value, options throws(ValueFault) in
            options.compression[keyPath: path].settings.types = try mediaTypes(value)
        },
    ]
}

private func mediaTypes(_ value: String) throws(ValueFault) -> [String] {
    let types = value.split { $0.isWhitespace || $0 == "," }.map { $0.lowercased() }
    for type in types where type != "*" {
        let parts = type.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty,
            type.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ";") })
        else { throw ValueFault("'\(type)' is no media type") }
    }
    return types
}

/// Compression of responses. zstd is Portico's own addition.
let compressionOptions: [GlobalOptionDefinition] =
    family("gzip", "use-gzip", 1...9, \.gzip) + family("brotli", "enable-brotli", 1...11, \.brotli)
    + family("zstd", "enable-zstd", 1...19, \.zstd) + [
        GlobalOptionDefinition(
            "gzip-disable", .string, default: "", "A regular expression; a User-Agent that matches gets no gzip."
        ) { value, options throws(ValueFault) in
            if !value.isEmpty { try ValueParser.checkPattern(value) }
            options.compression.gzip.settings.excludedAgents = value.isEmpty ? [] : [value]
        }
    ]
