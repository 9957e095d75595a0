"""What PayPal refuses, and what goes wrong in ways of its own; what goes wrong everywhere is in the suite of all providers."""

import pytest
from turnout_payments.providers import Refused, Unavailable

REFUSAL = (
    b'{"name": "UNPROCESSABLE_ENTITY", "message": "No.", "details": [{"issue": "X", "description": "Not today."}]}'
)
ANSWERS = {
    "a strange document": (200, b'{"status": "COMPLETED", "purchase_units": [[]]}', Unavailable),
    "a capture without amount": (
        200,
        b'{"status": "COMPLETED", "purchase_units": [{"payments": {"captures": [{"id": "1", "status": "COMPLETED"}]}}]}',
        Unavailable,
    ),
    "a refusal": (422, REFUSAL, Refused),
    "a refusal without words": (400, b"{}", Refused),
    "a refusal with strange words": (400, b'{"details": "nothing", "name": 7}', Refused),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_whatever_is_answered_is_one_of_two_things(answering, charge, wanted, name):
    status, body, expected = ANSWERS[name]
    provider = answering(status, body)
    calls = [lambda: provider.look("1"), lambda: provider.open(charge())]
    if name != "a capture without amount":
        calls.append(lambda: provider.refund("1", wanted(700)))
    for call in calls:
        with pytest.raises(expected):
            call()


def test_a_refusal_is_said_in_paypals_words(answering, charge):
    with pytest.raises(Refused, match=r"^Not today\.$"):
        answering(422, REFUSAL).open(charge())


def test_a_charge_that_paypal_refuses(provider, charge):
    with pytest.raises(Refused, match="Must be greater than zero"):
        provider.open(charge(amount=0))


def test_tokens_that_are_never_good_end_in_a_refusal(answering, charge):
    with pytest.raises(Refused):
        answering(401, b'{"error": "invalid_token"}').open(charge())
