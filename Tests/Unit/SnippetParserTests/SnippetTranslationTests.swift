import PorticoModel
import SnippetParser
import Testing

@Suite struct SnippetTranslationTests {
    private func translate(_ text: String, _ context: SnippetContext = .location) -> SnippetTranslation {
        .of(text, context: context)
    }

    @Test func `Headers keep their order, condition and restrictions`() {
        let found = translate(
            """
            add_header X-A "$host" always;
            more_set_headers -s '404 500' "X-B: b" 'X-C: c';
            more_clear_headers X-Powered-*;
            if ($http_x_debug = "1") { more_set_headers "X-Debug: on"; }
            more_set_input_headers "X-In: $request_id";
            proxy_hide_header X-Secret;
            expires 1h;
            """)
        #expect(found.findings.isEmpty)
        let headers = found.program.responseHeaders
        #expect(headers.map(\.action) == [.add, .set, .set, .clear, .set, .hide, .expires])
        #expect(headers.map(\.guard) == [0, 0, 0, 0, 1, 0, 0])
        #expect(headers[1].statuses == [404, 500])
        #expect(headers.last?.seconds == 3_600)
        #expect(found.program.requestHeaders.map(\.name) == ["X-In"])
        #expect(found.program.conditions.map(\.comparison) == [.equal])
    }

    @Test func `The rewrite phase is a list of operations`() {
        let found = translate(
            """
            set $mobile 0;
            if ($http_user_agent ~* "android|iphone") { set $mobile 1; }
            if ($mobile) { rewrite ^/(.*)$ /m/$1 last; }
            if ($request_method !~ ^(GET|HEAD)$) { return 405; }
            return 301 https://$host$request_uri;
            """)
        #expect(found.findings.isEmpty)
        #expect(found.program.variables == ["mobile"])
        #expect(
            found.program.operations.map(\.kind) == [.set, .test, .set, .test, .rewrite, .test, .answer, .answer])
        #expect(found.program.operations.map(\.guard) == [0, 0, 1, 0, 2, 0, 3, 0])
        #expect(found.program.operations[4].flag == .rerouted)
        #expect(found.program.operations[6].index == 405)
        #expect(found.program.conditions.map(\.comparison) == [.matchesIgnoringCase, .isTrue, .doesNotMatch])
    }

    @Test func `Addresses, methods and values of annotations become policies`() {
        let found = translate(
            """
            allow 10.0.0.0/8; allow 2001:db8::1; deny all;
            limit_except GET POST { deny all; }
            proxy_read_timeout 2m; client_max_body_size 8m; proxy_buffers 8 16k; proxy_next_upstream error http_502;
            proxy_cache zone; proxy_cache_valid 200 1h;
            """)
        #expect(found.findings.isEmpty)
        #expect(found.addressRules.map(\.block) == ["10.0.0.0/8", "2001:db8::1/128", "0.0.0.0/0", "::/0"])
        #expect(found.methodLimits.map(\.methods) == [["GET", "POST"]])
        var policy = RoutePolicy()
        for setting in found.settings { setting.apply(to: &policy) }
        #expect(policy.readTimeoutMilliseconds == 120_000 && policy.maximumBodyBytes == 8 << 20)
        #expect(policy.responseBufferCount == 8 && policy.retryConditions == [.error, .http502])
        #expect(found.program.cache?.names == ["proxy_cache", "proxy_cache_valid"])
    }

    @Test(arguments: [
        ("location = /status { return 200 ok; }", PathMatch.exact, "/status"),
        ("location /a { return 403; }", .stringPrefix, "/a"), ("location ^~ /b { return 403; }", .firmPrefix, "/b"),
        ("location ~ ^/c$ { return 403; }", .caseSensitiveRegex, "/c$"),
        ("location ~* \\.php$ { return 403; }", .regex, "(?s:.*?)(?:\\.php$)"),
    ])
    func `Locations become routes`(text: String, match: PathMatch, path: String) {
        let found = translate(text, .server)
        #expect(found.findings.isEmpty)
        #expect(found.locations.map(\.match) == [match])
        #expect(found.locations.map(\.path) == [path])
        #expect(found.locations.first?.translation.program.operations.map(\.kind) == [.answer])
    }

    @Test(arguments: [
        ("proxy_pass http://x;", false), ("\n\nauth_request /x;", true), ("access_by_lua_block { x }", true),
        ("sub_filter a b;", false), ("deny nowhere;", true), ("if ($nobody) { return 403; }", true),
        ("if (-f $request_filename) { return 403; }", true), ("add_header X-A $nobody;", false),
        ("limit_req zone=a;", true), ("allow", true), ("return 403", true), ("frobnicate on;", false),
        ("add_header \"X A\" b;", false), ("add_header X-A \"a\\nb\";", false), ("rewrite ( /x;", false),
        ("include /etc/nginx/deny.conf;", true), ("if ($a = b) { deny all; }", true),
    ])
    func `What has no place is named with its line, and never opens what it was to close`(
        text: String, restricts: Bool
    ) {
        let found = translate(text)
        #expect(found.findings.count >= 1)
        #expect(found.isWithholding == restricts)
        #expect(found.findings.first?.line == (text.hasPrefix("\n\n") ? 3 : 1))
    }

    @Test func `Programs that follow each other keep their conditions and variables apart`() {
        var program = translate("set $a 1; if ($a) { set $b 2; }").program
        program.append(translate("set $b 3; if ($b = 3) { return 200 $b; add_header X-B b; }").program)
        #expect(program.variables == ["a", "b"])
        #expect(program.operations.map(\.guard) == [0, 0, 1, 0, 0, 2])
        #expect(program.operations.map(\.index) == [0, 0, 1, 1, 1, 200])
        #expect(program.responseHeaders.map(\.guard) == [2])
    }
}
