import ClusterState
import PorticoModel
import Testing

@testable import ManifestDirectory

@Suite struct ManifestTableTests {
    /// A table and the objects that follow from its changes.
    private struct Follower {
        var table: ManifestTable
        let reader = ManifestReader(keepsText: true)
        var objects: [ObjectReference: String] = [:]

        init(persisted: [LastGoodObject] = []) { table = ManifestTable(keepsTexts: true, persisted: persisted) }

        /// - Returns: what the step changed.
        @discardableResult
        mutating func set(_ path: String, _ text: String) -> [String] {
            table.set(reader.read(text, path: path, previous: table.file(path)))
            return take()
        }

        mutating func take() -> [String] {
            let changes = table.takeChanges()
            for change in changes {
                if case .upsert = change {
                    objects[change.reference] = change.summary
                } else {
                    objects[change.reference] = nil
                }
            }
            return changes.map(\.summary)
        }

        var serving: [String] { objects.values.sorted() }
    }

    @Test func `New, changed and deleted objects are told once each`() {
        var follower = Follower()
        #expect(
            follower.set("a.yaml", Manifests.service("one") + "---\n" + Manifests.service("two")) == [
                "+one:80", "+two:80",
            ])
        #expect(
            follower.set("a.yaml", Manifests.service("one") + "---\n" + Manifests.service("two", port: 81)) == [
                "+two:81"
            ])
        #expect(follower.set("a.yaml", Manifests.service("two", port: 81)).contains("-one"))
        #expect(follower.serving == ["+two:81"])
        #expect(follower.table.diagnostics().isEmpty)
    }

    @Test func `An invalid object keeps its last good form until it is fixed`() {
        var follower = Follower()
        follower.set("a.yaml", Manifests.service("one"))
        #expect(follower.set("a.yaml", Manifests.invalidService("one")).isEmpty)
        #expect(follower.table.diagnostics().map(\.consequence) == ["its last good form keeps serving"])
        #expect(follower.set("a.yaml", Manifests.service("one", port: 82)) == ["+one:82"])
        #expect(follower.table.diagnostics().isEmpty)
    }

    @Test func `An invalid object that was never valid takes no effect`() {
        var follower = Follower()
        #expect(follower.set("a.yaml", Manifests.invalidService("one")).isEmpty)
        #expect(follower.table.diagnostics().map(\.consequence) == ["the object does not take effect"])
    }

    @Test func `Objects of a broken file keep serving, and what parses in it takes effect`() {
        var follower = Follower()
        follower.set("a.yaml", Manifests.service("one") + "---\n" + Manifests.service("two"))
        #expect(follower.set("a.yaml", Manifests.broken + "---\n" + Manifests.service("two", port: 81)) == ["+two:81"])
        #expect(follower.serving == ["+one:80", "+two:81"])
        #expect(follower.set("a.yaml", Manifests.service("two", port: 81)).contains("-one"))
    }

    @Test func `What never was an object keeps nothing from being deleted`() {
        var follower = Follower()
        let values = "---\nreplicas: 3\n---\n"
        follower.set("a.yaml", Manifests.service("one") + values + Manifests.service("two"))
        #expect(follower.serving == ["+one:80", "+two:80"])
        #expect(follower.set("a.yaml", values + Manifests.service("two")).contains("-one"))
        #expect(follower.serving == ["+two:80"])
    }

    @Test func `A broken document that is edited and still broken keeps its objects`() {
        var follower = Follower()
        follower.set("a.yaml", Manifests.service("one") + "---\n" + Manifests.service("two"))
        follower.set("a.yaml", Manifests.broken + "---\n" + Manifests.service("two"))
        follower.set("a.yaml", Manifests.broken + "[\n---\n" + Manifests.service("two"))
        follower.set("a.yaml", Manifests.broken + "[\n---\n" + Manifests.service("two", port: 81))
        #expect(follower.serving == ["+one:80", "+two:81"])
    }

    @Test func `A file that disappeared keeps its objects until it is forgotten`() {
        var follower = Follower()
        follower.set("a.yaml", Manifests.service("one"))
        follower.table.markAbsent("a.yaml")
        #expect(follower.take().isEmpty)
        follower.table.forget("a.yaml")
        #expect(follower.take() == ["-one"])
    }

    @Test func `A file that returns in time changed nothing but its content`() {
        var follower = Follower()
        follower.set("a.yaml", Manifests.service("one") + "---\n" + Manifests.service("two"))
        follower.table.markAbsent("a.yaml")
        #expect(
            follower.set("a.yaml", Manifests.service("one") + "---\n" + Manifests.service("two", port: 81)) == [
                "+two:81"
            ])
        follower.set("a.yaml", "")
        #expect(follower.serving.isEmpty)
    }

    @Test func `A renamed file leaves no gap`() {
        var follower = Follower()
        follower.set("a.yaml", Manifests.service("one"))
        follower.table.markAbsent("a.yaml")
        #expect(follower.set("b.yaml", Manifests.service("one")) == ["+one:80"])
        follower.table.forget("a.yaml")
        #expect(follower.take().isEmpty)
        #expect(follower.serving == ["+one:80"])
    }

    @Test func `Of two declarations the first by path holds, whatever the order of reading`() {
        for paths in [["a.yaml", "b.yaml"], ["b.yaml", "a.yaml"]] {
            var follower = Follower()
            for path in paths { follower.set(path, Manifests.service("one", port: path == "a.yaml" ? 1 : 2)) }
            #expect(follower.serving == ["+one:1"])
            #expect(follower.table.diagnostics().map(\.file) == ["b.yaml"])
            #expect(follower.table.diagnostics().map(\.reason) == ["is declared already in a.yaml:1"])
            follower.table.forget("a.yaml")
            #expect(follower.take() == ["+one:2"])
            #expect(follower.table.diagnostics().isEmpty)
        }
    }

    @Test func `An invalid first declaration does not yield to a second one`() {
        var follower = Follower()
        follower.set("a.yaml", Manifests.service("one", port: 1))
        follower.set("b.yaml", Manifests.service("one", port: 2))
        follower.set("a.yaml", Manifests.invalidService("one"))
        #expect(follower.serving == ["+one:1"])
    }

    @Test func `An unreadable file keeps its objects`() {
        var follower = Follower()
        follower.set("a.yaml", Manifests.service("one"))
        follower.table.set(.unreadable("a.yaml", "Permission denied"))
        #expect(follower.take().isEmpty)
        #expect(follower.table.diagnostics().map(\.reason) == ["Permission denied"])
    }

    @Test(arguments: 0..<100)
    func `However files broke, moved and vanished, whole files end where a fresh reading starts`(seed: UInt64) {
        var random = SmallRandom(state: seed)
        var follower = Follower()
        let paths = ["a.yaml", "b.yaml", "c.yaml"]
        for _ in 0..<30 {
            let path = random.pick(paths)
            switch random.below(6) {
            case 0: follower.table.markAbsent(path)
            case 1: follower.table.forget(path)
            case 2: follower.table.set(.unreadable(path, "no"))
            default: follower.set(path, Self.content(&random, breaks: true))
            }
            _ = follower.take()
        }
        var fresh = Follower()
        for path in paths {
            let text = Self.content(&random, breaks: false)
            follower.set(path, text)
            fresh.set(path, text)
        }
        #expect(follower.objects == fresh.objects)
        #expect(follower.table.diagnostics() == fresh.table.diagnostics())
        for path in paths { follower.table.forget(path) }
        _ = follower.take()
        #expect(follower.serving.isEmpty)
    }

    private static func content(_ random: inout SmallRandom, breaks: Bool) -> String {
        (0..<random.below(5)).map { _ in
            let name = random.pick(["one", "two", "three"])
            switch random.below(breaks ? 6 : 4) {
            case 4: return Manifests.broken
            case 5: return Manifests.invalidService(name)
            default: return Manifests.service(name, port: random.pick([80, 81, 82]))
            }
        }.joined(separator: "---\n")
    }

    // MARK: Over a restart

    /// What a first process kept of two objects.
    private var kept: [LastGoodObject] {
        var first = Follower()
        first.set("a.yaml", Manifests.service("one") + "---\n" + Manifests.service("two"))
        return first.table.takeStoreUpdate(deleted: []).saved
    }

    @Test func `Last good forms return after a restart`() {
        var second = Follower(persisted: kept)
        second.set("a.yaml", Manifests.broken + "---\n" + Manifests.invalidService("two"))
        second.table.restore(isReadable: true)
        _ = second.take()
        #expect(second.serving == ["+one:80", "+two:80"])
        let update = second.table.takeStoreUpdate(deleted: [])
        #expect(update.saved.isEmpty && update.removed.isEmpty)
    }

    @Test func `What was deleted between two runs does not return`() {
        var second = Follower(persisted: kept)
        second.set("a.yaml", Manifests.service("two"))
        second.table.restore(isReadable: true)
        _ = second.take()
        #expect(second.serving == ["+two:80"])
        let update = second.table.takeStoreUpdate(deleted: [])
        #expect(update.saved.isEmpty)
        #expect(update.removed == [Manifests.reference("one")])
    }

    @Test func `A missing folder serves what was kept`() {
        var second = Follower(persisted: kept)
        second.table.restore(isReadable: false)
        _ = second.take()
        #expect(second.serving == ["+one:80", "+two:80"])
    }

    @Test func `A declaration that comes into force later has its file's text read again`() {
        var follower = Follower()
        follower.set("a.yaml", Manifests.service("one"))
        follower.set("b.yaml", Manifests.service("one", port: 81))
        _ = follower.table.takeStoreUpdate(deleted: [])
        follower.table.forget("a.yaml")
        #expect(follower.take() == ["+one:81"])
        #expect(follower.table.wantedFiles == ["b.yaml"])
        let again = follower.reader.read(Manifests.service("one", port: 81), path: "b.yaml", previous: nil)
        follower.table.supply(again.texts, of: "b.yaml")
        #expect(follower.table.wantedFiles.isEmpty)
        let saved = follower.table.takeStoreUpdate(deleted: []).saved
        #expect(saved.map(\.file) == ["b.yaml"])
        #expect(saved.first?.text.contains("81") == true)
    }

    @Test func `Only what changed is saved, and never a Secret`() {
        var follower = Follower()
        follower.set("a.yaml", Manifests.service("one") + "---\n" + Manifests.secret("s", value: "a"))
        #expect(follower.table.takeStoreUpdate(deleted: []).saved.map(\.reference) == [Manifests.reference("one")])
        follower.set("a.yaml", Manifests.service("one") + "---\n" + Manifests.secret("s", value: "b"))
        #expect(follower.table.takeStoreUpdate(deleted: []).saved.isEmpty)
        let secret = Manifests.reference("s", kind: "Secret")
        #expect(follower.table.takeStoreUpdate(deleted: [secret]).removed.isEmpty)
    }
}
