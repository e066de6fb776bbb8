/// A set that mostly has no or one member, and then takes no memory of its own.
package enum CompactSet<Element: Hashable> {
    case empty
    case one(Element)
    case many(Set<Element>)

    package init() { self = .empty }

    package var isEmpty: Bool { if case .empty = self { true } else { false } }

    package var count: Int {
        switch self {
        case .empty: 0
        case .one: 1
        case .many(let members): members.count
        }
    }

    package func contains(_ element: Element) -> Bool {
        switch self {
        case .empty: false
        case .one(let member): member == element
        case .many(let members): members.contains(element)
        }
    }

    package mutating func insert(_ element: Element) {
        switch self {
        case .empty: self = .one(element)
        case .one(let member): if member != element { self = .many([member, element]) }
        case .many(var members):
            // The set must have one owner to be changed in place.
            self = .empty
            members.insert(element)
            self = .many(members)
        }
    }

    package mutating func remove(_ element: Element) {
        switch self {
        case .empty: break
        case .one(let member): if member == element { self = .empty }
        case .many(var members):
            self = .empty
            members.remove(element)
            if members.count > 1 { self = .many(members) } else if let last = members.first { self = .one(last) }
        }
    }
}

extension CompactSet: Sequence {
    package struct Iterator: IteratorProtocol {
        private var single: Element?
        private var members: Set<Element>.Iterator?

        init(_ set: CompactSet) {
            switch set {
            case .empty: break
            case .one(let member): single = member
            case .many(let all): members = all.makeIterator()
            }
        }

        package mutating func next() -> Element? { single.take() ?? members?.next() }
    }

    package func makeIterator() -> Iterator { Iterator(self) }

    package var underestimatedCount: Int { count }
}

extension CompactSet: Equatable {}

extension CompactSet: ExpressibleByArrayLiteral {
    package init(arrayLiteral elements: Element...) {
        self.init()
        for element in elements { insert(element) }
    }
}

extension CompactSet: Sendable where Element: Sendable {}
