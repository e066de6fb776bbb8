import ClusterState
import Glibc
import PorticoModel
import Synchronization
import Testing

@testable import ManifestDirectory

@Suite struct ManifestDirectoryTests {
    @Test func `The first update holds the whole folder`() throws {
        let folder = try TemporaryFolder()
        folder.write("one.yaml", Manifests.service("one"))
        folder.write("deep/er/two.yml", Manifests.service("two"))
        folder.write("three.json", "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"three\"}}")
        folder.write(".hidden.yaml", Manifests.service("hidden"))
        folder.write("notes.txt", "no manifest")
        let follower = try Follower(folder.path)
        defer { follower.stop() }
        #expect(follower.waitForUpdate(1) == ["+one:80", "+three", "+two:80"].sorted())
    }

    @Test func `Many files are read as one at a time would be`() throws {
        let folder = try TemporaryFolder()
        let names = (0..<300).map { "s\($0)" }
        for name in names { folder.write("\(name).yaml", Manifests.service(name)) }
        folder.write("a.yaml", Manifests.service("s7", port: 81))
        let follower = try Follower(folder.path)
        defer { follower.stop() }
        let expected = names.map { $0 == "s7" ? "+s7:81" : "+\($0):80" }.sorted()
        #expect(follower.waitForUpdate(1) == expected)
        #expect(follower.waitForDiagnostic { $0.map(\.file) == ["s7.yaml"] })
    }

    @Test func `An atomic rename is followed`() throws {
        let folder = try TemporaryFolder()
        folder.write("a.yaml", Manifests.service("one"))
        let follower = try Follower(folder.path)
        defer { follower.stop() }
        _ = follower.waitForUpdate(1)
        folder.write(".a.yaml.tmp", Manifests.service("one", port: 81))
        folder.rename(".a.yaml.tmp", to: "a.yaml")
        #expect(follower.wait { $0.contains("+one:81") })
    }

    @Test func `A save in place is followed when the writer has finished`() throws {
        let folder = try TemporaryFolder()
        folder.write("a.yaml", Manifests.service("one"))
        let follower = try Follower(folder.path)
        defer { follower.stop() }
        _ = follower.waitForUpdate(1)
        folder.write("a.yaml", Manifests.service("one", port: 81) + "---\n" + Manifests.service("two"))
        #expect(follower.wait { $0 == ["+one:81", "+two:80"] })
        #expect(!follower.everSaw("-one"))
    }

    @Test func `A save by moving the old file away deletes nothing`() throws {
        let folder = try TemporaryFolder()
        folder.write("a.yaml", Manifests.service("one"))
        let follower = try Follower(folder.path)
        defer { follower.stop() }
        _ = follower.waitForUpdate(1)
        folder.rename("a.yaml", to: "a.yaml~")
        folder.write("a.yaml", Manifests.service("one", port: 81))
        #expect(follower.wait { $0 == ["+one:81"] })
        #expect(!follower.everSaw("-one"))
    }

    @Test func `A file that is emptied and then filled deletes nothing`() throws {
        let folder = try TemporaryFolder()
        folder.write("a.yaml", Manifests.service("one"))
        let follower = try Follower(folder.path)
        defer { follower.stop() }
        _ = follower.waitForUpdate(1)
        folder.write("a.yaml", "")
        folder.write("a.yaml", Manifests.service("one", port: 81))
        #expect(follower.wait { $0 == ["+one:81"] })
        #expect(!follower.everSaw("-one"))
        folder.write("a.yaml", "# nothing left\n")
        #expect(follower.wait { $0.isEmpty })
    }

    @Test func `The swap of a ConfigMap volume is one update`() throws {
        let folder = try TemporaryFolder()
        folder.write("..1/one.yaml", Manifests.service("one"))
        folder.write("..1/two.yaml", Manifests.service("two"))
        folder.link("..data", to: "..1")
        folder.link("one.yaml", to: "..data/one.yaml")
        folder.link("two.yaml", to: "..data/two.yaml")
        let follower = try Follower(folder.path)
        defer { follower.stop() }
        #expect(follower.waitForUpdate(1) == ["+one:80", "+two:80"])
        folder.write("..2/one.yaml", Manifests.service("one", port: 81))
        folder.write("..2/two.yaml", Manifests.service("two", port: 82))
        folder.link("..data_tmp", to: "..2")
        folder.rename("..data_tmp", to: "..data")
        #expect(follower.wait { $0 == ["+one:81", "+two:82"] })
        #expect(follower.updates.last == ["+one:81", "+two:82"])
    }

