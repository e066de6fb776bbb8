import PorticoModel

/// Policies in which every field differs from its default.
enum PolicySamples {
    static var everyFeature: RouteFeatures {
        var features = RouteFeatures()
        features.rewrite = make(RewritePolicy()) {
            ($0.target, $0.applicationRoot, $0.forwardedPrefix, $0.upstreamHost) = ("/$1", "/app", "/p", "$host")
        }
        features.redirect = make(RedirectPolicy()) { ($0.status, $0.location) = (301, "https://x$request_uri") }
        features.responseRewriting = make(ResponseRewriting()) {
            $0.cookieDomains = [replacement("a.test", "b.test", .exact)]
            $0.cookiePaths = [replacement("/a", "/b", .regexIgnoringCase)]
            $0.locations = [replacement("http://a/", "/", .regex), TextReplacement()]
        }
        features.errorPages = make(ErrorPagePolicy()) {
            ($0.statuses, $0.upstream, $0.fallbackUpstream) = ([404, 503], "errors", "fallback")
            $0.interceptsResponses = true
        }
        features.balancing = make(BalancingPolicy()) {
            ($0.algorithm, $0.hashKey, $0.subsetSize) = (.hash, "$request_uri", 3)
        }
        features.affinity = make(SessionAffinity()) {
            ($0.cookieName, $0.cookiePath, $0.cookieDomain) = ("route", "/", "x.test")
            ($0.expiresSeconds, $0.maximumAgeSeconds, $0.sameSite) = (.max, 7, .none)
            $0.isPartitioned = true
            ($0.omitsSameSiteNone, $0.secure, $0.changesOnFailure) = (true, .never, true)
            ($0.mode, $0.ignoresCanaries) = (.persistent, true)
        }
        features.headers = make(HeaderPolicy()) {
            $0.requestHeaders = [header("X-A", "$host"), header("X-B", "")]
            $0.responseHeaders = [header("X-C", "c")]
            ($0.hiddenHeaders, $0.connectionHeader) = (["x-d"], "keep-alive")
        }
        features.access = access
        features.limits = make(RateLimits()) {
            ($0.connections, $0.requestsPerSecond, $0.requestsPerMinute, $0.burstMultiplier) = (1, 2, 3, 4)
            ($0.allowedBlocks, $0.responseBytesPerSecond, $0.responseRateAfterBytes) = (["::/0"], .max, 6)
        }
        features.crossOrigin = make(CrossOriginPolicy()) {
            ($0.origins, $0.methods, $0.headers, $0.exposedHeaders) = (["*", "https://*.x.test"], "GET", "A", "B")
            ($0.allowsCredentials, $0.maximumAgeSeconds) = (true, 9)
        }
        features.mirror = make(MirrorPolicy()) { ($0.target, $0.sendsBody) = (target, true) }
        features.upstreamTLS = make(UpstreamTLS()) {
            ($0.secret, $0.verifies, $0.depth, $0.name, $0.sendsServerName) = ("n/s", true, 3, "x.test", true)
            ($0.protocols, $0.ciphers) = ([.tls13], "HIGH")
        }
        features.snippet = snippet
        features.fastCGI = make(FastCGIPolicy()) { ($0.index, $0.parameters) = ("index.php", [header("A", "$host")]) }
        features.firewall = make(FirewallPolicy()) {
            ($0.rules, $0.usesCoreRules, $0.transactionID) = ("SecRuleEngine On", true, "$req_id")
        }
        features.spanName = "HTTP $request_method"
        return features
    }

    static var hostTLS: VirtualHostTLS {
        make(VirtualHostTLS()) {
            ($0.certificates, $0.ciphers, $0.followsClientCiphers) = (["a/b", "a/c"], "HIGH", true)
            ($0.passthroughUpstream, $0.isServed) = ("a-b-443", false)
            $0.clientCertificates = make(ClientCertificatePolicy(authorities: "a/ca")) {
                ($0.verification, $0.depth, $0.errorPage) = (.optionalWithoutAuthority, 2, "https://x.test/")
                ($0.passesCertificate, $0.subjectPattern) = (true, "CN=x")
            }
        }
    }

    static var settingsTLS: TLSSettings {
        make(TLSSettings()) {
            ($0.protocols, $0.ciphers, $0.curves, $0.defaultCertificate) = ([.tls12], "HIGH", "X25519", "a/b")
            ($0.rejectsUnknownHosts, $0.cachesSessions, $0.sessionCacheCount) = (true, false, 1)
            ($0.issuesTickets, $0.sessionTimeoutSeconds, $0.recordBytes) = (true, 2, 3)
            ($0.staplesOCSP, $0.keyExchangeParameters) = (true, "a/dh")
            ($0.handshakeTimeoutMilliseconds, $0.maximumHandshakes) = (4, 5)
            ($0.strictTransportSecurity, $0.unredirectedPaths) = ("", [])
        }
    }

