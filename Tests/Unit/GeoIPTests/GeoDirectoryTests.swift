import EventLoop
import Glibc
import HTTPCore
import PorticoModel
import Testing

@testable import GeoIP

@Suite struct GeoDirectoryTests {
    private static let folder =
        #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" } + "/Databases"

    private func directory(_ kinds: [GeoDatabaseKind]) -> GeoDirectory {
        let directory = GeoDirectory()
        for kind in kinds {
            let files = kind.fileNames.map { open("\(Self.folder)/\($0)", O_RDONLY) }
            for file in files where file >= 0 { #expect(directory.adopt(kind, descriptor: file)) }
        }
        return directory
    }

    /// The variable's value; nil where it has none.
    private func value(_ variable: GeoVariable, of address: String, in directory: GeoDirectory) throws -> String? {
        let address = try #require(SocketAddress(text: address, port: 80))
        let index = try #require(GeoVariable.allCases.firstIndex(of: variable))
        return withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { memory in
            var writer = ByteWriter(memory)
            guard directory.write(index, of: address, to: &writer) else { return nil }
            return String(decoding: writer.written, as: UTF8.self)
        }
    }

    @Test(
        arguments: [
            (GeoVariable.cityCountryCode, "DE"), (.city, "Berlin"), (.latitude, "52.51960"), (.metroCode, "7"),
            (.regionCode, "BE"), (.subregionCode, nil), (.postalCode, "10115"), (.systemNumber, "64512"),
            (.systemOrganization, "Lo"), (.isAnonymous, "1"), (.isPublicProxy, "0"), (.countryCode, nil),
        ] as [(GeoVariable, String?)])
    func `a variable has what the database says`(variable: GeoVariable, expected: String?) throws {
        let directory = directory([.city, .asn, .anonymousIP])
        #expect(try value(variable, of: "127.0.0.1", in: directory) == expected)
    }

    @Test func `an address that is not listed has no value, and no other's`() throws {
        let directory = directory([.city])
        #expect(try value(.city, of: "127.1.2.3", in: directory) == "Berlin")
        #expect(try value(.city, of: "192.0.2.1", in: directory) == nil)
        #expect(try value(.city, of: "2001:db9::1", in: directory) == nil)
        #expect(try value(.city, of: "::1", in: directory) == nil)
    }

    @Test func `control characters of a database go no further`() throws {
        #expect(try value(.cityCountryCode, of: "2001:db8::1", in: directory([.city])) == "??X")
    }

    @Test func `a file that is no database changes nothing`() throws {
        let directory = directory([.city])
        #expect(!directory.adopt(.city, descriptor: open("/dev/null", O_RDONLY)))
        #expect(try value(.city, of: "127.0.0.1", in: directory) == "Berlin")
    }
}
