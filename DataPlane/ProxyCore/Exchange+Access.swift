import EventLoop
import HTTPCore
import Passwords
import Policies
import PorticoModel

/// Who may have the route: block lists, limits, address rules, passwords. Each refuses with an answer of its own.
extension Exchange {
    /// What the ConfigMap keeps away from every host.
    func passesBlocklists(_ extras: ExchangeExtras) -> Bool {
        let globals = tables.compiled
        if extras.features?.isWithheld == true { return refuse(503) }
        if let blocked = globals.blockedAddresses, blocked.contains(client) { return refuse(403) }
        let captures = core.policies.captures
        if let list = globals.blockedAgents, let agent = field("user-agent", extras),
            list.matches(agent, captures, orExhausts: true)
        {
            return refuse(403)
        }
        if let list = globals.blockedReferers, let referer = field("referer", extras),
            list.matches(referer, captures, orExhausts: true)
        {
            return refuse(403)
        }
        return !answersPreflight(extras)
    }

    /// A preflight carries no credentials, so it is answered before anyone asks for them, as with ingress-nginx.
    private func answersPreflight(_ extras: ExchangeExtras) -> Bool {
        guard let policy = extras.features?.crossOrigin, method == .options else { return false }
        let origin = field("origin", extras) ?? UnsafeRawBufferPointer(start: nil, count: 0)
        guard policy.allows(origin) else { return false }
        answer(status: 204)
        return true
    }

    private func refuse(_ status: Int) -> Bool {
        answer(status: status)
        return false
    }

    // MARK: Limits

    /// Requests per time first, then those under way.
    func passesLimits(_ extras: ExchangeExtras) -> Bool {
        guard let limits = extras.features?.limits, limits.limits(client), let key = limitKey(limits) else {
            return true
        }
        let shared = core.policies.limits
        if let rate = limits.perSecond, !shared.admit(key, rate, at: now) {
            core.counters.requestsLimited += 1
            return refuse(Int(tables.globals.limitRequestsStatus))
        }
        if let rate = limits.perMinute, !shared.admit(key ^ 2, rate, at: now) {
            if limits.perSecond != nil { shared.takeBack(key) }
            core.counters.requestsLimited += 1
            return refuse(Int(tables.globals.limitRequestsStatus))
        }
        if limits.connections > 0 {
            guard let place = shared.enter(key ^ 4, limit: limits.connections) else {
                core.counters.requestsLimited += 1
                return refuse(Int(tables.globals.limitConnectionsStatus))
            }
            if let earlier = extras.limitPlace { shared.leave(earlier) }
            extras.limitPlace = place
        }
        return true
    }

    /// - Returns: nil where the key's value is empty: such a request is not limited.
    private func limitKey(_ limits: CompiledLimits) -> UInt64? {
        guard let template = tables.compiled.limitKey else {
            return core.policies.limits.key(zone: limits.zone, client)
        }
        let value = value(of: template)
        return value.isEmpty ? nil : core.policies.limits.key(zone: limits.zone, value)
    }

    // MARK: Addresses

    func passesAddresses(_ extras: ExchangeExtras) -> Bool {
        guard let access = extras.features?.access else { return true }
        if access.isBroken { return refuse(503) }
        guard access.hasAddressRules else { return true }
        if access.allows(client, method: extras.savedHead.bytes[extras.savedMethod]) {
            extras.isSatisfied = access.satisfiesAny
            return true
        }
        // With `satisfy: any` a password or another authentication may still let the client in.
        if access.satisfiesAny, access.password != nil || access.external != nil {
            extras.addressIsRefused = true
            return true
        }
        return refuse(403)
    }

    // MARK: Passwords

    func passesPassword(_ extras: ExchangeExtras) -> Bool {
        guard let access = extras.features?.access, let password = access.password, !extras.isSatisfied else {
            return true
        }
        guard let users = core.policies.users(password.secret) else { return refuse(503) }
        if password.isDigest { return passesDigest(extras, password, users, access) }
        guard let field = field("authorization", extras), let credentials = BasicCredentials(field) else {
            return challenge(extras, password, access)
        }
        guard let hash = users.hash(of: credentials.user) else { return challenge(extras, password, access) }
        let runtime = core.policies
        let entry = runtime.passwordCache.entry(user: credentials.user, password: credentials.password, hash: hash)
        if let verdict = extras.passwordVerdict {
            extras.passwordVerdict = nil
            guard verdict else { return challenge(extras, password, access) }
            runtime.passwordCache.insert(entry)
        } else if !runtime.passwordCache.contains(entry) {
            guard core.waiting.check(credentials.password, against: hash, for: self, extras) else {
                return refuse(503)
            }
            return false
        }
        extras.user = credentials.user.withUnsafeBytes { extras.keep($0, buffers) }
        extras.isSatisfied = access.satisfiesAny
        return true
    }

    private func passesDigest(
        _ extras: ExchangeExtras, _ password: CompiledPassword, _ users: PasswordFile, _ access: CompiledAccess
    ) -> Bool {
        let head = extras.savedHead.bytes
        var isStale = false
        if let field = field("authorization", extras) {
            let verdict = core.policies.digest.judge(
                Array(field), method: Array(head[extras.savedMethod]), target: Array(head[extras.savedTarget]),
                realm: password.realm, users: users, at: UInt64(core.loop.clock.secondsOfDay))
            switch verdict {
            case .accepted(let user):
                extras.user = user.withUnsafeBytes { extras.keep($0, buffers) }
                extras.isSatisfied = access.satisfiesAny
                return true
            case .stale: isStale = true
            case .refused: break
            }
        }
        if access.satisfiesAny, access.external != nil { return true }
        let seconds = UInt64(core.loop.clock.secondsOfDay)
        let text = core.policies.digest.challenge(realm: password.realm, isStale: isStale, at: seconds)
        answer(status: 401) { edits in edits.add("WWW-Authenticate") { $0.append(text) } }
        return false
    }

    /// Asks for a password, unless another authentication may still let the client in.
    private func challenge(_ extras: ExchangeExtras, _ password: CompiledPassword, _ access: CompiledAccess) -> Bool {
        if access.satisfiesAny, access.external != nil { return true }
        answer(status: 401) { edits in edits.add("WWW-Authenticate") { password.writeChallenge(to: &$0) } }
        return false
    }
}
