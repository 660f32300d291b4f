"""What leads outside and what leads inside, however it is spelt."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import Rejected
from bridge.outside import Bounds, all_outside, leads_outside, taken_apart, vouched_for

INSIDE = [
    "127.0.0.1", "127.8.9.10", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254",
    "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "::", "::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
    "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2002:a00:1::5",
    "fe80::1", "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1", "2001:0:7f00:1::1", "::ffff:0:127.0.0.1",
    "2600::5efe:7f00:1", "2600::200:5efe:a00:1",
]  # fmt: skip
STRANGE = [
    "http://0x7f.1/", "http://0x7f000001/", "http://0177.0.0.1/", "http://2130706433/", "http://127.1/", "http://0/",
    "http://127.0.0.0x1/", "http://1.2.3.4.5/", "http://%31%32%37.0.0.1/", "http://[fe80::1%25eth0]/", "http://[::1/",
    "file:///etc/passwd", "gopher://127.0.0.1/", "ftp://example.org/", "dict://example.org:11211/", "//example.org/",
    "/etc/passwd", "data:text/plain,a", "", "http://", "http://user@example.org/", "http://user:secret@example.org/",
    "http://example.org\\@127.0.0.1/", "http://example.org/a b", "http://exa\nmple.org/", "http://example.org:99999/",
    "http://" + "a" * 9000 + "/",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_what_leads_inside_is_told(address: str) -> None:
    assert not leads_outside(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_what_leads_outside_is_told(address: str) -> None:
    assert leads_outside(ip_address(address))


@given(st.ip_addresses(v=4))
def test_an_old_number_in_a_new_one_leads_where_it_leads_alone(old: IPv4Address) -> None:
    for base in ("::ffff:0:0", "64:ff9b::", "::ffff:0:0:0"):
        assert leads_outside(IPv6Address(int(IPv6Address(base)) | int(old))) == leads_outside(old)


@given(st.ip_addresses())
def test_what_is_private_never_leads_outside(address: IPv4Address | IPv6Address) -> None:
    assert not (leads_outside(address) and (address.is_loopback or address.is_link_local or address.is_multicast))


@pytest.mark.parametrize("address", STRANGE)
def test_a_strange_address_is_refused(address: str) -> None:
    with pytest.raises(Rejected):
        vouched_for(taken_apart(address), Bounds())


@pytest.mark.parametrize("address", INSIDE)
def test_a_number_that_leads_inside_is_refused_as_an_address(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(Rejected):
        vouched_for(taken_apart(f"http://{host}/"), Bounds())


@pytest.mark.parametrize("address", ["http://example.org:81/", "https://example.org:8443/", "http://example.org:22/"])
def test_only_the_ports_of_the_web_are_asked(address: str) -> None:
    with pytest.raises(Rejected, match="ports"):
        vouched_for(taken_apart(address), Bounds())


@pytest.mark.parametrize(
    ("address", "taken"),
    [
        ("https://media.example.org/a", True),
        ("https://a.cdn.example.net/a", True),
        ("https://cdn.example.net.evil.org/a", False),
        ("https://evilexample.net/a", False),
        ("https://MEDIA.example.org./a", True),
        ("https://8.8.8.8/a", False),
    ],
)
def test_where_hosts_are_named_no_others_are_asked(address: str, taken: bool) -> None:  # noqa: FBT001 - a table
    bounds = Bounds(hosts=frozenset({"media.example.org", "*.cdn.example.net"}))
    if taken:
        assert not vouched_for(taken_apart(address), bounds)
        return
    with pytest.raises(Rejected, match="host"):
        vouched_for(taken_apart(address), bounds)


def test_what_the_operator_named_is_that_place_alone() -> None:
    bounds = Bounds(inside=frozenset({"127.0.0.1:8081"}))
    assert vouched_for(taken_apart("http://127.0.0.1:8081/a"), bounds)
    with pytest.raises(Rejected):
        vouched_for(taken_apart("http://127.0.0.1:8082/a"), bounds)


def test_one_answer_that_leads_inside_is_enough_to_refuse_a_name() -> None:
    assert all_outside(["8.8.8.8", "2001:4860:4860::8888"])
    assert not all_outside(["8.8.8.8", "127.0.0.1"])
    assert not all_outside([])
    assert not all_outside(["fe80::1%eth0"])
    assert not all_outside(["no number"])
