"""Images over a socket: large bodies reach the one path that takes them, and files outlive the server."""

from io import BytesIO

import httpx2
import pytest
from PIL import Image

# One server with one database is enough: nothing here depends on which.
pytestmark = pytest.mark.parametrize("database", ["sqlite"])
ADA = {"username": "ada", "email": "ada@example.com", "password": "four invented words together", "is_organizer": True}


@pytest.fixture
def photograph():
    """A file of more than two megabytes, which no compression makes smaller."""
    file = BytesIO()
    Image.effect_noise((1000, 2000), 100).convert("RGB").save(file, "PNG")
    assert 2_000_000 < len(file.getvalue()) < 10_000_000
    return file.getvalue()


def sign_in(live):
    live.client.post("/users", json=ADA).raise_for_status()
    tokens = live.client.post("/auth/login", json={name: ADA[name] for name in ("username", "password")}).json()
    live.client.headers["Authorization"] = f"Bearer {tokens['access_token']}"


def test_a_large_picture_is_taken_and_outlives_the_server(live, photograph):
    sign_in(live)
    image = {"Content-Type": "image/png"}
    answer = live.client.post("/images", content=photograph, headers=image)
    assert answer.status_code == 201, answer.text
    url = answer.json()["url"]
    assert url.startswith(f"http://127.0.0.1:{live.port}/media/")

    assert live.client.post("/images", content=photograph.ljust(10_000_001), headers=image).status_code == 413
    assert live.client.post("/images", content=photograph.ljust(12_000_000), headers=image).status_code == 413
    refused = live.client.post("/venues", content=b"{}".ljust(2_000_000), headers={"Content-Type": "application/json"})
    assert (refused.status_code, refused.json()["code"]) == (413, "body_too_large")

    live.kill()
    live.start()
    shown = httpx2.get(url)
    assert (shown.status_code, shown.headers["Content-Type"]) == (200, "image/webp")
    assert Image.open(BytesIO(shown.content)).size == (1000, 2000)
