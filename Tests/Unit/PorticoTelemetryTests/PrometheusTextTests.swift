import Testing

@testable import PorticoTelemetry

@Suite struct PrometheusTextTests {
    @Test func `A family begins with its help and type`() {
        var text = PrometheusText()
        text.begin("portico_pinned", .gauge, "One line\nand \\ another")
        text.sample("portico_pinned", [], 1.0)
        #expect(
            text.text == """
                # HELP portico_pinned One line\\nand \\\\ another
                # TYPE portico_pinned gauge
                portico_pinned 1

                """)
    }

    @Test(arguments: [("plain", "plain"), ("a\"b", "a\\\"b"), ("a\\b", "a\\\\b"), ("a\nb", "a\\nb"), ("ü", "ü")])
    func `Label values are escaped`(value: String, written: String) {
        var text = PrometheusText()
        text.sample("x", [("host", value), ("path", "/")], 2 as UInt64)
        #expect(text.text == "x{host=\"\(written)\",path=\"/\"} 2\n")
    }

    @Test(arguments: [
        (1.0, "1"), (0.005, "0.005"), (-2.5, "-2.5"), (1e7, "10000000"), (.infinity, "+Inf"), (.nan, "NaN"),
    ])
    func `Numbers are written as Prometheus reads them`(number: Double, written: String) {
        #expect(PrometheusText.number(number) == written)
    }

    @Test func `A histogram's buckets are cumulative and end without bound`() {
        var text = PrometheusText()
        text.histogram("d", [("a", "b")], bounds: [0.5, 1], buckets: [2, 0, 3], sum: 9.5)
        #expect(
            text.text == """
                d_bucket{a="b",le="0.5"} 2
                d_bucket{a="b",le="1"} 2
                d_bucket{a="b",le="+Inf"} 5
                d_sum{a="b"} 9.5
                d_count{a="b"} 5

                """)
    }

    @Test func `Buckets that were not reported are empty`() {
        var text = PrometheusText()
        text.histogram("d", [], bounds: [1], buckets: [], sum: 0)
        #expect(text.text == "d_bucket{le=\"1\"} 0\nd_bucket{le=\"+Inf\"} 0\nd_sum 0\nd_count 0\n")
    }
}
