import ClusterState
import PorticoModel
import Synchronization

/// The objects of a cluster, as they are and as they change.
///
/// Each collection has a reflector. Until all of them have listed, and the Secrets that are then asked for have been read,
/// what arrives is not yet the whole. What the API server took and Portico cannot read leaves the last good form in force
/// and gives a diagnostic.
package final class ClusterSource: Sendable {
    private struct State {
        var table: ClusterSourceTable
        var reflectors: [WatchTarget: Reflector] = [:]
        var namespaceReflector: Reflector?
        var secrets: SecretKeeper?
        /// Of those that are read by name.
        var configMaps: [ObjectName: Reflector] = [:]
        var isStopped = false
    }

    private let client: KubernetesClient
    private let selection: ClusterSelection
    private let state: Mutex<State>
    private let handler: @Sendable (ObjectUpdate) -> Void

    /// - Parameters:
    ///   - goodForms: what an earlier process knew of objects that could not be read.
    ///   - handler: called from several threads, one call at a time.
    package init(
        client: KubernetesClient, selection: ClusterSelection, goodForms: [GoodForm] = [],
        handler: @escaping @Sendable (ObjectUpdate) -> Void
    ) {
        self.client = client
        self.selection = selection
        self.handler = handler
        state = Mutex(State(table: ClusterSourceTable(selection, goodForms)))
    }

    package func start() {
        let secrets = SecretKeeper(
            client: client, namespace: selection.namespace, settings: selection.reflectors
        ) { [weak self] in self?.take($0) }
        state.withLock { $0.secrets = secrets }
        secrets.start()
        if selection.namespaceSelector.isEmpty { return startReflectors(in: nil) }
        let target = WatchTarget(.namespaces, labelSelector: selection.namespaceSelector)
        let reflector = makeReflector(target) { [weak self] in self?.takeNamespaces($0) }
        state.withLock { $0.namespaceReflector = reflector }
        reflector.start()
    }

    package func stop() {
        let (reflectors, secrets) = state.withLock { state in
            state.isStopped = true
            let all = Array(state.reflectors.values) + [state.namespaceReflector].compactMap { $0 }
            return (all + state.configMaps.values, state.secrets)
        }
        for reflector in reflectors { reflector.stop() }
        secrets?.stop()
    }

    /// What to read by name, in place of what was before. Progress is `complete` once it has been read.
    package func want(_ objects: NamedObjects) {
        let (started, stopped, secrets) = state.withLock { state -> ([Reflector], [Reflector], SecretKeeper?) in
            if state.isStopped { return ([], [], nil) }
            let changed = wantConfigMaps(objects.configMaps, &state)
            return (changed.started, changed.stopped, state.secrets)
        }
        for reflector in stopped { reflector.stop() }
        for reflector in started { reflector.start() }
        secrets?.want(objects.secrets)
        update { _ in }
    }

    /// A watch each: of the others, the role need not allow anything.
    private func wantConfigMaps(
        _ names: Set<ObjectName>, _ state: inout State
    ) -> (started: [Reflector], stopped: [Reflector]) {
        let others = names.subtracting(selection.configMaps).sorted()
        let wanted = Set(others.prefix(ClusterSource.maximumConfigMaps))
        state.table.noteUnread(Array(others.dropFirst(ClusterSource.maximumConfigMaps)))
        let dropped = state.configMaps.keys.filter { !wanted.contains($0) }.sorted()
        let stopped = dropped.compactMap { state.configMaps.removeValue(forKey: $0) }
        for (name, reflector) in zip(dropped, stopped) { state.table.drop(reflector.target, name) }
        let added = wanted.filter { state.configMaps[$0] == nil }.sorted()
        let started = added.map { name in
            let target = ClusterSelection.configMap(name)
            return makeReflector(target) { [weak self] in self?.take($0, ofConfigMap: name, target) }
        }
        for (name, reflector) in zip(added, started) { state.configMaps[name] = reflector }
        state.table.expect(started.map(\.target))
        return (started, stopped)
    }

    /// Whoever may write Ingresses can name as many as he likes, and each of them is a watch.
    private static let maximumConfigMaps = 200

    private func startReflectors(in namespaces: Set<String>?) {
        for (target, _) in selection.targets {
            let reflector = makeReflector(target) { [weak self] in self?.take($0, of: target) }
            if let namespaces, ClusterSelection.isSelectable(target) { reflector.restrict(to: namespaces) }
            state.withLock { $0.reflectors[target] = reflector }
            reflector.start()
        }
    }

    private func makeReflector(
        _ target: WatchTarget, _ tell: @escaping @Sendable (Reflector.News) -> Void
    ) -> Reflector {
        Reflector(target, client: client, settings: selection.reflectors, tell: tell)
    }

    // MARK: News

    private func take(_ news: Reflector.News, of target: WatchTarget) {
        update { $0.take(news, of: target) }
    }

    private func take(_ news: Reflector.News, ofConfigMap name: ObjectName, _ target: WatchTarget) {
        // What a watch says that has been ended is about an object that is gone for whoever follows this source.
        updateState { state in
            if state.configMaps[name] != nil { state.table.take(news, of: target) }
        }
    }

    private func take(_ news: SecretKeeper.News) {
        update { table in
            switch news {
            case .change(let change): table.take([change], of: .secrets)
            case .settled: table.settleSecrets()
            case .failures(let failures): table.take(failures)
            case .watch(let health): table.take(health, of: WatchTarget(.secrets, namespace: selection.namespace))
            }
        }
    }

    /// The namespaces that the selector chose have changed, or are known for the first time.
    private func takeNamespaces(_ news: Reflector.News) {
        let target = WatchTarget(.namespaces)
        switch news {
        case .changes(let changes):
            let namespaces = state.withLock { state in
                for change in changes { state.table.select(change.name.name, change.node != nil) }
                return state.table.namespaces
            }
            for (target, reflector) in state.withLock({ $0.reflectors })
            where ClusterSelection.isSelectable(target) { reflector.restrict(to: namespaces) }
        case .listed:
            let isFirst = state.withLock { $0.reflectors.isEmpty }
            if isFirst { startReflectors(in: state.withLock { $0.table.namespaces }) }
            update { $0.markListed(target) }
        case .health(let health): update { $0.take(health, of: target) }
        }
    }

    /// The handler is called within the lock, so that updates leave in the order of what they tell.
    private func update(_ change: (inout ClusterSourceTable) -> Void) {
        updateState { change(&$0.table) }
    }

    private func updateState(_ change: (inout State) -> Void) {
        state.withLock { state in
            guard !state.isStopped else { return }
            change(&state)
            if let update = state.table.takeUpdate() { handler(update) }
        }
    }
}
