"""Every operation, as schemathesis misuses it: the application does what the OpenAPI document says, and never fails."""

import datetime as dt
import json
import re
from functools import partial
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import schemathesis
from argon2 import PasswordHasher
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test
from PIL import Image
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.openapi.checks import RejectedPositiveData
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.python._constants.orchestrator import make_constants_value_source

from turnout.api.openapi.document import document
from turnout.images.pictures import FORMATS
from turnout.security import passwords

load_all_checks()

ROLES = ["nobody", "plain", "organizer", "staff", "superuser"]
THOROUGH = "superuser"
"""Gets furthest, and therefore every kind of case; the others get fewer."""
KNOWN_IDS = 4
"""Ids up to this one are likely to exist."""

TODAY = dt.datetime(2027, 3, 1, tzinfo=dt.UTC)
_coming = st.timedeltas(dt.timedelta(days=1), dt.timedelta(days=2000))
_gone = st.timedeltas(dt.timedelta(), dt.timedelta(days=40_000))
# JSON Schema's moments are those of any century, ours are those of the present.
schemathesis.openapi.format("date-time", _coming.map(lambda ahead: (TODAY + ahead).isoformat()))
schemathesis.openapi.format("date", _gone.map(lambda ago: (TODAY - ago).date().isoformat()))


def _picture(kind: str, shade: int) -> bytes:
    file = BytesIO()
    Image.new("RGB", (2, 2), (shade, 0, 0)).save(file, kind)
    return file.getvalue()


for _kind, _media_type in FORMATS.items():
    schemathesis.openapi.media_type(_media_type, st.integers(0, 5).map(partial(_picture, _kind)))


def _strict(described: dict[str, Any]) -> dict[str, Any]:
    """Allow answers no member that the document does not name (clients have to bear some, we need not make any)."""
    for schema in described["components"]["schemas"].values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return described


def _with_short_lists(described: dict[str, Any]) -> dict[str, Any]:
    """Leave few values of the long lists of codes in what is sent, because every single one would be tried."""
    schemas = described["components"]["schemas"]
    bodies = {name for name, schema in schemas.items() if schema.get("additionalProperties") is False}
    for name in [name for name, schema in schemas.items() if len(schema.get("enum", ())) > 50]:
        few = [value for value in schemas[name]["enum"] if value in {"PT", "JP", "EUR", "JPY", "Asia/Tokyo", "UTC"}]
        schemas[f"Few{name}"] = schemas[name] | {"enum": few}
        short = json.dumps({"bodies": {body: schemas[body] for body in bodies}, "paths": described["paths"]})
        short = json.loads(short.replace(f'schemas/{name}"', f'schemas/Few{name}"'))
        schemas |= short["bodies"]
        described["paths"] = short["paths"]
    return described


RULES = tuple(
    re.compile(pattern)
    for pattern in (
        # Values that only make sense together.
        r"^is there twice$",
        r"^give either the username or the email address$",
        r"^give either the secret or the ticket_id$",
        r"^must be after the sale starts$",
        r"^must not be below min_per_booking$",
        r"^must not be before starts_at$",
        r"^must be left out or \d+, as many as there are tickets$",
        r"^is finer than the smallest unit of [A-Z]{3}, ",
        r"^must not be the username or the email address$",
        r"^must stay within the first 10000 results",
        # Values that are good or not depending on what there is, or on the day.
        r"^there is no such (venue|category|attendee)$",
        r" is not known; known are: ",
        r"^there is no such (kind of message|channel); there are: ",
        r"^there is no (tag|category) ",
        r"^the event has no such ticket type$",
        r"^the booking has no valid ticket \d+$",
        r"^cannot change: prices are in it",
        r"^belongs to the ticket types: ",
        r"^must be at most \d+ in one booking",
        r"^must be at (least|most) \d+ of '",
        r"^can only grow where ",
        r"^must not be in the (past|future)$",
        r"^must be in the future$",
        # Values that somebody else gave out.
        r"^is not one that this list gave with this ordering$",
        r"^cannot be given to your tokens: ",
        r"^is (required to change the password or the email address|not your password)$",
        # Addresses that must not be called; how they may be written is more than a pattern can say.
        r"^must be a web address such as https://",
        r"^must begin with https://, ",
        r"^must have (only visible ASCII characters|a port from|a public address|a host name )",
        r"^must not (have a user name|have a fragment|name a network interface)",
        # What JSON Schema could say only by listing a whole alphabet, or ten thousand passwords.
        r"^cannot be made from this name; give one$",
        r"^is among the commonest passwords; choose another$",
    )
)
"""Refusals of values that are as the document wants them, for reasons that no document can give."""


