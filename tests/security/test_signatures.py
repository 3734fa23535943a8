"""Signatures of webhooks: what is signed can be read in one way only."""

import pytest

from flowstudio.security.signatures import is_signed, new_signing_secret, sign

AT = 1_800_000_000


def test_a_signature_is_good_for_what_was_signed():
    secret = new_signing_secret()
    assert is_signed(secret, "msg_1", str(AT), b"x", sign(secret, "msg_1", AT, b"x"))


def test_a36b_an_id_cannot_take_in_the_timestamp_and_leave_the_body_to_pose_as_another():
    secret = new_signing_secret()
    given = sign(secret, "msg_1", AT, f"{AT + 900}.hello".encode())
    assert not is_signed(secret, f"msg_1.{AT}", str(AT + 900), b"hello", given)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_!", "whsec_A"])
def test_what_is_no_secret_signs_nothing(secret):
    for given in ("", "v1,", "v1,AAAA"):
        assert not is_signed(secret, "msg_1", str(AT), b"", given)


def test_a_secret_of_no_bytes_signs_nothing():
    assert not is_signed("whsec_", "msg_1", str(AT), b"", sign("whsec_", "msg_1", AT, b""))
