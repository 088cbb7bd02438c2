"""Outgoing URLs: https to public hosts and nothing else, however an address is written."""

import pytest

from core import outbound
from core.errors import ConfigurationError

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
]

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
