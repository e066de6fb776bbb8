import EventLoop
import Glibc
import PorticoModel
import Testing

@testable import ProxyCore

/// A policy with features.
private func policy(_ change: (inout RouteFeatures) -> Void) -> RoutePolicy {
    var policy = RoutePolicy()
    var features = RouteFeatures()
    change(&features)
    policy.features = features
    return policy
}

private func get(_ target: String = "/", _ fields: String = "", method: String = "GET") -> String {
    "\(method) \(target) HTTP/1.1\r\nHost: shop.example\r\n\(fields)\r\n"
}

/// Sends a request, answers it at the endpoint, and gives both messages.
private func exchange(
    _ worker: TestWorker, _ request: String, at endpoint: TestEndpoint? = nil,
    answering response: String = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
) throws -> (request: TestMessage, response: TestMessage) {
    let client = try worker.client()
    client.send(request)
    let upstream = try #require((endpoint ?? worker.endpoints[0]).accept())
    let received = upstream.readMessage()
    upstream.send(response)
    return (received, client.readMessage())
}

/// Sends a request that the proxy answers itself.
private func answer(_ worker: TestWorker, _ request: String) throws -> TestMessage {
    let client = try worker.client()
    client.send(request)
    return client.readMessage()
}

@Suite struct RewritingTests {
    @Test(arguments: [
        ("/api(/|$)(.*)", "/$2", "/api/v1/x?q=1", "/v1/x?q=1"), ("/api(/|$)(.*)", "/$2", "/API", "/"),
        ("/a/(.*)", "/b?x=$1", "/a/c%20d?y=2", "/b?x=c%20d&y=2"), ("/a/(.*)", "/b?x=1?", "/a/c?y=2", "/b?x=1"),
        ("/", "/fixed", "/anything", "/fixed"), ("/a/(.*)", "/$1", "/a/%C3%A9%3F", "/%C3%A9%3F"),
    ])
    func `the target is rewritten`(path: String, target: String, request: String, expected: String) throws {
        let policy = policy {
            $0.rewrite = RewritePolicy()
            $0.rewrite?.target = target
            $0.rewrite?.forwardedPrefix = "/prefix"
            $0.rewrite?.upstreamHost = "inner.example"
        }
        let worker = try TestWorker(
            policy: policy,
            route: { route in
                route.match = .regex
                route.path = path
            })
        let (received, response) = try exchange(worker, get(request))
        #expect(received.firstLine == "GET \(expected) HTTP/1.1")
        #expect(received.field("X-Forwarded-Prefix") == "/prefix")
        #expect(received.field("Host") == "inner.example")
        #expect(response.body == "ok")
    }

    @Test func `redirects are answered here`() throws {
        let redirecting = policy {
            $0.redirect = RedirectPolicy()
            $0.redirect?.status = 308
            $0.redirect?.location = "https://$host/new$request_uri"
        }
        let worker = try TestWorker(policy: redirecting, route: { $0.upstream = "" })
        let response = try answer(worker, get("/a?b"))
        #expect(response.status == 308)
        #expect(response.field("Location") == "https://shop.example/new/a?b")
    }

    @Test func `the root leads to the application, other paths do not`() throws {
        let rooted = policy {
            $0.rewrite = RewritePolicy()
            $0.rewrite?.applicationRoot = "/app"
        }
        let worker = try TestWorker(policy: rooted)
        let response = try answer(worker, get("/"))
        #expect(response.status == 302)
        #expect(response.field("Location") == "http://shop.example/app")
        #expect(try exchange(worker, get("/x")).request.firstLine == "GET /x HTTP/1.1")
    }

    @Test func `a hostile pattern costs one request`() throws {
        let worker = try TestWorker(
            route: { route in
                route.match = .regex
                route.path = "/(a+)+$"
            })
        let response = try answer(worker, get("/" + String(repeating: "a", count: 3_000) + "!"))
        #expect(response.status == 500)
        #expect(try exchange(worker, get("/aaa")).response.status == 200)
    }
}

@Suite struct AccessTests {
    private func limited(_ change: (inout AccessPolicy) -> Void) -> RoutePolicy {
        policy { features in
            var access = AccessPolicy()
            change(&access)
            features.access = access
        }
    }

    private func rule(_ block: String, _ allows: Bool) -> AddressRule {
        var rule = AddressRule()
        rule.block = block
        rule.allows = allows
        return rule
    }

