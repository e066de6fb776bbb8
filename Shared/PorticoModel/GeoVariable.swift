/// A variable whose value comes from a database of addresses, by ingress-nginx's names.
package enum GeoVariable: String, Hashable, Sendable, CaseIterable {
    // Country.
    case countryCode = "geoip2_country_code"
    case countryName = "geoip2_country_name"
    case countryID = "geoip2_country_geoname_id"
    case continentCode = "geoip2_continent_code"
    case continentName = "geoip2_continent_name"
    case continentID = "geoip2_continent_geoname_id"
    // City.
    case cityCountryCode = "geoip2_city_country_code"
    case cityCountryName = "geoip2_city_country_name"
    case cityCountryID = "geoip2_city_country_geoname_id"
    case cityContinentCode = "geoip2_city_continent_code"
    case cityContinentName = "geoip2_city_continent_name"
    case city = "geoip2_city"
    case cityID = "geoip2_city_geoname_id"
    case postalCode = "geoip2_postal_code"
    case metroCode = "geoip2_dma_code"
    case latitude = "geoip2_latitude"
    case longitude = "geoip2_longitude"
    case timeZone = "geoip2_time_zone"
    case regionCode = "geoip2_region_code"
    case regionName = "geoip2_region_name"
    case regionID = "geoip2_region_geoname_id"
    case subregionCode = "geoip2_subregion_code"
    case subregionName = "geoip2_subregion_name"
    case subregionID = "geoip2_subregion_geoname_id"
    // Networks.
    case systemNumber = "geoip2_asn"
    case systemOrganization = "geoip2_org"
    case provider = "geoip2_isp"
    case providerOrganization = "geoip2_isp_org"
    case connectionType = "geoip2_connection_type"
    // Anonymous addresses.
    case isAnon = "geoip2_is_anon"
    case isAnonymous = "geoip2_is_anonymous"
    case isAnonymousVPN = "geoip2_is_anonymous_vpn"
    case isHostingProvider = "geoip2_is_hosting_provider"
    case isPublicProxy = "geoip2_is_public_proxy"
    case isTorExitNode = "geoip2_is_tor_exit_node"
}

/// The databases that these values come from. Raw values are handed from the supervisor to its workers.
package enum GeoDatabaseKind: UInt8, Hashable, Sendable, CaseIterable {
    case country = 1
    case city = 2
    case asn = 3
    case isp = 4
    case anonymousIP = 5
    case connectionType = 6

    /// The names that MaxMind gives to the files, the better edition first.
    package var fileNames: [String] {
        switch self {
        case .country: ["GeoIP2-Country.mmdb", "GeoLite2-Country.mmdb"]
        case .city: ["GeoIP2-City.mmdb", "GeoLite2-City.mmdb"]
        case .asn: ["GeoIP2-ASN.mmdb", "GeoLite2-ASN.mmdb"]
        case .isp: ["GeoIP2-ISP.mmdb"]
        case .anonymousIP: ["GeoIP2-Anonymous-IP.mmdb"]
        case .connectionType: ["GeoIP2-Connection-Type.mmdb"]
        }
    }
}
