import CCurl

/// Says to libcurl what a request and a connection are.
struct TransferSetup {
    private static let connectSeconds = 10
    /// A peer whose machine acknowledges nothing for so long is gone.
    private static let unacknowledgedMilliseconds = 20_000
    private static let keepaliveIdleSeconds = 30
    private static let keepaliveIntervalSeconds = 5

    let handle: UnsafeMutableRawPointer
    let request: APIRequest
    let parameters: ConnectionParameters
    /// To be freed after the transfer.
    private(set) var lists: [UnsafeMutablePointer<curl_slist>?] = []

    init(handle: UnsafeMutableRawPointer, request: APIRequest, parameters: ConnectionParameters) {
        self.handle = handle
        self.request = request
        self.parameters = parameters
    }

    mutating func apply() {
        set(CURLOPT_NOSIGNAL, 1)
        setAddress()
        setTimes()
        setTransport()
        setTrust()
        setMessage()
    }

    // MARK: Where to

    private mutating func setAddress() {
        let server = ServerURL(parameters.server)
        var base = parameters.server
        if let name = parameters.tlsServerName, let server, server.scheme == "https" {
            // libcurl takes the name for TLS from the URL; the connection goes to the server all the same.
            base = "https://\(name):\(server.port)\(server.path)"
            setList(CURLOPT_CONNECT_TO, ["::\(server.host):\(server.port)"])
        }
        set(CURLOPT_URL, base + request.path + TransferSetup.queryText(request.query))
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        if let proxy = parameters.proxyURL {
            set(CURLOPT_PROXY, proxy)
        } else if server?.isLoopback == true {
            set(CURLOPT_PROXY, "")
        }
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        if request.needsNewConnection { set(CURLOPT_FRESH_CONNECT, 1) }
    }

    private static func queryText(_ items: [APIRequest.QueryItem]) -> String {
        guard !items.isEmpty else { return "" }
        return "?" + items.map { "\($0.name)=\(escaped($0.value))" }.joined(separator: "&")
    }

    private static func escaped(_ text: String) -> String {
        var escaped: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                escaped.append(byte)
            default:
                let digits = Array("0123456789ABCDEF".utf8)
                escaped += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: escaped, as: UTF8.self)
    }

    // MARK: How

    private func setTimes() {
        set(CURLOPT_TIMEOUT_MS, Int((request.timeoutSeconds * 1_000).rounded(.up)))
        set(CURLOPT_CONNECTTIMEOUT, TransferSetup.connectSeconds)
        set(CURLOPT_TCP_KEEPALIVE, 1)
        set(CURLOPT_TCP_KEEPIDLE, TransferSetup.keepaliveIdleSeconds)
        set(CURLOPT_TCP_KEEPINTVL, TransferSetup.keepaliveIntervalSeconds)
        _ = portico_curl_set_unacknowledged_limit(handle, TransferSetup.unacknowledgedMilliseconds)
    }

    private func setTransport() {
        set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS)
        // A second request waits to learn whether the first one's connection carries both.
        set(CURLOPT_PIPEWAIT, 1)
    }

    private func setTrust() {
        if parameters.skipsVerification {
            set(CURLOPT_SSL_VERIFYPEER, 0)
            set(CURLOPT_SSL_VERIFYHOST, 0)
        }
        set(CURLOPT_CAINFO_BLOB, parameters.certificateAuthority)
        set(CURLOPT_SSLCERT_BLOB, parameters.clientCertificate)
        set(CURLOPT_SSLKEY_BLOB, parameters.clientKey)
        if let user = parameters.user {
            set(CURLOPT_USERNAME, user)
            set(CURLOPT_PASSWORD, parameters.password ?? "")
        }
    }

    // MARK: What

    private mutating func setMessage() {
        var headers = ["Accept: \(request.accept)", "User-Agent: portico"]
        if parameters.tlsServerName != nil, let server = ServerURL(parameters.server) {
            headers.append("Host: \(server.authority)")
        }
        if let token = parameters.bearerToken { headers.append("Authorization: Bearer \(token)") }
        headers += parameters.headers.map { "\($0.name): \($0.value)" }
        if let body = request.body {
            // No waiting for "100 Continue".
            headers += ["Content-Type: \(request.contentType)", "Expect:"]
            _ = portico_curl_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, Int64(body.count))
            body.withUnsafeBytes { bytes in
                let pointer = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
                _ = portico_curl_set_pointer(handle, CURLOPT_COPYPOSTFIELDS, pointer)
            }
        }
        if request.method != .get || request.body != nil { set(CURLOPT_CUSTOMREQUEST, request.method.rawValue) }
        setList(CURLOPT_HTTPHEADER, headers)
    }

    // MARK: Options

    private func set(_ option: CURLoption, _ value: Int) { _ = portico_curl_set_long(handle, option, value) }

    private func set(_ option: CURLoption, _ value: String) { _ = portico_curl_set_string(handle, option, value) }

    private func set(_ option: CURLoption, _ bytes: [UInt8]?) {
        guard let bytes, !bytes.isEmpty else { return }
        bytes.withUnsafeBytes { _ = portico_curl_set_blob(handle, option, $0.baseAddress, $0.count) }
    }

    private mutating func setList(_ option: CURLoption, _ lines: [String]) {
        let list = lines.reduce(nil as UnsafeMutablePointer<curl_slist>?) { curl_slist_append($0, $1) }
        lists.append(list)
        _ = portico_curl_set_list(handle, option, list)
    }
}
