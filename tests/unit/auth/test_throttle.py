"""Who fails to sign in too often has to wait, and nobody else."""

import pytest
import time_machine
from sqlalchemy.orm import Session

from turnout.auth.throttle import Throttle, network
from turnout.errors import StartError, TooManyAttempts
from turnout.security import passwords
from turnout.settings import SettingsError
from turnout.testing.applications import Application
from turnout.testing.clients import Api
from turnout.testing.factories import PASSWORD

ACCOUNT, ADDRESS = "5 per minute; 20 per hour", "50 per minute; 300 per hour"
HERE, THERE = "192.0.2.1", "192.0.2.2"


@pytest.fixture
def moving():
    with time_machine.travel("2027-03-01T12:00:00Z", tick=False) as traveller:
        yield traveller


def throttle(account=ACCOUNT, address=ADDRESS, storage="memory://"):
    return Throttle(account, address, storage)


def fail(throttle, times, account="ada", address=HERE):
    for _ in range(times):
        throttle.check(account, address)
        throttle.failed(account, address)


def wait_of(throttle, account="ada", address=HERE):
    try:
        throttle.check(account, address)
    except TooManyAttempts as error:
        return error.seconds
    return 0


def test_five_failures_a_minute_and_twenty_an_hour(moving):
    tried = throttle()
    for minute in range(4):
        fail(tried, 5)
        assert wait_of(tried) == (60 if minute < 3 else 3600 - 3 * 60)
        moving.shift(60)
    assert wait_of(tried) == 3600 - 4 * 60
    moving.shift(3600 - 4 * 60 - 1)
    assert wait_of(tried) == 1
    moving.shift(1)
    fail(tried, 5)
    assert wait_of(tried) == 60


def test_the_wait_is_until_a_minute_after_the_first_failure(moving):
    tried = throttle()
    fail(tried, 1)
    moving.shift(45)
    fail(tried, 4)
    assert wait_of(tried) == 15
    moving.shift(15)
    assert wait_of(tried) == 0


def test_another_address_and_another_account_are_not_kept_waiting(moving):
    tried = throttle()
    fail(tried, 5)
    assert wait_of(tried) > 0
    assert wait_of(tried, address=THERE) == 0
    assert wait_of(tried, account="grace") == 0


def test_an_address_that_tries_many_accounts_has_to_wait(moving):
    tried = throttle()
    for number in range(50):
        fail(tried, 1, account=f"user{number}")
    assert wait_of(tried, account="grace") == 60
    assert wait_of(tried, account="grace", address=THERE) == 0


def test_a_success_forgets_the_failures_of_this_account_and_address_alone(moving):
    tried = throttle(address="6 per minute")
    fail(tried, 4)
    fail(tried, 1, address=THERE)
    tried.succeeded("ada", HERE)
    fail(tried, 2)
    assert wait_of(tried) == 60  # the address itself has failed six times
    fail(tried, 4, address=THERE)
    assert wait_of(tried, address=THERE) == 60


def test_successes_are_not_counted(moving):
    tried = throttle("1 per minute", "1 per minute")
    for _ in range(10):
        tried.check("ada", HERE)
        tried.succeeded("ada", HERE)


@pytest.mark.parametrize(
    ("one", "other", "are_the_same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8:0:0:1::", "2001:db8:0:0:2::", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("localhost", "localhost", True),
        (None, "None", True),
    ],
)
def test_what_one_customer_has_counts_as_one_address(one, other, are_the_same):
    assert (network(one) == network(other)) is are_the_same


def test_what_is_over_is_not_kept(moving):
    tried = throttle(ACCOUNT, "100000 per hour")
    for number in range(500):
        tried.failed(f"user{number}", HERE)
    storage = tried._own.storage
    assert len(storage.storage) == 1001
    moving.shift(3601)
    tried.failed("ada", HERE)
    storage.timer.join()
    storage._MemoryStorage__expire_events()
    assert len(storage.storage) == 3


@pytest.fixture
def sent(api, make):
    """Make Ada, and send sign-ins in her name."""
    make.user(username="ada", email="ada@example.com")

    def sent(password="wrong", status=None, who="ada", address=HERE):
        api.browser.extra_environ["REMOTE_ADDR"] = address
        return api.post("/auth/login", {"username": who, "password": password}, status=status)

    return sent


@pytest.fixture
def failed(application):
    """Note failures, which to make really takes long."""
    return lambda times, who="ada": fail(application.registry.throttle, times, who)


def test_the_api_says_how_long_to_wait_and_verifies_nothing(sent, monkeypatch):
    for _ in range(5):
        sent(status=401)
    monkeypatch.setattr(passwords, "_hasher", None)  # nothing could be verified now
    for who in ("ada", "ADA"):
        answer = sent(PASSWORD, 429, who)
        assert answer.content_type == "application/problem+json"
        assert answer.json["code"] == "too_many_attempts"
        wait = int(answer.headers["Retry-After"])
        assert 50 < wait <= 60
        assert answer.json["detail"] == f"Too many attempts. Try again in {wait} seconds."


