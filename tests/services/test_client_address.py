"""The address a request came from, with and without proxies that are believed."""

import pytest

from flowstudio.services.addresses import client_address

TRUSTED = ("127.0.0.1", "10.0.0.0/8")


def scope(peer: str | None, *forwarded: str):
    fields = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    client = (peer, 5000) if peer is not None else None
    return {"type": "http", "client": client, "headers": [(b"host", b"x"), *fields]}


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.7", [], "203.0.113.7"),
        ("203.0.113.7", ["192.0.2.1"], "203.0.113.7"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["192.0.2.1, 203.0.113.7"], "203.0.113.7"),
        ("127.0.0.1", ["192.0.2.1, 203.0.113.7, 10.1.2.3"], "203.0.113.7"),
        ("127.0.0.1", ["192.0.2.1", "203.0.113.7", "10.1.2.3"], "203.0.113.7"),
        ("127.0.0.1", ["10.1.2.3"], "10.1.2.3"),
        ("127.0.0.1", ["192.0.2.1, unknown, 10.1.2.3"], "10.1.2.3"),
        ("::ffff:127.0.0.1", ["::ffff:203.0.113.7"], "203.0.113.7"),
        ("10.255.0.1", ["2001:db8::7"], "2001:db8::7"),
        (None, ["203.0.113.7"], ""),
        ("testclient", ["203.0.113.7"], "testclient"),
    ],
)
def test_the_client_is_the_first_from_the_right_that_is_no_trusted_proxy(peer, forwarded, expected):
    assert client_address(scope(peer, *forwarded), TRUSTED) == expected


def test_with_no_trusted_proxies_the_client_is_the_peer():
    assert client_address(scope("127.0.0.1", "203.0.113.7"), ()) == "127.0.0.1"
