"""Signatures, by the vector that Standard Webhooks' own libraries are tested with."""

import base64
from datetime import UTC, datetime

from tests.unit.receivers import is_signed

from turnout.webhooks.signing import headers, new_message_id, new_secret, signature

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE = "msg_p5jXN8AQM9LWM0D4loKWxJek"
TIMESTAMP = 1614265330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_known_vector():
    assert signature(SECRET, MESSAGE, TIMESTAMP, BODY) == SIGNATURE


def test_headers_carry_a_signature_for_each_secret():
    other = new_secret()
    made = headers(MESSAGE, datetime.fromtimestamp(TIMESTAMP + 0.9, UTC), BODY, [other, SECRET])
    assert made["webhook-id"] == MESSAGE
    assert made["webhook-timestamp"] == str(TIMESTAMP)
    assert made["webhook-signature"].split(" ")[1] == SIGNATURE
    assert is_signed(SECRET, made, BODY)
    assert is_signed(other, made, BODY)
    assert not is_signed(new_secret(), made, BODY)
    assert not is_signed(SECRET, made | {"webhook-id": "msg_another"}, BODY)
    assert not is_signed(SECRET, made | {"webhook-timestamp": str(TIMESTAMP + 1)}, BODY)


def test_secrets_and_ids_are_as_the_scheme_wants_them():
    assert 24 <= len(base64.b64decode(new_secret().removeprefix("whsec_"))) <= 64
    assert new_secret() != new_secret()
    assert "." not in new_message_id()
    assert len(new_message_id()) <= 40