def test_nobody_is_locked_out_from_everywhere(sent, failed):
    failed(5)
    sent(PASSWORD, 429)
    sent(PASSWORD, 200, address=THERE)
    sent(PASSWORD, 429)


def test_whether_there_is_such_an_account_makes_no_difference(sent, failed):
    failed(4, "nobody")
    sent(status=401, who="nobody")
    sent(status=429, who="nobody")
    sent(status=401)


def test_a_success_begins_anew(sent, failed):
    for _ in range(2):
        failed(4)
        sent(PASSWORD, 200)
    failed(5)
    sent(PASSWORD, 429)


def test_what_a_client_says_of_its_address_counts_for_nothing(api, sent, failed):
    failed(4)
    body = {"username": "ada", "password": "wrong"}
    api.post("/auth/login", body, status=401, headers={"X-Forwarded-For": "198.51.100.1"})
    api.post("/auth/login", body, status=429, headers={"X-Forwarded-For": "198.51.100.2"})


def test_the_form_and_the_api_count_together(browser, sent, failed):
    failed(3)
    sent(status=401)
    elsewhere = {"X-Forwarded-For": "198.51.100.1"}
    browser.post("/admin/sign-in", {"login": "ADA", "password": "wrong"}, status=401, headers=elsewhere)
    page = browser.post("/admin/sign-in", {"login": "ada", "password": PASSWORD}, status=429)
    wait = int(page.headers["Retry-After"])
    alert = page.html.find(role="alert").text.strip()
    assert alert == f"Too many attempts. Try again in {wait} seconds."
    assert page.form["login"].value == "ada"
    sent(status=429)


def test_a_long_wait_is_told_in_minutes():
    assert str(TooManyAttempts(1)).endswith("in 1 second.")
    assert str(TooManyAttempts(90)).endswith("in 90 seconds.")
    assert str(TooManyAttempts(91)).endswith("in 2 minutes.")
    assert str(TooManyAttempts(3600)).endswith("in 60 minutes.")


def test_openapi_describes_the_refusal(api):
    responses = api.get("/openapi.json").json["paths"]["/auth/login"]["post"]["responses"]
    assert "too_many_attempts" in responses["429"]["$ref"]
    described = api.get("/openapi.json").json["components"]["responses"]["TooManyRequests-too_many_attempts"]
    assert "Retry-After" in described["headers"]


def test_processes_that_share_redis_count_together(redis):
    one, other = throttle(storage=redis.url), throttle(storage=redis.url)
    who = f"ada/{id(one)}\n*"
    fail(one, 3, who)
    fail(other, 2, who)
    for tried in (one, other):
        assert 50 < wait_of(tried, who) <= 60
    assert wait_of(other, who, THERE) == 0
    other.succeeded(who, HERE)
    assert wait_of(one, who) == 0


def test_what_is_over_is_not_kept_in_redis_either(redis):
    tried = throttle("1 per second", "1 per second", redis.url)
    fail(tried, 1, "grace", "198.51.100.9")
    with pytest.raises(TooManyAttempts):
        tried.check("grace", "198.51.100.9")
    keys = [key for key in tried._shared.storage.storage.keys("LIMITS*") if b"198.51.100.9" in key]
    assert all(0 < tried._shared.storage.storage.pttl(key) <= 1000 for key in keys)


def test_while_redis_is_down_each_process_counts_for_itself(redis, caplog):
    if not hasattr(redis, "stop"):
        pytest.skip("this Redis is not ours to stop")
    tried = throttle(storage=redis.url)
    fail(tried, 2, "mara")
    redis.stop()
    fail(tried, 5, "mara")
    assert wait_of(tried, "mara") > 0
    tried.succeeded("mara", HERE)
    assert wait_of(tried, "mara") == 0
    redis.start()
    fail(tried, 3, "mara")
    assert wait_of(tried, "mara") > 0


def test_the_application_works_though_redis_is_down(workshop, database):
    settings = {"auth.throttle_storage": "redis://127.0.0.1:1/0"}
    application = workshop.application(database, settings=settings)
    with application.rolled_back() as connection, Session(connection) as session:
        body = {"username": "nobody", "password": "wrong"}
        for status in (401, 401, 401, 401, 401, 429):
            Api(application, session).post("/auth/login", body, status=status)


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("throttle_account", "often", "must be like"),
        ("throttle_account", "0 per minute", "must be like"),
        ("throttle_address", "5 per fortnight", "must be like"),
        ("throttle_storage", "memcached://localhost", "redis://"),
        ("idle_minutes", "4", "at least 5"),
        ("session_hours", "0", "at least 1"),
    ],
)
def test_settings_that_cannot_be_are_refused(tmp_path, setting, value, said):
    with pytest.raises(SettingsError, match=f"auth.{setting}.*{said}"):
        Application(f"sqlite:///{tmp_path}/x.sqlite", tmp_path, **{f"auth.{setting}": value})


def test_an_address_of_redis_is_kept_secret():
    with pytest.raises(StartError) as raised:
        throttle(storage="redis://:hidden:word@localhost:nonsense/0")
    assert "hidden" not in str(raised.value)
    assert "nonsense" not in str(raised.value)