    @Test func `addresses are refused and let in`() throws {
        let closed = try TestWorker(policy: limited { $0.addressRules = [rule("127.0.0.0/8", false)] })
        #expect(try answer(closed, get()).status == 403)
        let open = try TestWorker(
            policy: limited { $0.addressRules = [rule("127.0.0.1", true), rule("0.0.0.0/0", false)] })
        #expect(try exchange(open, get()).response.status == 200)
    }

    @Test func `agents and referers are blocked`() throws {
        let worker = try TestWorker {
            var agent = TextPattern()
            agent.text = "bad.*bot"
            agent.kind = .regexIgnoringCase
            $0.blockedAgents = [agent]
        }
        #expect(try answer(worker, get("/", "User-Agent: a BAD robot\r\n")).status == 403)
        #expect(try exchange(worker, get("/", "User-Agent: good\r\n")).response.status == 200)
    }

    private let users = LiveObject(
        .passwords, name: "default/users", content: Array("ann:$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/\n".utf8))

    private var guarded: RoutePolicy {
        limited { access in
            access.password = PasswordAuthentication()
            access.password?.secret = "default/users"
            access.password?.realm = "the \"realm\""
        }
    }

    @Test func `a password opens the route`() throws {
        let worker = try TestWorker(policy: guarded, objects: [users])
        let refused = try answer(worker, get())
        #expect(refused.status == 401)
        #expect(refused.field("WWW-Authenticate") == "Basic realm=\"the \\\"realm\\\"\"")
        // ann:wrong, then ann:secret twice: the second time from the cache.
        #expect(try answer(worker, get("/", "Authorization: Basic YW5uOndyb25n\r\n")).status == 401)
        for _ in 0..<2 {
            let (_, response) = try exchange(worker, get("/", "Authorization: Basic YW5uOnNlY3JldA==\r\n"))
            #expect(response.status == 200)
        }
    }

    @Test func `a body waits for the password`() throws {
        let worker = try TestWorker(policy: guarded, objects: [users])
        let client = try worker.client()
        client.send(
            "POST / HTTP/1.1\r\nHost: shop.example\r\nAuthorization: Basic YW5uOnNlY3JldA==\r\nContent-Length: 10\r\n\r\n01234"
        )
        client.send("56789")
        let upstream = try #require(worker.endpoints[0].accept())
        #expect(upstream.readMessage().body == "0123456789")
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        #expect(client.readMessage().status == 200)
    }

    @Test func `a route whose passwords are missing is closed`() throws {
        #expect(try answer(try TestWorker(policy: guarded), get()).status == 503)
    }

    @Test func `a rate is limited`() throws {
        let slow = policy {
            $0.limits = RateLimits()
            $0.limits?.requestsPerMinute = 1
            $0.limits?.burstMultiplier = 1
        }
        let worker = try TestWorker(policy: slow) { $0.limitRequestsStatus = 429 }
        for _ in 0..<2 { #expect(try exchange(worker, get()).response.status == 200) }
        #expect(try answer(worker, get()).status == 429)
    }

    @Test func `requests under way are limited`() throws {
        let narrow = policy {
            $0.limits = RateLimits()
            $0.limits?.connections = 1
        }
        let worker = try TestWorker(policy: narrow)
        let first = try worker.client()
        first.send(get())
        let upstream = try #require(worker.endpoints[0].accept())
        _ = upstream.readMessage()
        #expect(try answer(worker, get()).status == 503)
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        #expect(first.readMessage().status == 200)
        first.send(get())
        _ = upstream.readMessage()
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        #expect(first.readMessage().status == 200)
    }
}

@Suite struct ExternalAuthenticationTests {
    private var asking: RoutePolicy {
        policy { features in
            var target = RemoteTarget()
            target.upstream = "auth"
            target.host = "auth.example"
            target.requestTarget = "/check?host=$host"
            var external = ExternalAuthentication()
            external.target = target
            external.responseHeaders = ["X-User"]
            external.signInURL = "https://login.example/?rd=$escaped_request_uri"
            var access = AccessPolicy()
            access.external = external
            features.access = access
        }
    }

