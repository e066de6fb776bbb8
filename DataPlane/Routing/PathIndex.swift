import PorticoModel

/// The paths of one host, ordered so that one binary search finds the winner of any request path.
///
/// Paths are sorted by their bytes, and each knows its longest proper prefix among them, its parent. The longest path
/// that is a prefix of the request's is then either the greatest path not above the request's, or an ancestor of it:
/// whatever sorts between a prefix and its extension starts with that prefix too.
struct PathIndex {
    fileprivate struct Node: BitwiseCopyable {
        var start: Int
        var count: Int
        /// The longest proper prefix among the paths, or -1.
        var parent = -1
        /// Indexes of the routes with this path, by match; -1 for none.
        var exact = -1
        var prefix = -1
        var stringPrefix = -1
    }

    private let bytes: FrozenBuffer<UInt8>
    private let nodes: FrozenBuffer<Node>

    /// Of routes with equal match and path the first one counts.
    init(_ routes: [Route]) {
        var bytes: [UInt8] = []
        var nodes: [Node] = []
        var ancestors: [Int] = []
        let paths = routes.enumerated().filter { !$1.match.isRegex }.map { (path: Self.storedPath($1), route: $0) }
        let sorted = paths.sorted { left, right in
            left.path != right.path
                ? left.path.lexicographicallyPrecedes(right.path) : left.route < right.route
        }
        for (path, route) in sorted {
            let isRepeated = nodes.last.map { Array(bytes[$0.start..<$0.start + $0.count]) == path } ?? false
            if !isRepeated {
                while let last = ancestors.last, !path.starts(with: Self.path(of: nodes[last], in: bytes)) {
                    ancestors.removeLast()
                }
                nodes.append(Node(start: bytes.count, count: path.count, parent: ancestors.last ?? -1))
                bytes += path
                ancestors.append(nodes.count - 1)
            }
            nodes[nodes.count - 1].place(route, match: routes[route].match)
        }
        self.bytes = FrozenBuffer(bytes)
        self.nodes = FrozenBuffer(nodes)
    }

    /// To be called once, by the owner's `deinit`.
    func deallocate() {
        bytes.deallocate()
        nodes.deallocate()
    }

    /// A prefix route's trailing slash is meaningless, save for `/` itself.
    private static func storedPath(_ route: Route) -> [UInt8] {
        var path = Array(route.path.utf8)
        if route.match == .prefix {
            while path.count > 1 && path.last == UInt8(ascii: "/") { path.removeLast() }
        }
        return path
    }

    private static func path(of node: Node, in bytes: [UInt8]) -> ArraySlice<UInt8> {
        bytes[node.start..<node.start + node.count]
    }

    /// The index of the winning route for a normalised path, or nil.
    func match(_ path: RawSpan) -> Int? {
        let allBytes = bytes.bytes
        let all = allBytes.bytes
        // The first node above the path; `common` is what the node below it shares with the path.
        var (low, high, common) = (0, nodes.count, 0)
        while low < high {
            let middle = (low &+ high) &>> 1
            let node = nodes[middle]
            let shared = path.commonPrefixCount(with: all, at: node.start, limit: min(path.byteCount, node.count))
            if shared == node.count || shared < path.byteCount && all.byte(node.start &+ shared) < path.byte(shared) {
                low = middle &+ 1
                common = shared
            } else {
                high = middle
            }
        }
        var candidate = low &- 1
        while candidate >= 0 {
            let node = nodes[candidate]
            if node.count <= common, let route = node.route(for: path) { return route }
            candidate = node.parent
        }
        return nil
    }
}

extension PathIndex.Node {
    mutating func place(_ route: Int, match: PathMatch) {
        switch match {
        case .exact: if exact < 0 { exact = route }
        case .prefix: if prefix < 0 { prefix = route }
        case .stringPrefix, .firmPrefix: if stringPrefix < 0 { stringPrefix = route }
        case .regex, .caseSensitiveRegex: break
        }
    }

    /// The route that takes `path`, which starts with this node's path.
    @inline(__always)
    func route(for path: RawSpan) -> Int? {
        let isWhole = path.byteCount == count
        if isWhole && exact >= 0 { return exact }
        if prefix >= 0 {
            if isWhole || count == 1 || path.byte(count) == UInt8(ascii: "/") { return prefix }
        }
        return stringPrefix >= 0 ? stringPrefix : nil
    }
}