def _was_lost(case: Any, response: Any) -> bool:
    """Tell whether a parameter never came: one whose value is an empty list is not written into the address at all."""
    sent = parse_qs(urlsplit(response.request.url).query, keep_blank_values=True)
    return isinstance(case.query, dict) and not case.query.keys() <= sent.keys()


def _breaks_a_rule(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Let pass that good data are refused, but only for a reason that we know, and that bad data are taken which never came."""
    if isinstance(failure, AcceptedNegativeData) and _was_lost(case, response):
        return False
    if not isinstance(failure, RejectedPositiveData) or response.status_code != 400:
        return True
    found = json.loads(response.content).get("errors", [])
    return not found or not all(any(rule.search(entry["message"]) for rule in RULES) for entry in found)


@pytest.fixture(params=ROLES)
def role(request) -> str:
    return request.param


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch):
    """Hash passwords with as little work as argon2 allows; thousands are."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def openapi(world, role):
    is_thorough = role == THOROUGH
    config = SchemathesisConfig.from_dict(
        {
            "generation": {
                "allow-x00": False,  # refused everywhere, which JSON Schema could say only by a pattern at every text
                "deterministic": True,
                "no-shrink": True,
            },
            "phases": {"coverage": {"enabled": is_thorough}, "examples": {"enabled": is_thorough}},
            "checks": {
                "positive_data_acceptance": {
                    # 412: an If-Match that is as it should be, but names no state that there ever was.
                    # 422: an Idempotency-Key that happened to be used before.
                    "expected-statuses": ["2xx", "3xx", "401", "403", "404", "409", "412", "422"],
                }
            },
        }
    )
    schema = schemathesis.openapi.from_dict(
        _strict(_with_short_lists(document(world.application.registry))), config=config
    )
    schema.app = world.application.router
    schema.hook("filter_failure")(_breaks_a_rule)
    return schema


def _aim(values: Any) -> None:
    """Turn most valid ids into ones that exist, so that more is reached than 404."""
    if not isinstance(values, dict):
        return
    for name, value in values.items():
        if (name == "id" or name.endswith("_id")) and type(value) is int and KNOWN_IDS < value < 10**15:
            values[name] = value % KNOWN_IDS + 1


def _settings(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def test_operations(openapi, world, role, subtests):
    headers = {} if role == "nobody" else {"Authorization": f"Bearer {world.tokens[role]}"}

    def check(case: schemathesis.Case) -> None:
        _aim(case.path_parameters)
        _aim(case.body)
        savepoint = world.connection.begin_nested()
        try:
            case.call_and_validate(headers=headers)
        finally:
            savepoint.rollback()

    feedback = FeedbackSources(constants_value_source=make_constants_value_source(openapi))
    for found in openapi.get_all_operations():
        operation = found.ok()
        with subtests.test(operation.label):
            build_operation_test(
                config=openapi.config,
                operation=operation,
                test_func=check,
                explicit_settings=_settings(15 if role == THOROUGH else 5),
                given_kwargs={},
                feedback=feedback,
            )()


@pytest.mark.parametrize("role", ["superuser", "organizer"], indirect=True)
def test_journeys(openapi, world, role):
    """What one operation answers is what the next one is asked about: made, read, changed, deleted, and then gone."""

    headers = {"Authorization": f"Bearer {world.tokens[role]}"}

    class Journey(openapi.as_state_machine()):
        def setup(self) -> None:
            self.savepoint = world.connection.begin_nested()

        def teardown(self) -> None:
            self.savepoint.rollback()

        def get_call_kwargs(self, case: schemathesis.Case) -> dict[str, Any]:
            _aim(case.body)
            return {"headers": headers}

        def validate_response(self, response: Any, case: Any, additional_checks: Any = None, **kwargs: Any) -> None:
            case.validate_response(
                response,
                additional_checks=additional_checks,
                headers=headers,  # or it would take them for made up
                transport_kwargs=kwargs,
                recorder=self.recorder,
            )

    run_state_machine_as_test(Journey, settings=settings(_settings(25), stateful_step_count=8))
