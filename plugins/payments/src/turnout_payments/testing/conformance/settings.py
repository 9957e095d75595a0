"""The plugin within the application: what is secret stays so, and what is missing is said."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from turnout.plugin import StartError
from turnout.testing.applications import Application
from turnout.testing.clients import Api
from turnout.testing.fixtures import Workshop

from turnout_payments.providers import PaymentProvider
from turnout_payments.testing.stage import Stage

TOO_LONG = "x" * 3000
Start = Callable[..., None]


class SettingsChecks:
    """The plugin within the application: what is secret stays so, and what is missing is said."""

    @pytest.fixture
    def settings(self, server: Stage) -> Mapping[str, str]:
        """Let the application speak with the fake."""
        return server.settings()

    @pytest.fixture
    def start(self, workshop: Workshop, plugins: str, tmp_path: Path, stage_type: type[Stage]) -> Start:
        """Return what starts an application with some settings, called without the provider's name."""

        def start(**given: Any) -> None:
            said = {f"{stage_type.name}.{name}": value for name, value in given.items()}
            url = workshop.fresh("sqlite", plugins=plugins)
            Application(url, tmp_path, None, **{"turnout.plugins": plugins} | said).close()

        return start

    def test_with_its_settings_it_is_healthy(self, api: Api, server: Stage) -> None:
        """Whoever runs it sees at a glance that payments can be taken."""
        assert api.get("/health").json["components"][server.name] == {"status": "ok"}

    def test_its_secrets_are_masked(self, api: Api, server: Stage) -> None:
        """Staff see that they are set, and not what they are."""
        answer = api.as_role("staff").get("/plugins", page_size=100)
        assert "********" in answer.text
        for name in server.secrets:
            assert server.settings()[f"{server.name}.{name}"] not in answer.text

    def test_what_is_missing_is_said(self, make_provider: Callable[..., PaymentProvider], stage: Stage) -> None:
        """Without one of these it is offered to nobody."""
        assert make_provider().check() is None
        for name in stage.required:
            for nothing in ("", " "):
                assert make_provider(**{name: nothing}).check() == f"Set {stage.name}.{name}."

    @pytest.mark.parametrize(
        "shape",
        [
            "http://{host}",
            "https://{host}/",
            "https://{host}/v1",
            "https://user@{host}",
            "ftp://{host}",
            "http://127.0.0.1.example.com",
            "{host}",
        ],
    )
    def test_what_is_secret_is_not_sent_where_others_can_read_it(
        self, start: Start, stage_type: type[Stage], shape: str
    ) -> None:
        """The API is spoken to over https, or on this very machine."""
        with pytest.raises(StartError, match=rf"{stage_type.name}\.base_url"):
            start(base_url=shape.format(host=stage_type.home.removeprefix("https://")))

    @pytest.mark.parametrize(
        "base_url", ["", "https://pay.example.com:8443", "http://127.0.0.1:4000", "http://[::1]:4000"]
    )
    def test_where_the_provider_may_be(self, start: Start, stage_type: type[Stage], base_url: str) -> None:
        """At home, at a host that stands for it, or on this very machine."""
        start(base_url=base_url or stage_type.home)

    def test_a_setting_that_does_not_fit_is_not_shown_if_it_is_secret(
        self, start: Start, stage_type: type[Stage]
    ) -> None:
        """Not even to whoever starts it wrongly: logs are read by many."""
        for name in stage_type.secrets:
            with pytest.raises(StartError) as raised:
                start(**{name: TOO_LONG})
            assert f"{stage_type.name}.{name}" in str(raised.value)
            assert TOO_LONG not in str(raised.value)