    @Test func `What a link leads to elsewhere is watched`() throws {
        let folder = try TemporaryFolder()
        let elsewhere = try TemporaryFolder()
        elsewhere.write("real.yaml", Manifests.service("one"))
        folder.link("one.yaml", to: "\(elsewhere.path)/real.yaml")
        let follower = try Follower(folder.path)
        defer { follower.stop() }
        #expect(follower.waitForUpdate(1) == ["+one:80"])
        elsewhere.write("new.yaml", Manifests.service("one", port: 81))
        elsewhere.rename("new.yaml", to: "real.yaml")
        #expect(follower.wait { $0 == ["+one:81"] })
    }

    @Test func `Subfolders come and go`() throws {
        let folder = try TemporaryFolder()
        let follower = try Follower(folder.path)
        defer { follower.stop() }
        #expect(follower.waitForUpdate(1) == [])
        folder.write("team/one.yaml", Manifests.service("one"))
        #expect(follower.wait { $0 == ["+one:80"] })
        folder.write("team/one.yaml", Manifests.service("one", port: 81))
        #expect(follower.wait { $0 == ["+one:81"] })
        folder.remove("team/one.yaml")
        folder.remove("team")
        #expect(follower.wait { $0.isEmpty })
    }

    @Test func `A folder that vanishes keeps serving and is found again`() throws {
        let parent = try TemporaryFolder()
        parent.write("conf/a.yaml", Manifests.service("one"))
        let follower = try Follower("\(parent.path)/conf")
        defer { follower.stop() }
        #expect(follower.waitForUpdate(1) == ["+one:80"])
        parent.rename("conf", to: "away")
        #expect(follower.waitForDiagnostic { $0.contains { $0.reason == "there is no such folder" } })
        #expect(!follower.everSaw("-one"))
        parent.write("next/a.yaml", Manifests.service("one", port: 81))
        parent.rename("next", to: "conf")
        #expect(follower.wait { $0 == ["+one:81"] })
        #expect(follower.waitForDiagnostic { $0.isEmpty })
    }

    @Test func `A linked folder that is swapped is followed`() throws {
        let parent = try TemporaryFolder()
        parent.write("v1/a.yaml", Manifests.service("one"))
        parent.write("v2/a.yaml", Manifests.service("one", port: 81))
        parent.link("current", to: "v1")
        let follower = try Follower("\(parent.path)/current")
        defer { follower.stop() }
        #expect(follower.waitForUpdate(1) == ["+one:80"])
        parent.link("current.new", to: "v2")
        parent.rename("current.new", to: "current")
        #expect(follower.wait { $0 == ["+one:81"] })
        parent.write("v2/a.yaml", Manifests.service("one", port: 82))
        #expect(follower.wait { $0 == ["+one:82"] })
    }

    @Test func `A broken file keeps its objects, and a restart does too`() throws {
        let folder = try TemporaryFolder()
        let store = MemoryStore()
        folder.write("a.yaml", Manifests.service("one"))
        let first = try Follower(folder.path, store)
        #expect(first.waitForUpdate(1) == ["+one:80"])
        folder.write("a.yaml", Manifests.broken)
        #expect(first.waitForDiagnostic { !$0.isEmpty })
        first.stop()
        #expect(first.serving == ["+one:80"])
        let second = try Follower(folder.path, store)
        #expect(second.waitForUpdate(1) == ["+one:80"])
        folder.remove("a.yaml")
        #expect(second.wait { $0.isEmpty })
        second.stop()
        #expect(store.load().isEmpty)
    }

    @Test func `A file that is no UTF-8 is reported and harms no other`() throws {
        let folder = try TemporaryFolder()
        folder.write("a.yaml", Manifests.service("one"))
        folder.write("b.yaml", bytes: [0xFF, 0xFE, 0x00])
        let follower = try Follower(folder.path)
        defer { follower.stop() }
        #expect(follower.waitForUpdate(1) == ["+one:80"])
        #expect(follower.waitForDiagnostic { $0.map(\.reason) == ["is not UTF-8"] })
    }
}
