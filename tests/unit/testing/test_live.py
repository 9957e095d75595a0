"""A running server."""

import httpx2
import pytest

ADA = {"username": "ada", "email": "ada@example.com", "password": "four invented words together"}


def test_a_server_keeps_what_it_answered_when_it_is_killed(live):
    assert live.client.post("/users", json=ADA).status_code == 201
    live.kill()
    with pytest.raises(httpx2.TransportError):
        live.client.get("/health")
    live.start()
    assert live.client.post("/users", json=ADA).status_code == 409


def test_another_server_has_the_same_database(live):
    other = live.another()
    assert other.url != live.url
    assert live.client.post("/users", json=ADA).status_code == 201
    assert other.client.post("/users", json=ADA).status_code == 409


def test_the_command_line_has_the_same_database(live):
    live.run("migrate")
    assert "POST" in live.run("routes").stdout
    with pytest.raises(RuntimeError, match="ended with 2"):
        live.run("nonsense")
    assert live.run("nonsense", check=False).returncode == 2
