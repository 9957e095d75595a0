"""The OpenAPI document: valid, complete, and stable in what generated clients hold on to."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import colander
import pytest
from openapi_spec_validator import validate
from pyramid.exceptions import ConfigurationConflictError

from turnout import schema as fields
from turnout.api.openapi.schemas import Components
from turnout.api.service import PREFIX, Service, operations
from turnout.errors import StartError
from turnout.plugin.configurator import Configurator
from turnout.schema import Schema
from turnout.testing.applications import SETTINGS


@pytest.fixture
def document(world) -> dict[str, Any]:
    return world.api.get("/openapi.json").json


def described(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_it_is_valid_openapi_31(document):
    assert document["openapi"].startswith("3.1.")
    validate(document)


def test_it_has_every_operation(document, world):
    declared = {f"{op.method} {op.path.removeprefix(PREFIX) or '/'}" for op in operations(world.application.registry)}
    assert {name for name, _ in described(document)} == declared


def test_every_operation_says_what_it_is_who_may_and_what_it_refuses(document, world):
    tags = {tag["name"] for tag in document["tags"] if tag["description"]}
    for name, operation in described(document):
        assert operation["summary"], name
        assert operation["x-turnout-permission"] in world.application.registry.permissions, name
        assert operation["x-turnout-permission"] in operation["description"], name
        assert set(operation["tags"]) <= tags, name
        assert {"400", "401", "403", "406", "500", "503"} <= operation["responses"].keys(), name
        if "requestBody" in operation:
            assert {"413", "415", "422"} <= operation["responses"].keys(), name
        if "{" in name:
            assert "404" in operation["responses"], name


def test_every_error_is_a_problem_document_with_examples_of_its_codes(document):
    for name, response in document["components"]["responses"].items():
        content = response["content"]["application/problem+json"]
        assert content["schema"] == {"$ref": "#/components/schemas/Problem"}, name
        for code, example in content["examples"].items():
            assert example["value"]["code"] == code
            assert f"`{code}`" in response["description"]


def test_names_are_unique_and_plain(document):
    names = [operation["operationId"] for _, operation in described(document)]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z][A-Za-z0-9]*", name) for name in names)
    assert document["paths"]["/users/me"]["get"]["operationId"] == "readMe"
    assert all(re.fullmatch(r"[A-Z][A-Za-z0-9]*", name) for name in document["components"]["schemas"])


def test_it_refers_only_to_what_is_there(document):
    text = repr(document)
    for kind, name in re.findall(r"'#/components/(\w+)/([\w.-]+)'", text):
        assert name in document["components"][kind]
    for kind in ("schemas", "responses", "parameters"):
        for name in document["components"][kind]:
            assert f"'#/components/{kind}/{name}'" in text, f"nobody refers to {name}"


def test_writes_take_an_idempotency_key_and_versioned_ones_if_match(document):
    me = document["paths"]["/users/me"]
    key, match, none_match = (
        {"$ref": f"#/components/parameters/{name}"} for name in ("IdempotencyKey", "IfMatch", "IfNoneMatch")
    )
    assert me["get"]["parameters"] == [none_match]
    assert me["patch"]["parameters"] == [key, match]
    assert "ETag" in me["get"]["responses"]["200"]["headers"]
    assert {"304"} <= me["get"]["responses"].keys()
    assert {"412"} <= me["put"]["responses"].keys()
    assert "Location" in document["paths"]["/users"]["post"]["responses"]["201"]["headers"]


def test_who_would_rather_not_wait_is_told_how(document):
    book = document["paths"]["/bookings"]["post"]
    assert {"$ref": "#/components/parameters/Prefer"} in book["parameters"]
    accepted, made = book["responses"]["202"], book["responses"]["201"]
    assert accepted["content"] == made["content"]
    assert accepted["headers"].keys() == made["headers"].keys() | {"Preference-Applied", "Retry-After"}
    assert "202" not in document["paths"]["/events"]["post"]["responses"]


def test_bodies_refuse_unknown_members_and_say_what_they_need(document):
    schemas = document["components"]["schemas"]
    assert schemas["NewUser"]["required"] == ["username", "email", "password"]
    assert schemas["NewUser"]["additionalProperties"] is False
    assert schemas["NewUser"]["properties"]["is_organizer"] == {
        "type": "boolean",
        "default": False,
        "description": "Wants to make events",
    }
    assert schemas["NewUser"]["properties"]["picture_url"]["type"] == ["string", "null"]
    assert "required" not in schemas["ProfileUpdatePatch"]
    assert "default" not in schemas["ProfileUpdatePatch"]["properties"]["bio"]
    assert set(schemas["UserView"]["required"]) == set(schemas["UserView"]["properties"])


def test_who_needs_no_token_is_told_so(document):
    assert document["paths"]["/users"]["post"]["security"] == [{"bearer": ["users:register"]}, {}]
    assert document["paths"]["/users/me"]["get"]["security"] == [{"bearer": ["users:read"]}]
    assert "does without a scope too" in " ".join(document["info"]["description"].split())


def test_what_may_be_kept_says_so(document):
    read = document["paths"]["/events/{id}/availability"]["get"]
    assert {"$ref": "#/components/parameters/IfNoneMatch"} in read["parameters"]
    assert {"ETag", "Cache-Control"} == read["responses"]["200"]["headers"].keys()
    assert "304" in read["responses"]


def test_parameters_have_types_and_defaults(document):
    parameters = {entry["name"]: entry for entry in document["paths"]["/users"]["get"]["parameters"]}
    assert parameters["page_size"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 100, "default": 10}
    assert parameters["page_size"]["required"] is False
    (user_id,) = [entry for entry in document["paths"]["/users/{id}"]["get"]["parameters"] if "name" in entry]
    assert (user_id["in"], user_id["schema"]["type"]) == ("path", "integer")


def test_it_may_be_kept_and_asked_about(world):
    first = world.api.get("/openapi.json")
    assert "max-age" in first.headers["Cache-Control"]
    again = world.api.get("/openapi.json", headers={"If-None-Match": first.headers["ETag"]}, status=304)
    assert again.body == b""


def test_two_operations_with_one_name_stop_the_start():
    def read_health(_request):
        """Have the name of another."""

    namesake = Service("namesake", "/namesake", "Probes")
    namesake.get(permission="health:read")(read_health)

    def includeme(config):
        config.add_api_service(namesake)

    config = Configurator(settings=SETTINGS)
    config.include("turnout.config")
    config.include(includeme)
    with pytest.raises(ConfigurationConflictError, match="'turnout operation', 'read_health'"):
        config.commit()


def test_two_schemas_with_one_name_are_told_apart_or_refused():
    class Thing(Schema):
        """A thing."""

        name = fields.text(10)

    first = Thing

    class Thing(Schema):
        """A thing."""

        name = fields.text(20)

    components = Components()
    components.body(first())
    components.body(first())
    with pytest.raises(StartError, match="Two different schemas are named Thing"):
        components.body(Thing())


def test_nodes_become_what_they_accept():
    class Everything(Schema):
        """Of every kind."""

        word = fields.choice(["a", "b"], optional=True)
        amount = fields.money(missing=Decimal("1.50"))
        day = fields.day(missing=colander.drop)
        codes = fields.many(fields.currency(name="code"), 3, 1)
        beginning = fields.text(9, 3)
        since = fields.moment(nullable=True)

    components = Components()
    assert components.body(Everything()) == {"$ref": "#/components/schemas/Everything"}
    found = components.schemas["Everything"]
    assert found["required"] == ["codes", "beginning", "since"]
    members = found["properties"]
    assert members["word"] == {"type": ["string", "null"], "enum": ["a", "b", None]}
    assert members["amount"]["default"] == "1.50"
    assert [kind["type"] for kind in members["amount"]["anyOf"]] == ["string", "number"]
    assert members["day"]["format"] == "date"
    assert members["codes"] == {
        "type": "array",
        "items": {"$ref": "#/components/schemas/Currency"},
        "minItems": 1,
        "maxItems": 3,
    }
    assert "EUR" in components.schemas["Currency"]["enum"]
    assert re.search(members["beginning"]["pattern"], " a c ")
    assert not re.search(members["beginning"]["pattern"], "  ab ")
    assert members["since"]["type"] == ["string", "null"]
    assert components.parameter(fields.money(name="price"))["type"] == "string"
