import HTTPCore
import Patterns
import Policies
import PorticoModel

/// The rewrite phase: what snippets say, then the redirects and rewrites that annotations ask for.
extension Exchange {
    private static let maximumReroutes = 10
    /// Statuses whose text is a location.
    private static let redirects: Set<Int> = [301, 302, 303, 307, 308]

    /// Runs the operations of snippets in order.
    func runDirectives(_ extras: ExchangeExtras) -> Bool {
        guard let snippet = extras.features?.snippet else { return true }
        for operation in snippet.operations {
            if operation.guardIndex >= 0 {
                let isSet = operation.guardIndex < 64 && extras.conditions & (1 << UInt64(operation.guardIndex)) != 0
                if !isSet { continue }
            }
            switch operation.step {
            case .test(let index): test(index, of: snippet, extras)
            case .set(let variable, let template):
                guard variable < extras.customs.count else { continue }
                extras.customs[variable] = extras.keep(value(of: template), buffers)
            case .answer(let status, let text):
                answerByDirective(status, text)
                return false
            case .rewrite(let pattern, let rule, let flag):
                switch rewrite(pattern, rule, flag, extras) {
                case .unchanged, .changed: continue
                case .stopped: return true
                case .answered: return false
                }
            case .stop: return true
            case .drop:
                drop()
                return false
            }
        }
        return true
    }

    private func test(_ index: Int, of snippet: CompiledSnippet, _ extras: ExchangeExtras) {
        guard index < min(64, snippet.conditions.count), let condition = snippet.conditions[index] else { return }
        let value = value(of: condition.left)
        let captures = core.policies.captures
        captures.forget()
        guard condition.holds(value, captures) else {
            extras.conditions &= ~(1 << UInt64(index))
            return
        }
        extras.conditions |= 1 << UInt64(index)
        if captures.count > 0 { extras.keep(captures, of: value, buffers) }
    }

    private func answerByDirective(_ status: Int, _ text: CompiledTemplate?) {
        guard let text else { return answer(status: status) }
        if Self.redirects.contains(status) { return redirect(to: text, status: status) }
        answer(status: status, text: text)
    }

    /// Closes the connection without a word.
    private func drop() {
        status = 444
        downstream?.close()
    }

    private enum RewriteOutcome {
        case unchanged, changed, stopped, answered
    }

    private func rewrite(
        _ pattern: Pattern, _ rule: RewriteRule, _ flag: RewriteFlag, _ extras: ExchangeExtras
    ) -> RewriteOutcome {
        let captures = core.policies.captures
        switch pattern.match(extras.bytes(extras.path), into: captures) {
        case .noMatch: return .unchanged
        case .exhausted:
            core.counters.patternsExhausted += 1
            answer(status: 500)
            return .answered
        case .matched: keepGroups(captures, extras)
        }
        if rule.isRedirect || flag == .redirect || flag == .permanent {
            var writer = ByteWriter(core.policies.valueScratch)
            guard rule.write(from: self, query: query(extras), to: &writer) else {
                answer(status: 500)
                return .answered
            }
            redirect(toText: writer.written, status: flag == .permanent ? 301 : 302)
            return .answered
        }
        guard setTarget(by: rule, extras) else {
            answer(status: 500)
            return .answered
        }
        switch flag {
        case .continued: return .changed
        case .rerouted: return reroute(extras) ? .stopped : .answered
        case .stop, .redirect, .permanent: return .stopped
        }
    }

    /// The groups of a match within the path, which lies among the kept values itself.
    private func keepGroups(_ captures: Captures, _ extras: ExchangeExtras) {
        extras.captures.removeAll(keepingCapacity: true)
        for index in 0..<captures.count {
            extras.captures.append(
                captures.group(index).map { group in
                    ByteRange(
                        extras.path.lowerBound + group.lowerBound, extras.path.lowerBound + group.upperBound)
                })
        }
    }

    /// - Returns: false where the rule makes nothing that can be sent.
    private func setTarget(by rule: RewriteRule, _ extras: ExchangeExtras) -> Bool {
        var writer = ByteWriter(core.policies.valueScratch)
        guard rule.write(from: self, query: query(extras), to: &writer) else { return false }
        extras.target = extras.keep(writer.written, buffers)
        extras.isRewritten = true
        let target = extras.bytes(extras.target)
        switch PathNormaliser.normalise(target, into: core.pathScratch) {
        case .unchanged(let count): extras.path = ByteRange(start: extras.target.start, count: UInt32(count))
        case .rewritten(let count):
            extras.path = extras.keep(UnsafeRawBufferPointer(rebasing: core.pathScratch[..<count]), buffers)
        case .malformed, .noRoom: return false
        }
        return true
    }

    /// `last`: the new path looks for its route.
    private func reroute(_ extras: ExchangeExtras) -> Bool {
        extras.rerouteCount += 1
        guard extras.rerouteCount <= Self.maximumReroutes else {
            answer(status: 500)
            return false
        }
        let path = extras.bytes(extras.path)
        var writer = ByteWriter(core.policies.valueScratch)
        _ = write(.host, to: &writer)
        let captures = core.policies.captures
        captures.forget()
        guard case .route(let entry) = tables.routing.match(host: writer.written, path: path, into: captures) else {
            answer(status: 404)
            return false
        }
        guard entry !== route else { return true }
        keepGroups(captures, extras)
        route = entry
        policyRecord = entry.ownPolicy ?? tables.routing.defaultPolicy
        extras.features = (entry.features ?? tables.defaultFeatures).map { unsafeDowncast($0, to: CompiledPolicy.self) }
        extras.customs.removeAll(keepingCapacity: true)
        extras.customs.append(
            contentsOf: repeatElement(.empty, count: extras.features?.customVariableCount ?? 0))
        if extras.features?.isWithheld == true {
            answer(status: 503)
            return false
        }
        // Its own rules apply from the start: the new route may be guarded where the old one was not.
        (extras.isSatisfied, extras.addressIsRefused, extras.conditions) = (false, false, 0)
        extras.phase = .blocklists
        return true
    }

    // MARK: Annotations

    /// Redirects, the application's root, and the rewrite of the target.
    func passesRedirects(_ extras: ExchangeExtras) -> Bool {
        guard let features = extras.features else { return true }
        if let redirect = features.redirect {
            self.redirect(to: redirect.location, status: redirect.status)
            return false
        }
        guard let rewrite = features.rewrite else { return true }
        if let root = rewrite.applicationRoot, extras.path.count == 1 {
            redirectToRoot(root, extras)
            return false
        }
        guard let rule = rewrite.target else { return true }
        if rule.isRedirect {
            var writer = ByteWriter(core.policies.valueScratch)
            guard rule.write(from: self, query: query(extras), to: &writer) else {
                answer(status: 500)
                return false
            }
            redirect(toText: writer.written, status: 302)
            return false
        }
        if setTarget(by: rule, extras) { return true }
        answer(status: 500)
        return false
    }

    private func redirectToRoot(_ root: CompiledTemplate, _ extras: ExchangeExtras) {
        answer(status: 302) { edits in
            edits.set("Location") { writer in
                writer.append(self.scheme)
                writer.append("://")
                if let host = self.field("host", extras) { writer.append(host) }
                root.write(from: self, to: &writer)
            }
        }
    }
}
