"""What is to be said before money is taken in earnest, and where buyers find this installation."""

import pytest
from turnout.plugin import StartError, system_request
from turnout.testing.applications import Application

from turnout_payments.providers import Providers


@pytest.fixture
def start(workshop, tmp_path):
    """Return what starts an application with settings of payments."""
    opened = []

    def start(environment="testing", **settings):
        given = {"turnout.plugins": "payments", "turnout.environment": environment, "turnout.secret": "s" * 48}
        given |= {f"payments.{name}": value for name, value in settings.items()}
        opened.append(Application(workshop.fresh("sqlite", plugins="payments"), tmp_path, None, **given))
        return opened[-1]

    yield start
    for application in opened:
        application.close()


def providers(application):
    with system_request(application.router) as request:
        return set(Providers(request).ready())


@pytest.mark.parametrize("environment", ["testing", "development", "production"])
def test_nobody_pays_without_money_unless_it_is_said(start, environment):
    assert "test" not in providers(start(environment))


def test_it_is_said(start):
    assert "test" in providers(start(allow_test="true"))


def test_production_does_not_let_it_be_said(start):
    with pytest.raises(StartError, match=r"payments\.allow_test"):
        start("production", allow_test="true")


@pytest.mark.parametrize(
    "url", ["https://tickets.example.com/", "tickets.example.com", "https://a b.example.com", "ftp://x"]
)
def test_what_is_no_address(start, url):
    with pytest.raises(StartError, match=r"payments\.public_url"):
        start(public_url=url)


@pytest.mark.parametrize("url", ["https://tickets.example.com", "http://127.0.0.1:6543", "https://example.com/tickets"])
def test_buyers_are_sent_where_the_setting_says_whatever_host_is_asked(
    ada, booking, bank, application, monkeypatch, url, start
):
    start(public_url=url)
    wanted = {"provider": "bank", "return_url": "https://shop.example.com/"}

    def redirect_url():
        path = f"/bookings/{booking['id']}/payments"
        return ada.request("POST", path, wanted, headers={"Host": "evil.example.net"}).json["redirect_url"]

    assert redirect_url().startswith("http://evil.example.net/payments/")
    monkeypatch.setitem(application.registry.settings, "payments.public_url", url)
    assert redirect_url().startswith(f"{url}/payments/")