    @Test func `2xx lets the request pass with the service's fields`() throws {
        let worker = try TestWorker(policy: asking, others: ["auth"])
        let client = try worker.client()
        client.send(get("/a", "X-User: forged\r\nCookie: s=1\r\n"))
        let service = try #require(worker.others["auth"]?.accept())
        let question = service.readMessage()
        #expect(question.firstLine == "GET /check?host=shop.example HTTP/1.1")
        #expect(question.field("Host") == "auth.example")
        #expect(question.field("Cookie") == "s=1")
        #expect(question.field("X-Original-URL") == "http://shop.example/a")
        #expect(question.field("X-Original-Method") == "GET")
        service.send("HTTP/1.1 202 Accepted\r\nX-User: ann\r\nSet-Cookie: t=2\r\nContent-Length: 3\r\n\r\nyes")
        let upstream = try #require(worker.endpoints[0].accept())
        #expect(upstream.readMessage().field("X-User") == "ann")
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        let response = client.readMessage()
        #expect(response.status == 200)
        #expect(response.field("Set-Cookie") == "t=2")
    }

    @Test(arguments: [("401 Unauthorized", 302), ("403 Forbidden", 403), ("500 No", 500), ("302 Found", 500)])
    func `other answers refuse`(line: String, status: Int) throws {
        let worker = try TestWorker(policy: asking, others: ["auth"])
        let client = try worker.client()
        client.send(get("/a?b=c"))
        let service = try #require(worker.others["auth"]?.accept())
        _ = service.readMessage()
        service.send("HTTP/1.1 \(line)\r\nContent-Length: 0\r\n\r\n")
        let response = client.readMessage()
        #expect(response.status == status)
        if status == 302 {
            #expect(response.field("Location") == "https://login.example/?rd=%2Fa%3Fb%3Dc")
        }
    }

