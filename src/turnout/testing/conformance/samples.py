"""Values that fit a JSON schema, as far as can be told without knowing what they mean."""

from collections.abc import Mapping
from typing import Any

JSONSchema = Mapping[str, Any]
FORMATS = {
    "date-time": "2027-06-01T18:00:00+00:00",
    "date": "2027-06-01",
    "email": "guest@example.com",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def sample(schema: JSONSchema, components: Mapping[str, JSONSchema]) -> Any:
    """Return a value for `schema`; `components` are the schemas that it may refer to."""
    if "$ref" in schema:
        return sample(components[schema["$ref"].rpartition("/")[2]], components)
    for said in ("const", "default"):
        if said in schema:
            return schema[said]
    for several in ("examples", "enum"):
        if schema.get(several):
            return schema[several][0]
    for choices in ("allOf", "anyOf", "oneOf"):
        if choices in schema:
            return sample(next(each for each in schema[choices] if each.get("type") != "null"), components)
    return _of_type(schema, components)


def _of_type(schema: JSONSchema, components: Mapping[str, JSONSchema]) -> Any:
    types = schema.get("type", "object")
    match types if isinstance(types, str) else next(each for each in types if each != "null"):
        case "object":
            return {name: sample(member, components) for name, member in schema.get("properties", {}).items()}
        case "array":
            return [sample(schema.get("items", {}), components)] * max(schema.get("minItems", 1), 1)
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case _:
            return FORMATS.get(schema.get("format", ""), "x" * max(schema.get("minLength", 1), 1))