    static var alternative: RouteAlternative {
        make(RouteAlternative()) {
            ($0.upstream, $0.ingress) = ("canary", ObjectName(namespace: "a", name: "b"))
            ($0.header, $0.headerValue, $0.headerPattern, $0.cookie) = ("h", "v", "p", "c")
            ($0.weight, $0.weightTotal, $0.ignoresAffinity) = (10, 1000, true)
        }
    }

    static func setPolicies(of settings: inout GlobalSettings) {
        settings.usesRealIP = true
        settings.forwardedForProxyProtocolHeader = "X-P"
        settings.requestHeaders = [header("A", "$scheme")]
        settings.responseHeaders = [header("B", "b")]
        settings.hiddenHeaders = ["c"]
        let compression = make(CompressionSettings()) {
            ($0.level, $0.minimumBytes, $0.types, $0.excludedAgents) = (5, 256, ["text/css"], ["MSIE"])
        }
        (settings.gzip, settings.brotli, settings.zstd) = (compression, compression, compression)
        settings.blockedAddresses = ["192.0.2.0/24"]
        settings.blockedAgents = [pattern]
        settings.blockedReferers = [pattern]
        settings.limitKey = "$host"
        (settings.limitRequestsStatus, settings.limitConnectionsStatus, settings.redirectStatus) = (429, 430, 301)
        settings.logFormat = make(LogFormat()) { ($0.template, $0.escaping) = ("$status", .json) }
        settings.unloggedTargets = [pattern]
        settings.logsDefaultBackend = true
        settings.usesGeoDatabases = true
        settings.mediaType = "text/plain"
    }

    private static var access: AccessPolicy {
        make(AccessPolicy()) {
            $0.addressRules = [rule]
            $0.methodLimits = [make(MethodLimit()) { ($0.methods, $0.rules) = (["GET"], [rule]) }]
            $0.satisfiesAny = true
            $0.password = make(PasswordAuthentication()) {
                ($0.secret, $0.realm, $0.isDigest) = ("a/b", "r", true)
            }
            $0.external = external
        }
    }

    private static var external: ExternalAuthentication {
        make(ExternalAuthentication()) {
            ($0.target, $0.method, $0.signInURL) = (target, "HEAD", "https://x")
            ($0.responseHeaders, $0.requestRedirect) = (["X-User"], "$request_uri")
            ($0.setHeaders, $0.alwaysSetsCookie, $0.cacheKey) = ([header("a", "b")], true, "$cookie_a")
            $0.cacheDurations = [make(CacheDuration()) { ($0.statuses, $0.milliseconds) = ([200, 401], 5_000) }]
            ($0.keepAliveConnections, $0.keepAliveRequests, $0.keepAliveTimeoutMilliseconds) = (1, 2, 3)
            ($0.keepAliveSharesVariables, $0.snippet) = (true, snippet)
        }
    }

    private static var snippet: SnippetProgram {
        make(SnippetProgram()) {
            $0.variables = ["a"]
            $0.hostOperations = 1
            $0.mediaType = "text/plain"
            $0.conditions = [
                make(SnippetCondition()) { ($0.left, $0.comparison, $0.right) = ("$host", .doesNotMatch, "x") }
            ]
            $0.operations = [
                make(SnippetOperation()) {
                    ($0.kind, $0.guard, $0.index) = (.rewrite, 1, 2)
                    ($0.text, $0.pattern, $0.flag) = ("/", "^/a", .permanent)
                }
            ]
            let header = make(SnippetHeader()) {
                ($0.action, $0.guard, $0.name, $0.value) = (.expires, 1, "n", "v")
                ($0.statuses, $0.always, $0.mediaTypes, $0.seconds) = ([200], true, ["text/html"], -1)
            }
            ($0.requestHeaders, $0.responseHeaders) = ([header], [header])
            $0.cache = make(CacheDirectives()) { ($0.names, $0.values) = (["proxy_cache"], ["zone"]) }
        }
    }

    private static var target: RemoteTarget {
        make(RemoteTarget()) {
            ($0.upstream, $0.usesTLS, $0.host, $0.requestTarget) = ("auth", true, "x.test", "/verify")
        }
    }

    private static var rule: AddressRule { make(AddressRule()) { ($0.block, $0.allows) = ("10.0.0.0/8", true) } }

    private static var pattern: TextPattern {
        make(TextPattern()) { ($0.text, $0.kind) = ("bot", .regexIgnoringCase) }
    }

    private static func replacement(_ from: String, _ to: String, _ kind: TextMatch) -> TextReplacement {
        make(TextReplacement()) { ($0.from, $0.to, $0.kind) = (from, to, kind) }
    }

    private static func header(_ name: String, _ value: String) -> HeaderAssignment {
        make(HeaderAssignment()) { ($0.name, $0.value) = (name, value) }
    }

    private static func make<Value>(_ value: Value, _ change: (inout Value) -> Void) -> Value {
        var value = value
        change(&value)
        return value
    }
}
