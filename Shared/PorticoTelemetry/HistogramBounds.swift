/// The upper bounds of the histograms' buckets. A report carries one bucket more than there are bounds, for what is larger.
package enum HistogramBounds {
    /// ingress-nginx's `--time-buckets`.
    package static let durationSeconds: [Double] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
    /// For requests and responses: ingress-nginx's `--length-buckets` and `--size-buckets` together, so that every series
    /// that a dashboard may ask for exists.
    package static let sizeBytes: [Double] = [
        10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000,
    ]
}
