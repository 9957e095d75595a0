"""What people are told about money reads well, whatever has happened."""

import pytest

from turnout_payments.models import PROBLEMS
from turnout_payments.services import KINDS

BASICS = {
    "name": "Ada Lovelace",
    "event": "Fado <night> & more",
    "booking_code": "ABC1234567",
    "amount": "1050",
    "currency": "JPY",
    "reason": "It rains.",
}


@pytest.fixture
def rendered(application):
    """Return what fills in a message."""

    def rendered(kind, **context):
        return application.registry.message_kinds[kind].templates.render(BASICS | context)

    return rendered


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("is_refunded", [True, False])
def test_a_message_says_how_much_and_for_what(rendered, kind, problem, is_refunded):
    found = rendered(kind, problem=problem, said=PROBLEMS[problem], is_refunded=is_refunded)
    for text in (found.text, found.html):
        assert "Ada Lovelace" in text
        assert "¥1,050" in text
        assert "ABC1234567" in text
    assert "Fado <night> & more" in found.text
    assert "Fado &lt;night&gt; &amp; more" in found.html
    assert found.subject
    assert "\n\n\n" not in found.text
    assert all(len(line) < 110 for line in found.text.splitlines()), found.text


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_that_is_gone_is_not_named(rendered, kind):
    found = rendered(kind, event="", problem="gone", said="It is gone.", is_refunded=True)
    assert "()" not in found.text + found.html
    assert " for \n" not in found.subject


def test_a_buyer_reads_what_becomes_of_the_money(rendered):
    late = {"problem": "no_places", "said": ""}
    assert "being given back" in rendered("payment_problem", is_refunded=True, **late).text
    kept = rendered("payment_problem", is_refunded=False, **late)
    assert "being given back" not in kept.text
    assert "Your money is safe" in kept.html
    assert "Your booking is" in rendered("payment_problem", problem="paid_twice", is_refunded=True).text
    assert "Reason:    It rains." in rendered("payment_refunded").text
    assert "reason" not in rendered("payment_refunded", reason="").html