    @Test func `a service that is not there closes the route`() throws {
        let worker = try TestWorker(policy: asking)
        #expect(try answer(worker, get()).status == 500)
    }
}

@Suite struct ChoiceTests {
    @Test func `a canary takes what its header says`() throws {
        let worker = try TestWorker(
            others: ["canary"],
            route: { route in
                var alternative = RouteAlternative()
                alternative.upstream = "canary"
                alternative.header = "X-Canary"
                alternative.cookie = "canary"
                route.alternatives = [alternative]
            })
        #expect(
            try exchange(worker, get("/", "X-Canary: always\r\n"), at: worker.others["canary"]).response.status == 200)
        #expect(
            try exchange(worker, get("/", "Cookie: canary=always\r\n"), at: worker.others["canary"]).response.status
                == 200)
        #expect(try exchange(worker, get("/", "X-Canary: never\r\nCookie: canary=always\r\n")).response.status == 200)
        #expect(try exchange(worker, get()).response.status == 200)
    }

    @Test func `a session stays with its endpoint`() throws {
        let sticky = policy {
            $0.affinity = SessionAffinity()
            $0.affinity?.cookieName = "route"
        }
        let worker = try TestWorker(endpointCount: 3, policy: sticky)
        let client = try worker.client()
        client.send(get())
        let chosen = try #require(worker.firstToBeCalled())
        let first = try #require(worker.endpoints[chosen].accept())
        _ = first.readMessage()
        first.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        let response = client.readMessage()
        let cookie = try #require(response.field("Set-Cookie"))
        #expect(cookie.hasPrefix("route=") && cookie.hasSuffix("; Path=/; HttpOnly"))
        let endpoint = worker.endpoints[chosen]
        let pair = cookie.split(separator: ";")[0]
        for _ in 0..<4 {
            let (_, again) = try exchange(
                worker, get("/", "Cookie: a=b; \(pair)\r\n"), at: endpoint,
                answering: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            #expect(again.status == 200 && again.field("Set-Cookie") == nil)
        }
    }

    @Test func `an error page comes from another service`() throws {
        let paged = policy {
            $0.errorPages = ErrorPagePolicy()
            $0.errorPages?.statuses = [404, 503]
            $0.errorPages?.upstream = "errors"
            $0.errorPages?.interceptsResponses = true
        }
        let worker = try TestWorker(policy: paged, others: ["errors"])
        let client = try worker.client()
        client.send(get("/lost?x", "Accept: text/plain\r\n"))
        let upstream = try #require(worker.endpoints[0].accept())
        _ = upstream.readMessage()
        upstream.send("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nlost")
        let service = try #require(worker.others["errors"]?.accept())
        let question = service.readMessage()
        #expect(question.firstLine == "GET / HTTP/1.1")
        #expect(question.field("X-Code") == "404")
        #expect(question.field("X-Format") == "text/plain")
        #expect(question.field("X-Original-URI") == "/lost?x")
        #expect(question.field("X-Ingress-Name") == "shop")
        service.send("HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nsorry")
        let response = client.readMessage()
        #expect(response.status == 404 && response.body == "sorry")
    }

    @Test func `another service takes the requests of a route without endpoints as they are`() throws {
        let spoken = policy {
            $0.errorPages = ErrorPagePolicy()
            $0.errorPages?.fallbackUpstream = "fallback"
        }
        let worker = try TestWorker(endpointCount: 0, policy: spoken, others: ["fallback"])
        let client = try worker.client()
        client.send(get("/alma?x", "Content-Length: 5\r\n", method: "POST") + "hello")
        let service = try #require(worker.others["fallback"]?.accept())
        let question = service.readMessage()
        #expect(question.firstLine == "POST /alma?x HTTP/1.1" && question.body == "hello")
        #expect(question.field("X-Code") == "503" && question.field("X-Ingress-Name") == "shop")
        #expect(question.field("X-Original-URI") == "/alma?x")
        service.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        #expect(client.readMessage().body == "ok")
    }

    @Test func `a mirror gets a copy and its answer is nobody's`() throws {
        let mirrored = policy {
            var target = RemoteTarget()
            target.upstream = "mirror"
            target.host = "mirror.example"
            target.requestTarget = "/copy$request_uri"
            $0.mirror = MirrorPolicy()
            $0.mirror?.target = target
            $0.mirror?.sendsBody = true
        }
        let worker = try TestWorker(policy: mirrored, others: ["mirror"])
        let client = try worker.client()
        client.send("POST /a HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 5\r\n\r\nhello")
        let copy = try #require(worker.others["mirror"]?.accept())
        let received = copy.readMessage()
        #expect(received.firstLine == "POST /copy/a HTTP/1.1" && received.body == "hello")
        #expect(received.field("Host") == "mirror.example")
        let upstream = try #require(worker.endpoints[0].accept())
        #expect(upstream.readMessage().body == "hello")
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        // The client has its answer while the mirror says nothing.
        #expect(client.readMessage().body == "ok")
        copy.send("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
    }
}

@Suite struct ResponseFeatureTests {
    private var open: RoutePolicy {
        policy {
            $0.crossOrigin = CrossOriginPolicy()
            $0.crossOrigin?.origins = ["https://a.example", "https://*.b.example"]
            $0.crossOrigin?.methods = "GET, PUT"
            $0.crossOrigin?.headers = "X-A"
            $0.crossOrigin?.allowsCredentials = true
            $0.crossOrigin?.maximumAgeSeconds = 600
        }
    }

    @Test func `a preflight is answered here`() throws {
        let worker = try TestWorker(policy: open)
        let response = try answer(worker, get("/", "Origin: https://x.b.example\r\n", method: "OPTIONS"))
        #expect(response.status == 204)
        #expect(response.field("Access-Control-Allow-Origin") == "https://x.b.example")
        #expect(response.field("Access-Control-Allow-Methods") == "GET, PUT")
        #expect(response.field("Access-Control-Max-Age") == "600")
    }

    @Test(arguments: [("https://a.example", true), ("https://b.example", false), ("https://x.y.b.example", false)])
    func `an origin is told whether it may read`(origin: String, isAllowed: Bool) throws {
        let worker = try TestWorker(policy: open)
        let (_, response) = try exchange(
            worker, get("/", "Origin: \(origin)\r\n"),
            answering: "HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 0\r\n\r\n")
        #expect(response.field("Access-Control-Allow-Origin") == (isAllowed ? origin : "*"))
    }

    @Test func `headers are set, added and hidden`() throws {
        let changed = policy {
            var set = HeaderAssignment()
            set.name = "X-Set"
            set.value = "for $host"
            var request = HeaderAssignment()
            request.name = "X-Real-IP"
            request.value = "hidden"
            $0.headers = HeaderPolicy()
            $0.headers?.responseHeaders = [set]
            $0.headers?.requestHeaders = [request]
            $0.headers?.hiddenHeaders = ["x-inner"]
        }
        let worker = try TestWorker(policy: changed)
        let (received, response) = try exchange(
            worker, get(), answering: "HTTP/1.1 200 OK\r\nX-Inner: 1\r\nX-Set: 2\r\nContent-Length: 0\r\n\r\n")
        #expect(received.field("X-Real-IP") == "hidden")
        #expect(response.field("X-Set") == "for shop.example")
        #expect(response.field("X-Inner") == nil)
    }

    @Test func `locations and cookies are rewritten`() throws {
        let rewriting = policy {
            var location = TextReplacement()
            location.from = "http://inner.example/"
            location.to = "https://$host/"
            var domain = TextReplacement()
            domain.from = "inner.example"
            domain.to = "shop.example"
            var path = TextReplacement()
            path.from = "/inner"
            path.to = "/"
            $0.responseRewriting = ResponseRewriting()
            $0.responseRewriting?.locations = [location]
            $0.responseRewriting?.cookieDomains = [domain]
            $0.responseRewriting?.cookiePaths = [path]
        }
        let worker = try TestWorker(policy: rewriting)
        let (_, response) = try exchange(
            worker, get(),
            answering: """
                HTTP/1.1 302 Found\r
                Location: http://inner.example/x\r
                Set-Cookie: a=b; Domain=.inner.example; Path=/inner/c; Secure\r
                Content-Length: 0\r\n\r\n
                """)
        #expect(response.field("Location") == "https://shop.example/x")
        #expect(response.field("Set-Cookie") == "a=b; Domain=shop.example; Path=//c; Secure")
    }

    @Test(arguments: [("gzip", "gzip"), ("br;q=0.5, gzip;q=0.4", "br"), ("gzip, br", "br"), ("identity", nil)])
    func `responses are compressed as the client likes it`(accepted: String, coding: String?) throws {
        let worker = try TestWorker {
            var settings = CompressionSettings()
            settings.level = 5
            settings.minimumBytes = 100
            settings.types = ["text/plain"]
            $0.gzip = settings
            $0.brotli = settings
        }
        let body = String(repeating: "hello ", count: 2_000)
        let (_, response) = try exchange(
            worker, get("/", "Accept-Encoding: \(accepted)\r\n"),
            answering: "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nETag: \"1\"\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n" + body)
        #expect(response.field("Content-Encoding") == coding)
        #expect(response.field("Vary") == "Accept-Encoding")
        #expect(response.field("ETag") == (coding == nil ? "\"1\"" : "W/\"1\""))
        #expect(response.field("Transfer-Encoding") == (coding == nil ? nil : "chunked"))
    }

    @Test func `small and coded responses stay as they are`() throws {
        let worker = try TestWorker {
            var settings = CompressionSettings()
            settings.minimumBytes = 100
            $0.gzip = settings
        }
        for head in ["Content-Type: text/html\r\n", "Content-Type: text/html\r\nContent-Encoding: br\r\n"] {
            let (_, response) = try exchange(
                worker, get("/", "Accept-Encoding: gzip\r\n"),
                answering: "HTTP/1.1 200 OK\r\n\(head)Content-Length: 2\r\n\r\nok")
            #expect(response.body == "ok")
        }
    }
}

@Suite struct DirectiveTests {
    @Test func `directives set, test, answer and change headers`() throws {
        let directed = policy {
            var program = SnippetProgram()
            program.variables = ["kind"]
            var condition = SnippetCondition()
            condition.left = "$http_x_kind"
            condition.comparison = .matches
            condition.right = "^(a+)$"
            program.conditions = [condition]
            var test = SnippetOperation()
            test.kind = .test
            var set = SnippetOperation()
            set.kind = .set
            set.guard = 1
            set.text = "kind-$1"
            var refuse = SnippetOperation()
            refuse.kind = .answer
            refuse.index = 418
            refuse.text = "no $arg_name"
            var second = SnippetCondition()
            second.left = "$arg_name"
            program.conditions.append(second)
            var testName = SnippetOperation()
            testName.kind = .test
            testName.index = 1
            refuse.guard = 2
            program.operations = [test, set, testName, refuse]
            var header = SnippetHeader()
            header.action = .set
            header.name = "X-Kind"
            header.value = "$kind"
            program.requestHeaders = [header]
            program.responseHeaders = [header]
            $0.snippet = program
        }
        let worker = try TestWorker(policy: directed)
        let refused = try answer(worker, get("/?name=bob"))
        #expect(refused.status == 418 && refused.body == "no bob")
        let (received, response) = try exchange(worker, get("/", "X-Kind: aaa\r\n"))
        #expect(received.field("X-Kind") == "kind-aaa")
        #expect(response.field("X-Kind") == "kind-aaa")
        #expect(try exchange(worker, get("/", "X-Kind: b\r\n")).response.field("X-Kind") == nil)
    }
}
