import ClusterState
import KubernetesAPI
import PorticoModel

/// Answers the requests of one connection.
struct RequestHandler {
    let server: TestAPIServer
    let connection: ServerConnection

    /// - Returns: whether the connection can carry another request.
    func handle(_ request: WireRequest) throws -> Bool {
        if connection.isSilent {
            connection.staySilent()
            return false
        }
        do throws(Refusal) {
            guard let user = user(of: request) else { throw Refusal(401, "Unauthorized", "Unauthorized") }
            if ["/healthz", "/readyz", "/livez"].contains(request.path) {
                try send(WireAnswer(Array("ok".utf8)))
                return true
            }
            if request.method == "GET", let answer = Discovery.answer(request.path) {
                try send(WireAnswer(answer))
                return true
            }
            guard let target = RequestTarget(path: request.path) else {
                throw Refusal(404, "NotFound", "the server could not find the requested resource")
            }
            let isWatch = request.query["watch"] == "1" || request.query["watch"] == "true"
            guard let verb = target.verb(request.method, isWatch: isWatch) else {
                throw Refusal(
                    405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
            }
            let fault = note(request, target, verb, user)
            if let fault, try !suffer(fault, isWatch) { return false }
            return try answer(request, target, verb, user, fault)
        } catch {
            if error.code == Refusal.endedCode { throw ByteStream.Ended() }
            try connection.stream.write(WireAnswer(error).bytes)
            return true
        }
    }

    private func send(_ answer: WireAnswer) throws(Refusal) {
        do { try connection.stream.write(answer.bytes) } catch { throw .ended }
    }

    // MARK: Who, and what goes wrong

    private func user(of request: WireRequest) -> APIUser? {
        if let header = request.headers["authorization"] {
            guard header.hasPrefix("Bearer ") else { return nil }
            let token = String(header.dropFirst(7))
            return server.state.withLock { $0.users[token] }
        }
        return connection.stream.peer ?? APIUser("system:anonymous", groups: ["system:unauthenticated"])
    }

    private func note(
        _ request: WireRequest, _ target: RequestTarget, _ verb: String, _ user: APIUser
    ) -> Fault.Action? {
        server.state.withLock { state in
            state.requests.append(
                RequestRecord(
                    user: user.name, verb: verb, resource: target.resource.plural, namespace: target.namespace,
                    name: target.name,
                    query: request.query, isPartial: request.wantsMetadata))
            let index = state.faults.firstIndex { fault in
                (fault.verb == nil || fault.verb == verb)
                    && (fault.resource == nil || fault.resource == target.resource.plural)
            }
            guard let index else { return nil }
            state.faults[index].count -= 1
            defer { if state.faults[index].count <= 0 { state.faults.remove(at: index) } }
            return state.faults[index].action
        }
    }

    /// - Returns: whether the request is answered all the same.
    private func suffer(_ fault: Fault.Action, _ isWatch: Bool) throws(Refusal) -> Bool {
        switch fault {
        case .refuse(let refusal): throw refusal
        case .cut: return false
        case .silence:
            connection.staySilent()
            return false
        case .errorEvent(let refusal):
            guard isWatch else { throw refusal }
            let event: ObjectNode = ["type": "ERROR", "object": refusal.node]
            let bytes = WireAnswer.chunk(Array((event.json + "\n").utf8))
            do {
                try connection.stream.write(WireAnswer.streamHead + bytes + WireAnswer.streamEnd)
            } catch { throw .ended }
            return false
        case .breakOff: return true
        }
    }

    // MARK: Answers

    private func answer(
        _ request: WireRequest, _ target: RequestTarget, _ verb: String, _ user: APIUser, _ fault: Fault.Action?
    ) throws(Refusal) -> Bool {
        if target.resource == .tokenReviews {
            try send(try review(request))
            return true
        }
        guard
            let selectors = Selectors(
                labelSelector: request.query["labelSelector"] ?? "", fieldSelector: request.query["fieldSelector"] ?? ""
            )
        else { throw .badRequest("unable to parse the selector") }
        try authorize(user, target, verb, selectors)
        let reading = CollectionReading(
            server: server, target: target, selectors: selectors, request: request,
            isPartial: request.wantsMetadata)
        switch verb {
        case "list":
            let answer = try reading.list()
            guard case .breakOff = fault else {
                try send(answer)
                return true
            }
            try? connection.stream.write(Array(answer.bytes.prefix(answer.bytes.count / 2)))
            return false
        case "watch":
            do { try WatchStream(reading: reading, connection: connection).run() } catch let refusal as Refusal {
                throw refusal
            } catch { throw .ended }
            return true
        case "get": try send(try reading.get())
        default: try send(try write(request, target, verb))
        }
        return true
    }

    private func authorize(
        _ user: APIUser, _ target: RequestTarget, _ verb: String, _ selectors: Selectors
    ) throws(Refusal) {
        let attempt = AccessAttempt(
            verb: verb, resource: target.resource, subresource: target.subresource, namespace: target.namespace,
            name: target.name.isEmpty ? selectors.name ?? "" : target.name)
        let isAllowed = server.state.withLock { AccessRules(store: $0.store).allow(user, attempt) }
        guard isAllowed else { throw Refusal(403, "Forbidden", attempt.refusal(of: user)) }
    }

    private func review(_ request: WireRequest) throws(Refusal) -> WireAnswer {
        var node = try body(of: request)
        let token = node.at("spec", "token")?.string ?? ""
        let user = server.state.withLock { $0.users[token] }
        var status: ObjectNode = ["authenticated": user == nil ? false : true]
        if let user {
            status.set("user", to: ["username": .text(user.name), "groups": .items(user.groups.map { .text($0) })])
            if let audiences = node.at("spec", "audiences") { status.set("audiences", to: audiences) }
        }
        node.set("status", to: status)
        return WireAnswer(node, code: 201)
    }

    private func body(of request: WireRequest) throws(Refusal) -> ObjectNode {
        do { return try JSONReader.read(request.body) } catch {
            throw .badRequest("the body is no JSON: \(error.reason)")
        }
    }

    private func write(_ request: WireRequest, _ target: RequestTarget, _ verb: String) throws(Refusal) -> WireAnswer {
        let writer = ObjectWriter(
            resource: target.resource, namespace: target.namespace,
            refusesLoopbackEndpoints: server.options.refusesLoopbackEndpoints)
        let answer: WireAnswer
        if verb == "delete" {
            answer = try delete(target)
        } else {
            let node = try body(of: request)
            let isPatch = verb == "patch"
            if isPatch, !RequestHandler.patches.contains(request.headers["content-type"] ?? "") {
                throw Refusal(415, "UnsupportedMediaType", "the body of the request was in an unknown format")
            }
            let isTrial = request.query["dryRun"] == "All"
            let result = server.state.withLock { state in
                Result { () throws(Refusal) -> StoredObject in
                    let before = state.store
                    defer { if isTrial { state.store = before } }
                    if verb == "create" { return try writer.create(node, in: &state.store) }
                    return isPatch
                        ? try writer.patch(
                            node, name: target.name, subresource: target.subresource, in: &state.store)
                        : try writer.replace(
                            node, name: target.name, subresource: target.subresource, in: &state.store)
                }
            }
            answer = WireAnswer(try result.get().json, code: verb == "create" ? 201 : 200)
            if isTrial { return answer }
        }
        server.wakeWatches(of: target.resource)
        return answer
    }

    /// A strategic patch is taken for a merge patch: lists are replaced, which is what kubectl wants of an Ingress.
    private static let patches: Set<String> = [
        "application/merge-patch+json", "application/strategic-merge-patch+json",
    ]

    private func delete(_ target: RequestTarget) throws(Refusal) -> WireAnswer {
        let name = ObjectName(namespace: target.namespace, name: target.name)
        guard server.state.withLock({ $0.store.remove(target.resource, name) }) != nil else {
            throw .notFound(target.resource, target.name)
        }
        return WireAnswer(["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success"])
    }
}

extension Refusal {
    static let endedCode = -1
    /// The connection is gone, and with it whoever would read a refusal.
    static let ended = Refusal(endedCode, "", "")
}
