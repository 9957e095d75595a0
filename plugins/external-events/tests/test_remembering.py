"""What was found is found again without asking, also where nobody says when it is to begin."""

import pytest


@pytest.fixture(scope="module")
def settings(settings):
    return settings | {"external_events.cache_minutes": "10"}


@pytest.fixture(autouse=True)
def just_begun(clock):
    """Let ten minutes just have begun."""
    clock.move(seconds=601 - clock.now().timestamp() % 600)


def test_what_nobody_says_the_beginning_of_is_asked_once(api, almanac, external, clock, browser, organizer):
    almanac.put(external())
    user, desk = api.as_role("user"), browser.as_(organizer)
    for seconds in (0, 7, 300):
        clock.move(seconds=seconds)
        assert user.get("/external-events", query="fado").json["count"] == 1
        desk.get("/admin/find-elsewhere?find=1&query=fado").mustcontain("Fado night 1")
    assert len(almanac.calls) == 1

    clock.move(minutes=5)
    user.get("/external-events", query="fado")

    assert len(almanac.calls) == 2
