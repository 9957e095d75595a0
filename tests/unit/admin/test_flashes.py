"""What is said on the next page fits into a cookie."""

import pytest
from pyramid.session import SignedCookieSessionFactory
from pyramid.testing import DummyRequest

from turnout.admin.flashes import flash
from turnout.admin.sent import number


@pytest.mark.parametrize("text", ["x" * 10_000, "\N{PARTY POPPER}" * 3_000, "\x00\n" * 5_000, '"\\' * 5_000])
def test_however_much_there_is_to_say_it_fits(text):
    request = DummyRequest()
    request.session = SignedCookieSessionFactory("a secret")(request)
    flash(request, "Done.")
    flash(request, *[text] * 100, level="danger")
    (send,) = request.response_callbacks
    response = request.response
    send(request, response)
    assert len(response.headers["Set-Cookie"]) < 4096
    said = request.session.pop_flash("danger")
    assert len(said) == 4
    assert said[-1] == "And 97 more."
    assert request.session.pop_flash() == ["Done."]


def test_little_is_said_as_it_is():
    request = DummyRequest()
    request.session = SignedCookieSessionFactory("a secret")(request)
    flash(request, "One", "Two")
    assert request.session.pop_flash() == ["One", "Two"]


@pytest.mark.parametrize(
    "sent",
    [
        None,
        "",
        "x",
        "-1",
        "1.5",
        "9" * 16,
        "9" * 9_000,
        "\N{SUPERSCRIPT TWO}",
        "\N{ARABIC-INDIC DIGIT ONE}",
        " 1",
        b"1",
    ],
)
def test_what_is_no_number(sent):
    assert number(sent) is None


def test_a_number():
    assert (number("0"), number("007"), number("9" * 15)) == (0, 7, 999_999_999_999_999)
