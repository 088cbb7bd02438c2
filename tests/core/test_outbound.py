"""Outgoing URLs: https to public hosts and nothing else, however an address is written."""

import inspect
import re
from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from core import outbound
from core.errors import ConfigurationError
from tests.docs.reading import ROOT

PUBLIC = [
    "https://moodle.example.org/local/offload/callback.php",
    "https://MOODLE.Example.ORG",
    "https://moodle.example.org:443/",
    "https://moodle.example.org:8443/callback?site=1&x=%2F",
    "https://moodle.example.org./callback",
    "https://münchen.example.org/callback",
    "https://xn--mnchen-3ya.example.org/callback",
    "https://1and1.com/",
    "https://10.example.org/",
    "https://local.example.org/",
    "https://notlocalhost.org/",
    "https://8.8.8.8/",
    "https://[2606:4700::6810:84e5]/",
    "https://[2001:4860:4860::8888]/",
    "https://[2606:4700::6810:84e5]:8443/",
    "https://school.testing/",
    "https://mail.example.org/",
    "https://192.88.98.255/",
    "https://192.88.100.0/",
]

# IANA's registries, a row each, first and last address: what is not globally reachable, and what is.
SPECIAL = [
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/29"),
    *("192.0.0.8/32", "192.0.0.170/32", "192.0.0.171/32", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16"),
    *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "255.255.255.255/32"),
    *("::1/128", "::/128", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64"),
    *("2001::/32", "2001:2::/48", "2001:10::/28", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16"),
    *("fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"),
]
REACHABLE = [
    *("192.0.0.9/32", "192.0.0.10/32", "192.31.196.0/24", "192.52.193.0/24", "192.175.48.0/24"),
    *("2001:1::1/128", "2001:1::2/128", "2001:1::3/128", "2001:3::/32", "2001:4:112::/48", "2001:20::/28"),
    *("2001:30::/28", "2620:4f:8000::/48"),
]

# What listens there in networks: databases, caches, queues, searches, containers, desktops, consoles.
INNER_PORTS = [
    *(0, 1, 7, 21, 22, 23, 25, 53, 80, 110, 111, 135, 139, 143, 389, 445, 465, 514, 587, 636, 873, 990, 993, 995, 1023),
    *(1080, 1433, 1521, 1723, 2049, 2181, 2375, 2376, 2379, 2380, 3128, 3268, 3306, 3389, 4222, 4369, 4646),
    *(5060, 5432, 5601, 5672, 5900, 5984, 5985, 5986, 6000, 6379, 6443, 6666, 6667, 7001, 7474, 7687),
    *(8086, 8123, 8200, 8300, 8500, 8983, 9042, 9092, 9100, 9160, 9200, 9300, 9418),
    *(10250, 10255, 11211, 11434, 15672, 16379, 26379, 27017, 27018, 28017, 33060, 50000, 50070, 61616, 65536, 99999),
]
# where a Moodle is served by those who cannot have 443
OTHER_PORTS = [443, 1443, 3000, 4443, 5443, 8000, 8080, 8443, 9443, 10443, 65535]

PRIVATE = [
    # names
    "https://localhost/",
    "https://LOCALHOST./",
    "https://moodle.localhost/",
    "https://intranet/",
    "https://metadata/",
    "https://metadata.google.internal/computeMetadata/v1/",
    "https://printer.local/",
    "https://moodle.school.lan/",
    "https://nas.home.arpa/",
    "https://school.test/",
    "https://school.invalid/",
    "https://school.onion/",
    "https://school.alt/",
    "https://moodle.localdomain/",
    "https://school.intranet/",
    "https://school.corp/",
    "https://school.home/",
    "https://school.mail/",
    "https://moodle.school.svc/",
    "https://moodle.service.consul/",
    "https://1.0.0.127.in-addr.arpa/",
    "https://instance-data.ec2.internal/",
    "https://metadata.tencentyun.com/latest/meta-data/",
    "https://METADATA.packet.net./",
    "https://school.lan./",
    "https://school.\uff4c\uff41\uff4e/",
    "https://local\u00adhost/",
    # loopback, private, link-local and others that are nobody's public address
    "https://127.0.0.1/",
    "https://127.8.9.10/",
    "https://127.0.0.1./",
    "https://0.0.0.0/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://172.31.255.255/",
    "https://192.168.1.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://100.64.0.1/",
    "https://100.100.100.200/",
    "https://168.63.129.16/",
    "https://192.0.2.1/",
    "https://198.18.0.1/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    # the same in the notations that a fetch understands as well
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://127.0.1/",
    "https://0/",
    "https://0x/",
    "https://127.0.0.0x1/",
    "https://10.0.0.010/",
    "https://017700000001/",
    "https://2852039166/",
    "https://127%2e0.0.1/",
    "https://%6cocalhost/",
    # digits, dots and letters that become plain ones in a lookup
    "https://\uff11\uff12\uff17.0.0.1/",
    "https://127\u30020\u30020\u30021/",
    "https://\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3/",
    # IPv6
    "https://[::1]/",
    "https://[::]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::127.0.0.1]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fc00::1]/",
    "https://[fd00:ec2::254]/",
    "https://[ff02::1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[2001:0:7f00:1::]/",
    "https://[2001:db8::1]/",
    "https://[::ffff:0:127.0.0.1]/",
    "https://[64:ff9b::10.0.0.1]/",
    "https://[64:ff9b:1::10.0.0.1]/",
    "https://[2606:4700::5efe:10.0.0.1]/",
    "https://[2606:4700::200:5efe:10.0.0.1]/",
    "https://[fec0::1]/",
    "https://[3ffe::1]/",
    "https://192.88.99.1/",
    "https://192.0.0.192/",
    "https://127.0.0.1.:8443/",
    "https://\uff11\uff10.0.0.\uff11/",
    "https://0300.0250.1.1/",
    "https://0xc0.0xa8.0x1.0x1/",
    "https://192.168.257/",
    "https://3232235777/",
    "https://\u2460\u2461\u2466.0.0.1/",
]

MALFORMED = [
    "",
    "moodle.example.org",
    "//moodle.example.org/",
    "http://moodle.example.org/",
    "ftp://moodle.example.org/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "https:",
    "https://",
    "https:///moodle.example.org",
    "https:moodle.example.org",
    "https://user@moodle.example.org/",
    "https://user:password@moodle.example.org/",
    "https://moodle.example.org@127.0.0.1/",
    "https://moodle.example.org\\@127.0.0.1/",
    "https://127.0.0.1\\.moodle.example.org/",
    "https://127.0.\t0.1/",
    "https://moodle.example.org/\r\nhost: x",
    " https://moodle.example.org/",
    "https://moodle .example.org/",
    "https://moodle..example.org/",
    "https://.example.org/",
    "https://-moodle.example.org/",
    "https://moodle_.example.org/",
    "https://" + "a" * 64 + ".example.org/",
    "https://moodle.example.org:22/",
    "https://moodle.example.org:80/",
    "https://moodle.example.org:0/",
    "https://moodle.example.org:65536/",
    "https://moodle.example.org:https/",
    "https://256.1.1.1/",
    "https://1.2.3.4.5/",
    "https://[::1/",
    "https://[moodle.example.org]/",
    "https://[2606:4700::1%25eth0]/",
    "https://[2606:4700::1%eth0]/",
    "https://[2606:4700::1]example.org/",
    "https://moodle.example.org[2606:4700::1]/",
    "https://[2606:4700::1]:8443x/",
    "https://[v1.2606]/",
    "https://moodle.example.org:443:443/",
    "https://moodle.example.org:\uff14\uff14\uff13/",
    "https://moodle.example.org:-443/",
    "https://moodle.example.org:000443/",
    "https://moodle.example.org../",
    "https://example.org/" + "a" * 2048,
]

LOCAL = [
    "http://127.0.0.1:8080/callback",
    "http://localhost:8080/callback",
    "http://moodle.localhost/callback",
    "http://[::1]:8080/callback",
    "https://127.0.0.1/",
    "https://moodle.example.org/",
]


@pytest.mark.parametrize("url", PUBLIC)
def test_a_public_https_url_is_allowed(url: str) -> None:
    outbound.check(url, local=False)


@pytest.mark.parametrize("url", PRIVATE + MALFORMED)
def test_anything_else_is_refused_with_the_fault(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        outbound.check(url, local=False)
    assert caught.value.setting == "callback_url"
    assert caught.value.detail


def addresses_in(row: str) -> Iterator[str]:
    network = ip_network(row)
    for address in (network[0], network[-1], network[network.num_addresses // 2]):
        yield f"https://[{address}]/" if address.version == 6 else f"https://{address}/"


@pytest.mark.parametrize("row", SPECIAL)
def test_no_address_of_the_registries_is_asked(row: str) -> None:
    for address in addresses_in(row):
        with pytest.raises(ConfigurationError):
            outbound.check(address, local=False)


@pytest.mark.parametrize("row", REACHABLE)
def test_what_the_registries_call_globally_reachable_is_public(row: str) -> None:
    for address in addresses_in(row):
        outbound.check(address, local=False)


def test_the_address_in_an_address_counts_however_it_is_written() -> None:
    for form in ("::{}", "::ffff:{}", "::ffff:0:{}", "64:ff9b::{}", "64:ff9b:1::{}", "2001:db8::{}"):
        for inner in ("127.0.0.1", "10.1.2.3", "8.8.8.8"):
            with pytest.raises(ConfigurationError):
                outbound.check(f"https://[{form.format(inner)}]/", local=False)


@pytest.mark.parametrize("name", ["is_global", "is_private", "is_reserved", "is_multicast", "is_link_local"])
def test_what_is_private_is_not_asked_of_python(name: str) -> None:
    """Its tables differ from version to version."""
    assert name not in inspect.getsource(outbound)


@pytest.mark.parametrize("port", INNER_PORTS)
@pytest.mark.parametrize("host", ["moodle.example.org", "8.8.8.8", "[2606:4700::1]"])
def test_no_port_of_an_inner_service_is_asked(port: int, host: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        outbound.check(f"https://{host}:{port}/", local=False)
    assert "must use port 443, or one above 1023" in caught.value.detail


@pytest.mark.parametrize("port", OTHER_PORTS)
def test_a_moodle_may_be_at_another_port(port: int) -> None:
    outbound.check(f"https://moodle.example.org:{port}/", local=False)


# Whatever leaves goes to an address of a site, which is checked here, or of the operator's settings, or is pinned.
LEAVING = {
    "callbacks/posting.py": "outbound.check(",
    "delivery_events/ses.py": "re.escape(host)",
    "providers/base.py": "self.services.fetch(",
    "tenancy/access.py": "services.settings.access",
}


def test_every_place_from_which_a_request_leaves_is_known() -> None:
    leaving = {
        path.relative_to(ROOT / "src").as_posix(): path.read_text()
        for path in (ROOT / "src").rglob("*.py")
        if re.search(r"services\.fetch\(|HttpRequest\(", path.read_text())
        and path.relative_to(ROOT / "src").parts[0] != "runtime"
    }
    providers = {name for name in leaving if name.startswith("providers/")}
    assert leaving.keys() - providers == LEAVING.keys() - providers
    assert all(word in leaving[name] for name, word in LEAVING.items())


@pytest.mark.parametrize("url", LOCAL)
def test_the_local_runtime_may_talk_to_its_own_machine_over_http(url: str) -> None:
    outbound.check(url, local=True)


@pytest.mark.parametrize(
    "url",
    [
        "https://10.0.0.1/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data/",
        "https://metadata.google.internal/",
        "https://0x7f000001/",
        "https://[fe80::1]/",
        "https://[::ffff:127.0.0.1]/",
        "ftp://127.0.0.1/",
        "http://user@127.0.0.1/",
    ],
)
def test_the_local_runtime_may_not_talk_to_other_machines_of_its_network(url: str) -> None:
    with pytest.raises(ConfigurationError):
        outbound.check(url, local=True)
