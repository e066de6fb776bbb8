import CMaxMindDB
import EventLoop
import Glibc
import HTTPCore
import PorticoModel

/// The databases of addresses that a worker has been handed, and the values of variables from them.
package final class GeoDirectory {
    private var databases: [GeoDatabase?] = Array(repeating: nil, count: GeoDatabaseKind.allCases.count + 1)
    private static let sources = GeoVariable.allCases.map(GeoSource.init)

    package init() {}

    /// Takes a database in place of the one of its kind, and closes the descriptor.
    /// - Returns: false where the file is no database; the earlier one stays.
    @discardableResult
    package func adopt(_ kind: GeoDatabaseKind, descriptor: Int32) -> Bool {
        defer { close(descriptor) }
        guard let database = GeoDatabase(descriptor: descriptor) else { return false }
        databases[Int(kind.rawValue)] = database
        return true
    }

    /// Writes the variable's value for an address.
    /// - Parameter index: of the variable among all.
    /// - Returns: false where it has none.
    package func write(_ index: Int, of address: SocketAddress, to writer: inout ByteWriter) -> Bool {
        let source = Self.sources[index]
        let start = writer.count
        for kind in source.kinds {
            guard let database = databases[Int(kind.rawValue)] else { continue }
            database.value(of: address, at: source.path) { GeoDirectory.write($0, to: &writer) }
            if writer.count > start { return true }
        }
        if let standard = source.standard { writer.append(standard) }
        return writer.count > start
    }

    private static func write(_ data: MMDB_entry_data_s, to writer: inout ByteWriter) {
        switch Int32(data.type) {
        case MMDB_DATA_TYPE_UTF8_STRING:
            // It may end up in a header or a log line, whoever made the file.
            for byte in UnsafeRawBufferPointer(start: data.utf8_string, count: Int(data.data_size)) {
                writer.append(byte < 0x20 || byte == 0x7F ? UInt8(ascii: "?") : byte)
            }
        case MMDB_DATA_TYPE_DOUBLE: append("%.5f", data.double_value, to: &writer)
        case MMDB_DATA_TYPE_FLOAT: append("%.5f", Double(data.float_value), to: &writer)
        case MMDB_DATA_TYPE_UINT16: writer.append(decimal: UInt64(data.uint16))
        case MMDB_DATA_TYPE_UINT32: writer.append(decimal: UInt64(data.uint32))
        case MMDB_DATA_TYPE_UINT64: writer.append(decimal: data.uint64)
        case MMDB_DATA_TYPE_BOOLEAN: writer.append(UInt8(ascii: data.boolean ? "1" : "0"))
        default: return
        }
    }

    private static func append(_ format: String, _ value: Double, to writer: inout ByteWriter) {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { text in
            let count = withVaList([value]) { vsnprintf(text.baseAddress, text.count, format, $0) }
            guard count > 0, count < text.count else { return }
            writer.append(UnsafeRawBufferPointer(start: text.baseAddress, count: Int(count)))
        }
    }
}

/// Where a variable's value is found.
private struct GeoSource {
    var kinds: [GeoDatabaseKind]
    var path: GeoPath
    /// Where the database has nothing.
    var standard: StaticString?

    init(_ variable: GeoVariable) {
        let path: String
        switch variable {
        case .countryCode: (kinds, path) = ([.country], "country.iso_code")
        case .countryName: (kinds, path) = ([.country], "country.names.en")
        case .countryID: (kinds, path) = ([.country], "country.geoname_id")
        case .continentCode: (kinds, path) = ([.country], "continent.code")
        case .continentName: (kinds, path) = ([.country], "continent.names.en")
        case .continentID: (kinds, path) = ([.country], "continent.geoname_id")
        case .cityCountryCode: (kinds, path) = ([.city], "country.iso_code")
        case .cityCountryName: (kinds, path) = ([.city], "country.names.en")
        case .cityCountryID: (kinds, path) = ([.city], "country.geoname_id")
        case .cityContinentCode: (kinds, path) = ([.city], "continent.code")
        case .cityContinentName: (kinds, path) = ([.city], "continent.names.en")
        case .city: (kinds, path) = ([.city], "city.names.en")
        case .cityID: (kinds, path) = ([.city], "city.geoname_id")
        case .postalCode: (kinds, path) = ([.city], "postal.code")
        case .metroCode: (kinds, path) = ([.city], "location.metro_code")
        case .latitude: (kinds, path) = ([.city], "location.latitude")
        case .longitude: (kinds, path) = ([.city], "location.longitude")
        case .timeZone: (kinds, path) = ([.city], "location.time_zone")
        case .regionCode: (kinds, path) = ([.city], "subdivisions.0.iso_code")
        case .regionName: (kinds, path) = ([.city], "subdivisions.0.names.en")
        case .regionID: (kinds, path) = ([.city], "subdivisions.0.geoname_id")
        case .subregionCode: (kinds, path) = ([.city], "subdivisions.1.iso_code")
        case .subregionName: (kinds, path) = ([.city], "subdivisions.1.names.en")
        case .subregionID: (kinds, path) = ([.city], "subdivisions.1.geoname_id")
        case .systemNumber: (kinds, path) = ([.asn, .isp], "autonomous_system_number")
        case .systemOrganization: (kinds, path) = ([.asn], "autonomous_system_organization")
        case .provider: (kinds, path) = ([.isp], "isp")
        case .providerOrganization: (kinds, path) = ([.isp], "organization")
        case .connectionType: (kinds, path) = ([.connectionType], "connection_type")
        case .isAnon: (kinds, path) = ([.anonymousIP], "is_anonymous")
        case .isAnonymous: (kinds, path, standard) = ([.anonymousIP], "is_anonymous", "0")
        case .isAnonymousVPN: (kinds, path, standard) = ([.anonymousIP], "is_anonymous_vpn", "0")
        case .isHostingProvider: (kinds, path, standard) = ([.anonymousIP], "is_hosting_provider", "0")
        case .isPublicProxy: (kinds, path, standard) = ([.anonymousIP], "is_public_proxy", "0")
        case .isTorExitNode: (kinds, path, standard) = ([.anonymousIP], "is_tor_exit_node", "0")
        }
        self.path = GeoPath(path)
    }
}
