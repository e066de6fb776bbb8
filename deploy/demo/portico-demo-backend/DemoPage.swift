import FlyingFox
import Foundation

/// The answer of a demo service: a page for a browser, plain text for anything else.
struct DemoPage {
    let endpoint: DemoEndpoint
    let request: HTTPRequest

    var response: HTTPResponse {
        let wantsPage = request.headers[HTTPHeader("Accept")]?.contains("text/html") == true
        let type = wantsPage ? "text/html; charset=utf-8" : "text/plain; charset=utf-8"
        return HTTPResponse(
            statusCode: .ok, headers: [.contentType: type], body: Data((wantsPage ? page : text).utf8))
    }

    private var target: String {
        let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
        return query.isEmpty ? request.path : "\(request.path)?\(query)"
    }

    /// By name, after those that the gateway added.
    private var headers: [(name: String, value: String)] {
        request.headers.map { ($0.key.rawValue, $0.value) }.sorted { rank($0.name) < rank($1.name) }
    }

    private func rank(_ name: String) -> (Int, String) { (name.hasPrefix("X-") ? 0 : 1, name.lowercased()) }

    private var text: String {
        let lines = headers.map { "  \($0.name): \($0.value)" }.joined(separator: "\n")
        return """
            service   \(endpoint.service)
            endpoint  \(endpoint.address):\(endpoint.port)
            request   \(request.method.rawValue) \(target)
            \(lines)

            """
    }

    private var page: String {
        let rows = headers.map { "<tr><th>\(escape($0.name))</th><td>\(escape($0.value))</td></tr>" }.joined()
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <link rel="icon" href="data:,">
            <title>\(escape(endpoint.service)) · Portico demo</title>
            <style>\(DemoPage.style(hue: hue))</style>
            </head>
            <body><main>
            <p class="brand">Portico demo</p>
            <h1>\(escape(endpoint.service))</h1>
            <p class="who">answered from endpoint <code>\(endpoint.address):\(endpoint.port)</code></p>
            <p class="line"><b>\(escape(request.method.rawValue))</b> <code>\(escape(target))</code></p>
            <nav>\(DemoPage.links)</nav>
            <h2>What reached the service</h2>
            <table>\(rows)</table>
            <p class="hint">Reload to see the endpoints take turns. Edit <code>deploy/demo/demo.yaml</code> and reload:
            the next request is served by what you wrote.</p>
            </main></body>
            </html>
            """
    }

    private static let links = [
        ("/", "welcome"), ("/coffee", "coffee, two endpoints"), ("/tea/green", "tea"), ("/menu", "an exact path"),
        ("/juice", "a missing service"),
    ].map { "<a href=\"\($0.0)\">\($0.1)</a>" }.joined()

    /// Each endpoint has a colour of its own, so that turns are seen at a glance.
    private var hue: Int { Int(endpoint.port) * 67 % 360 }

    private static func style(hue: Int) -> String {
        """
        :root{color-scheme:light dark;--accent:hsl(\(hue) 60% 40%)}
        body{margin:0;font:17px/1.55 system-ui,sans-serif;background:Canvas;color:CanvasText}
        main{max-width:44rem;margin:0 auto;padding:3rem 1.25rem}
        .brand{margin:0;letter-spacing:.08em;text-transform:uppercase;font-size:.75rem;opacity:.7}
        h1{margin:.1em 0 0;font-size:3.2rem;line-height:1.1;color:var(--accent)}
        h2{margin:2.5rem 0 .5rem;font-size:1.05rem}
        .who{margin:.4rem 0 1.2rem;font-size:1.1rem}
        .line{padding:.6rem .9rem;border-left:4px solid var(--accent);background:color-mix(in srgb,CanvasText 6%,Canvas)}
        code{font-family:ui-monospace,monospace;font-size:.92em;overflow-wrap:anywhere}
        nav{display:flex;flex-wrap:wrap;gap:.5rem}
        nav a{padding:.3rem .8rem;border:1px solid var(--accent);border-radius:2rem;color:inherit;text-decoration:none}
        nav a:hover,nav a:focus{background:var(--accent);color:#fff}
        table{width:100%;border-collapse:collapse;font-size:.88rem}
        th,td{text-align:left;vertical-align:top;padding:.35rem .5rem .35rem 0;overflow-wrap:anywhere;
        border-bottom:1px solid color-mix(in srgb,CanvasText 14%,Canvas)}
        th{font-weight:600;white-space:nowrap}
        .hint{margin-top:2rem;opacity:.75;font-size:.9rem}
        """
    }

    private func escape(_ text: String) -> String {
        text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
            .replacingOccurrences(of: ">", with: "&gt;").replacingOccurrences(of: "\"", with: "&quot;")
    }
}
