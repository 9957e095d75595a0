"""An installed wheel, not the checkout, in an empty environment: it migrates, serves and shows its documentation."""

import pytest
from tests.environments import Installation, make_environment

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]


@pytest.fixture(scope="module")
def programs(tmp_path_factory, turnout_wheel):
    """The bin folder of an empty environment into which the wheel was installed with what the lock file names."""
    return make_environment(tmp_path_factory.mktemp("environment") / "venv", turnout_wheel)


def test_an_installed_wheel_migrates_and_serves(programs, tmp_path):
    installation = Installation(programs, tmp_path, database_url="")
    installation.turnout("migrate")
    with installation.serving() as client:
        health = client.get("/health").json()
        assert (health["status"], health["components"]["migrations"]["status"]) == ("ok", "ok")
        assert client.get("/openapi.json").json()["openapi"].startswith("3.1")
        page = client.get("/docs").text
        scripts = [part.split('"')[0] for part in page.split('src="')[1:]]
        assert scripts
        for script in scripts:
            assert client.get(str(client.base_url.join(script))).status_code == 200, script
