"""Writes the small databases of addresses that tests read: pip install mmdb-writer."""

import ipaddress
import pathlib

from mmdb_writer import MMDBWriter
from netaddr import IPSet

FOLDER = pathlib.Path(__file__).parent
CITY = {
    "city": {"geoname_id": 2950159, "names": {"en": "Berlin"}},
    "continent": {"code": "EU", "names": {"en": "Europe"}},
    "country": {"geoname_id": 2921044, "iso_code": "DE", "names": {"en": "Germany"}},
    "location": {"latitude": 52.5196, "longitude": 13.4069, "time_zone": "Europe/Berlin", "metro_code": 7},
    "postal": {"code": "10115"},
    "subdivisions": [{"iso_code": "BE", "names": {"en": "Land Berlin"}}],
}


def write(name, records):
    writer = MMDBWriter(6, name.split(".")[0], ipv4_compatible=True, languages=["en"])
    for block, record in records.items():
        ipaddress.ip_network(block)
        writer.insert_network(IPSet([block]), record)
    writer.to_db_file(str(FOLDER / name))


write("GeoLite2-City.mmdb", {"127.0.0.0/8": CITY, "2001:db8::/32": {"country": {"iso_code": "\r\nX"}}})
write("GeoLite2-ASN.mmdb", {"127.0.0.0/8": {"autonomous_system_number": 64512, "autonomous_system_organization": "Lo"}})
write("GeoIP2-Anonymous-IP.mmdb", {"127.0.0.0/8": {"is_anonymous": True, "is_tor_exit_node": True}})
