"""A client cannot choose its own address."""

import pytest

from moderado.core.addresses import address_of_scope, client_address, rate_limit_key

PROXIES = ("10.0.0.0/8", "192.0.2.1", "fd00::/8")


@pytest.mark.parametrize(
    "peer, forwarded_for, expected",
    [
        ("203.0.113.7", "", "203.0.113.7"),
        ("203.0.113.7", "1.2.3.4", "203.0.113.7"),  # no trusted proxy: forged header
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "1.2.3.4, 203.0.113.7", "203.0.113.7"),  # the client's part is leftmost
        ("10.0.0.1", "203.0.113.7, 192.0.2.1, 10.9.9.9", "203.0.113.7"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.2, 10.0.0.3", "10.0.0.2"),  # a client inside the own network
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7, rubbish", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7:4711", "203.0.113.7"),
        ("10.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"),
        ("10.0.0.1", "2001:DB8::7", "2001:db8::7"),
        ("::ffff:10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("fd00::1", "::ffff:203.0.113.7", "203.0.113.7"),
        (None, "203.0.113.7", "203.0.113.7"),  # a Unix socket
        (None, "", ""),
        ("testclient", "1.2.3.4", "testclient"),
    ],
)
def test_right_most_untrusted_address_is_the_client(peer, forwarded_for, expected):
    found = client_address(peer=peer, forwarded_for=forwarded_for, trusted=PROXIES)

    assert found == expected


def test_forwarded_header_is_ignored_without_trusted_proxies():
    assert client_address(peer="127.0.0.1", forwarded_for="1.2.3.4", trusted=()) == "127.0.0.1"


def test_repeated_forwarded_headers_are_joined_in_order(settings):
    settings.TRUSTED_PROXIES = ["10.0.0.1"]
    scope = {
        "client": ("10.0.0.1", 5),
        "headers": [(b"x-forwarded-for", b"1.2.3.4"), (b"x-forwarded-for", b"203.0.113.7")],
    }

    assert address_of_scope(scope) == "203.0.113.7"


def test_scope_without_client_is_a_unix_socket(settings):
    assert address_of_scope({"client": None, "headers": []}) == ""


def test_ipv6_addresses_are_limited_by_their_64_prefix():
    assert rate_limit_key("2001:db8:1:2:3::4") == rate_limit_key("2001:db8:1:2:ffff::1")
    assert rate_limit_key("2001:db8:1:2::1") != rate_limit_key("2001:db8:1:3::1")
    assert rate_limit_key("203.0.113.7") == "203.0.113.7"
