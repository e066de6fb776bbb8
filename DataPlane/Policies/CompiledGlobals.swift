import HTTPCore
import Patterns
import PorticoModel

/// What the ConfigMap says for every request, made ready once per change of it.
package final class CompiledGlobals {
    package let blockedAddresses: AddressBlocks?
    package let blockedAgents: TextPatternList?
    package let blockedReferers: TextPatternList?
    package let requestHeaders: [CompiledAssignment]
    package let responseHeaders: [CompiledAssignment]
    package let hiddenHeaders: [[UInt8]]
    package let compression: [CompiledCompression]
    /// Nil: ingress-nginx's own format, which has a faster writer.
    package let logFormat: CompiledTemplate?
    package let logEscaping: LogEscaping
    package let unloggedTargets: TextPatternList?
    /// Nil: the client's address.
    package let limitKey: CompiledTemplate?
    /// ingress-nginx's own log format, for requests whose route has features.
    package let standardLogFormat: CompiledTemplate
    package let tracing: TracingSettings
    /// Of texts that snippets answer with.
    package let mediaType: [UInt8]
    /// Some of it concerns the request or the response of every route.
    package let concernsRequests: Bool

    package init(_ settings: GlobalSettings) {
        var custom = CustomVariables()
        blockedAddresses = settings.blockedAddresses.isEmpty ? nil : AddressBlocks(settings.blockedAddresses)
        blockedAgents = TextPatternList(settings.blockedAgents)
        blockedReferers = TextPatternList(settings.blockedReferers)
        requestHeaders = CompiledAssignment.list(settings.requestHeaders, custom: &custom)
        responseHeaders = CompiledAssignment.list(settings.responseHeaders, custom: &custom)
        hiddenHeaders = settings.hiddenHeaders.map { Array($0.utf8) }
        compression = CompiledCompression.list(settings)
        logFormat = settings.logFormat.flatMap { CompiledTemplate($0.template, custom: &custom) }
        logEscaping = settings.logFormat?.escaping ?? .standard
        unloggedTargets = TextPatternList(settings.unloggedTargets)
        limitKey =
            settings.limitKey == "$binary_remote_addr" ? nil : CompiledTemplate(settings.limitKey, custom: &custom)
        tracing = settings.tracing
        mediaType = Array((settings.mediaType.isEmpty ? "text/html" : settings.mediaType).utf8)
        standardLogFormat = CompiledTemplate(Self.standardFormat, custom: &custom)!
        concernsRequests =
            blockedAddresses != nil || blockedAgents != nil || blockedReferers != nil || !requestHeaders.isEmpty
            || !responseHeaders.isEmpty || !hiddenHeaders.isEmpty || !compression.isEmpty
            || settings.logsAccess && (logFormat != nil || unloggedTargets != nil)
    }

    private static let standardFormat = """
        $remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" \
        "$http_user_agent" $request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] \
        $upstream_addr $upstream_response_length $upstream_response_time $upstream_status $req_id
        """
}

/// `CompressionSettings`, ready.
package final class CompiledCompression {
    /// The codings in order of preference among those that a client weighs alike.
    package enum Coding: UInt8, Sendable {
        case zstd, brotli, gzip

        package var name: StaticString {
            switch self {
            case .zstd: "zstd"
            case .brotli: "br"
            case .gzip: "gzip"
            }
        }
    }

    package let coding: Coding
    package let level: Int
    package let minimumBytes: UInt64
    package let types: MediaTypes
    private let excludedAgents: TextPatternList?

    private init(_ coding: Coding, _ settings: CompressionSettings) {
        self.coding = coding
        level = Int(settings.level)
        minimumBytes = UInt64(settings.minimumBytes)
        types = MediaTypes(settings.types + ["text/html"])
        excludedAgents = TextPatternList(
            settings.excludedAgents.map { text in
                var pattern = TextPattern()
                pattern.text = text
                pattern.kind = .regexIgnoringCase
                return pattern
            })
    }

    static func list(_ settings: GlobalSettings) -> [CompiledCompression] {
        [(Coding.zstd, settings.zstd), (.brotli, settings.brotli), (.gzip, settings.gzip)].compactMap {
            coding, settings in
            settings.map { CompiledCompression(coding, $0) }
        }
    }

    package func excludes(_ agent: UnsafeRawBufferPointer, _ captures: Captures) -> Bool {
        excludedAgents?.matches(agent, captures) ?? false
    }
}
