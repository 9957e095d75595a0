"""Every operation, as schemathesis misuses it: the application does what the OpenAPI document says, and never fails."""

import datetime
import json
import re
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from schemathesis.config import SchemathesisConfig
from schemathesis.checks import load_all_checks
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.openapi.checks import RejectedPositiveData
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.python._constants.orchestrator import make_constants_value_source

from turnout.api.openapi.document import document

load_all_checks()

ROLES = ["nobody", "plain", "organizer", "staff", "superuser"]
KNOWN_IDS = 4
"""Ids up to this one are likely to exist."""

schemathesis.openapi.format(
    "date-time",
    st.datetimes(
        datetime.datetime(2025, 1, 1), datetime.datetime(2190, 1, 1), timezones=st.just(datetime.UTC)
    ).map(lambda moment: moment.isoformat()),
)


def _strict(described: dict[str, Any]) -> dict[str, Any]:
    """Allow answers no member that the document does not name (clients have to bear some, we need not make any)."""
    for schema in described["components"]["schemas"].values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return described


RULES = tuple(
    re.compile(pattern)
    for pattern in (
        # Values that only make sense together.
        r"^give either the username or the email address$",
        r"^must be after the sale starts$",
        # Values that somebody else gave out.
        r"^is not one that this list gave with this ordering$",
        r"^cannot be given to your tokens: ",
        # What JSON Schema could say only by listing a whole alphabet, or ten thousand passwords.
        r"^cannot be made from this name; give one$",
        r"^is among the commonest passwords; choose another$",
    )
)
"""Refusals of values that are as the document wants them, for reasons that no document can give."""


def _breaks_a_rule(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Let pass that good data are refused, but only for a reason that we know."""
    if not isinstance(failure, RejectedPositiveData) or response.status_code != 400:
        return True
    found = json.loads(response.content).get("errors", [])
    return not found or not all(any(rule.search(entry["message"]) for rule in RULES) for entry in found)


@pytest.fixture(params=ROLES)
def role(request) -> str:
    return request.param


@pytest.fixture
def openapi(world, role):
    is_thorough = role in {"nobody", "superuser"}
    config = SchemathesisConfig.from_dict({
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
                "expected-statuses": ["2xx", "3xx", "401", "403", "404", "409", "412", "422", "503"],
            }
        },
    })
    schema = schemathesis.openapi.from_dict(_strict(document(world.application.registry)), config=config)
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


SETTINGS = settings(
    max_examples=15,
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
                explicit_settings=SETTINGS,
                given_kwargs={},
                feedback=feedback,
            )()
