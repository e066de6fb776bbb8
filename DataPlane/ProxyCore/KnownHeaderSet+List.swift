import HTTPCore

extension KnownHeaderSet {
    init(_ headers: [KnownHeader]) {
        self.init()
        for header in headers { insert(header) }
    }
}
