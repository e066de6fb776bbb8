import HTTPCore
import Patterns
import Policies
import PorticoModel

/// The rewrite phase: what snippets say, then the redirects and rewrites that annotations ask for.
extension Exchange {
    private static let maximumReroutes = 10
    /// Statuses whose text is a location.
    private static let redirects: Set<Int> = [301, 302, 303, 307, 308]

    private enum DirectivesOutcome {
        case done
        /// The path changed, and is to find its route.
        case moved
        case answered
    }

    /// Runs the operations of snippets in order: first the host's, after which a changed path finds its route, then the route's,
    /// after which the same holds unless `break` ended them.
    func runDirectives(_ extras: ExchangeExtras) -> Bool {
        guard let snippet = extras.features?.snippet else { return true }
        let hostCount = snippet.hostOperationCount
        if hostCount > 0, !extras.hasRunHostDirectives {
            extras.hasRunHostDirectives = true
            switch run(snippet, 0..<hostCount, extras) {
            case .done: break
            case .answered: return false
            case .moved:
                let earlier = route
                guard reroute(extras) else { return false }
                if route !== earlier { return true }
            }
        }
        return switch run(snippet, hostCount..<snippet.operations.count, extras) {
        case .done: true
        case .answered: false
        case .moved: reroute(extras)
        }
    }

    private func run(_ snippet: CompiledSnippet, _ range: Range<Int>, _ extras: ExchangeExtras) -> DirectivesOutcome {
        var isMoved = false
        for operation in snippet.operations[range] {
            if operation.guardIndex >= 0 {
                let isSet = operation.guardIndex < 64 && extras.conditions & (1 << UInt64(operation.guardIndex)) != 0
                if !isSet { continue }
            }
            switch operation.step {
            case .test(let index): if !test(index, of: snippet, extras) { return .answered }
            case .set(let variable, let template):
                guard variable < extras.customs.count else { continue }
                extras.customs[variable] = extras.keep(value(of: template), buffers)
            case .answer(let status, let text):
                answerByDirective(status, text)
                return .answered
            case .rewrite(let pattern, let rule, let flag):
                switch rewrite(pattern, rule, flag, extras) {
                case .unchanged: continue
                case .changed: isMoved = true
                case .rerouted: return .moved
                case .stopped: return .done
                case .answered: return .answered
                }
            case .stop: return .done
            case .drop:
                drop()
                return .answered
            }
        }
        // A rewrite by annotation is one with `break`, and comes last.
        return isMoved && extras.features?.rewrite?.target == nil ? .moved : .done
    }

    /// - Returns: false where the pattern ran away: what it guards may be a refusal, so the request is answered with 500.
    private func test(_ index: Int, of snippet: CompiledSnippet, _ extras: ExchangeExtras) -> Bool {
        guard index < min(64, snippet.conditions.count), let condition = snippet.conditions[index] else { return true }
        var writer = ByteWriter(core.policies.valueScratch)
        condition.left.write(from: self, to: &writer)
        let middle = writer.count
        condition.right?.write(from: self, to: &writer)
        if writer.overflowed { writer.truncate(to: 0) }
        let value = UnsafeRawBufferPointer(rebasing: writer.written[..<min(middle, writer.count)])
        let right = UnsafeRawBufferPointer(rebasing: writer.written[value.count...])
        let captures = core.policies.captures
        captures.forget()
        switch condition.judge(value, right: right, captures) {
        case .fails: extras.conditions &= ~(1 << UInt64(index))
        case .holds:
            extras.conditions |= 1 << UInt64(index)
            if captures.count > 0 { extras.keep(captures, of: value, buffers) }
        case .unknown:
            core.counters.patternsExhausted += 1
            answer(status: 500)
            return false
        }
        return true
    }

    private func answerByDirective(_ status: Int, _ text: CompiledTemplate?) {
        guard let text else { return answer(status: status) }
        if Self.redirects.contains(status) { return redirect(to: text, status: status) }
        answer(status: status, text: text) { edits in
            edits.set("Content-Type") { self.writeTextType(to: &$0) }
        }
    }

    /// The media type of a text: what the path's ending says, else `default_type`, else `default-type`.
    private func writeTextType(to writer: inout ByteWriter) {
        guard let extras else { return }
        if let type = TextTypes.type(ofPath: extras.bytes(extras.path)) { return writer.append(type) }
        let type = extras.features?.snippet?.mediaType ?? tables.compiled.mediaType
        type.withUnsafeBytes { writer.append($0) }
    }

    /// Closes the connection without a word.
    private func drop() {
        status = 444
        downstream?.close()
    }

    private enum RewriteOutcome {
        case unchanged, changed, rerouted, stopped, answered
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
        case .rerouted: return .rerouted
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
        let earlier = extras.features
        extras.features = (entry.features ?? tables.defaultFeatures).map { unsafeDowncast($0, to: CompiledPolicy.self) }
        keepCustoms(of: earlier, extras)
        if extras.features?.isWithheld == true {
            answer(status: 503)
            return false
        }
        // Its own rules apply from the start: the new route may be guarded where the old one was not.
        (extras.isSatisfied, extras.addressIsRefused) = (false, false)
        extras.conditions &= extras.features?.snippet?.hostConditions ?? 0
        extras.phase = .blocklists
        return true
    }

    /// Variables keep their values, though another route numbers them otherwise.
    private func keepCustoms(of earlier: CompiledPolicy?, _ extras: ExchangeExtras) {
        let values = extras.customs
        extras.customs.removeAll(keepingCapacity: true)
        for name in extras.features?.customVariables ?? [] {
            let index = earlier?.customVariables.firstIndex(of: name)
            extras.customs.append(index.flatMap { values.indices.contains($0) ? values[$0] : nil } ?? .empty)
        }
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
