"""What every plugin keeps to whose source is called with a key, as tests that its author runs beside their own.

    class TestConformance(SourceConformance):
        plugin = "acme"
        key = "api_key"

It is `turnout.testing.conformance.Conformance` and more; what is said there goes for it, too.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import ClassVar

import pytest
from sqlalchemy.orm import Session
from turnout.plugin import StartError
from turnout.testing.applications import Application
from turnout.testing.clients import Api
from turnout.testing.conformance import Conformance
from turnout.testing.fixtures import Workshop

PRIVATE = "kept-to-ourselves-4711"
REFUSED = {
    "http://api.example.com": "sends the key where others can read it",
    "https://user@api.example.com": "names a user",
    "https://api.example.com/": "ends with a /",
}
TAKEN = ("https://api.example.com:8443/v2", "http://127.0.0.1:4000", "http://[::1]:4000/v2")
Start = Callable[..., Api]


class SourceConformance(Conformance):
    """The suite; a subclass names the `plugin`, whose source is called as it is, and the setting that has the `key`.

    The plugin has the settings of `turnout_external_events.sources.calling.settings`.
    """

    key: ClassVar[str]

    @pytest.fixture(scope="class")
    @classmethod
    def start(cls, workshop: Workshop, plugins: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
        """Return what starts an application with settings of the plugin, all on one database."""
        url, folder = workshop.fresh("sqlite", plugins=plugins), tmp_path_factory.mktemp("data")
        with ExitStack() as opened:

            def start(**settings: str) -> Api:
                given = {f"{cls.plugin}.{name}": value for name, value in settings.items()}
                application = Application(url, folder, None, **{"turnout.plugins": plugins}, **given)
                opened.enter_context(closing(application))
                return Api(application, opened.enter_context(Session(application.engine)))

            yield start

    @pytest.mark.parametrize(("has_key", "status"), [(False, "not_set_up"), (True, "ok")])
    def test_health_says_whether_there_is_a_key(self, start: Start, has_key: bool, status: str) -> None:
        """By its source's name, and without calling anybody: that is `EventSource.check`."""
        said = start(**{self.key: PRIVATE} if has_key else {}).get("/health").json["components"].get(self.plugin)
        if said != {"status": status}:
            refuse(f"/health says of {self.plugin} {said} where it should say {status}; see to check() of its source.")

    def test_its_key_is_shown_to_nobody(self, start: Start) -> None:
        """Staff see that there is one; whoever writes a bad one is told of the setting, not of the key."""
        if PRIVATE in start(**{self.key: PRIVATE}).as_role("staff").get("/plugins", page_size=100).text:
            refuse(f"GET /plugins shows {self.plugin}.{self.key}; give its node secret=True.")
        long = PRIVATE * 1000
        said = self._refusal(start, self.key, long)
        if said is None or long in said:
            refuse(
                f"{self.plugin}.{self.key} may be as long as a book, or is told in the error; let it have a longest."
            )

    @pytest.mark.parametrize("base_url", REFUSED)
    def test_its_key_is_not_sent_astray(self, start: Start, base_url: str) -> None:
        """The base URL is not one by which others can read the key, or one to which paths cannot be added."""
        if self._refusal(start, "base_url", base_url) is None:
            refuse(f"It starts with {self.plugin}.base_url = {base_url}, which {REFUSED[base_url]}.")

    @pytest.mark.parametrize("base_url", TAKEN)
    def test_its_source_may_be_elsewhere(self, start: Start, base_url: str) -> None:
        """The base URL can be that of a proxy, or of a fake on this machine."""
        said = self._refusal(start, "base_url", base_url)
        if said is not None:
            refuse(f"It does not start with {self.plugin}.base_url = {base_url}: {said}")

    @pytest.mark.parametrize("name", ["per_second", "per_day"])
    def test_it_is_called_now_and_then(self, start: Start, name: str) -> None:
        """Not at all is said by leaving the key out."""
        if self._refusal(start, name, "0") is None:
            refuse(f"It starts with {self.plugin}.{name} = 0; let it be at least 1.")

    def _refusal(self, start: Start, name: str, value: str) -> str | None:
        """Return what is said at the start of a setting's value, None where it is taken."""
        try:
            start(**{name: value})
        except StartError as error:
            if f"{self.plugin}.{name}" not in str(error):
                raise
            return str(error)
        return None


def refuse(reason: str) -> None:
    """Fail the test in words alone."""
    pytest.fail(reason, pytrace=False)
