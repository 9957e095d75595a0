"""JSON Schema 2020-12 from colander nodes: what `turnout.api.reading` accepts, and what services answer."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import colander

from turnout import schema as fields
from turnout.errors import StartError
from turnout.schema import Schema

JSONSchema = dict[str, Any]
Described = Callable[["Components", bool], JSONSchema]
"""Says what depends on the plugins that are there: given the components, and whether it is for an answer."""

SMALLEST_AMOUNT = 0.0001
_SEEN = r"[^\s\x1c-\x1f\x85]"
"""A character that Python's `str.strip` leaves, which takes some more for space than JavaScript's ``\\s`` does."""
_FIRST, _LAST = fields.YEARS[0] + 1, fields.YEARS[1] - 1


def _money(node: colander.SchemaNode, *, answer: bool) -> JSONSchema:
    written = {"type": "string", "pattern": r"^[0-9]{1,10}(\.[0-9]{1,4})?$", "examples": ["150.00"]}
    if answer:
        return written
    limits: JSONSchema = {"maximum": float(fields.MOST_MONEY)}
    for limit in _validators(node):
        if isinstance(limit, colander.Range) and limit.min is not None:
            limits["minimum"] = float(limit.min)
    return {"anyOf": [written, {"type": "number", **limits, "multipleOf": SMALLEST_AMOUNT}]}


def _text(node: colander.SchemaNode, *, answer: bool) -> JSONSchema:
    found: JSONSchema = {"type": "string"}
    shortest = 0
    for rule in _validators(node):
        if isinstance(rule, colander.OneOf):
            found["enum"] = list(rule.choices)
        elif answer:
            continue  # what is kept may be older than a rule
        elif isinstance(rule, colander.Length):
            shortest = rule.min or 0
            found |= {name: limit for name, limit in (("minLength", rule.min), ("maxLength", rule.max)) if limit}
        elif isinstance(rule, fields.Regex):
            found["pattern"] = rule.pattern
    if shortest and node.preparer is not None and "pattern" not in found:
        # Space around a text is taken away before its length is looked at.
        found["pattern"] = _SEEN if shortest == 1 else rf"{_SEEN}[\s\S]{{{shortest - 2},}}{_SEEN}"
    return found


def _whole(node: colander.SchemaNode, *, answer: bool) -> JSONSchema:  # noqa: ARG001 - as the others
    found: JSONSchema = {"type": "integer"}
    for rule in _validators(node):
        if isinstance(rule, colander.Range):
            limits = (("minimum", rule.min), ("maximum", rule.max))
            found |= {name: limit for name, limit in limits if limit is not None}
    return found


def _moment(_node: colander.SchemaNode, *, answer: bool) -> JSONSchema:
    found: JSONSchema = {"type": "string", "format": "date-time", "examples": ["2027-05-01T19:30:00Z"]}
    if answer:
        return found
    return found | {"description": f"With its offset from UTC; the years {_FIRST} to {_LAST}"}


_LEAVES: Mapping[type, Callable[..., JSONSchema]] = {
    fields.Text: _text,
    fields.Whole: _whole,
    fields.Money: _money,
    fields.Timestamp: _moment,
    fields.Day: lambda _node, *, answer: {"type": "string", "format": "date", "examples": ["2027-05-01"]},  # noqa: ARG005 - as the others
    fields.Anything: lambda _node, *, answer: {},  # noqa: ARG005 - as the others
    fields.Members: lambda _node, *, answer: {"type": "object"},  # noqa: ARG005 - as the others
    colander.Boolean: lambda _node, *, answer: {"type": "boolean"},  # noqa: ARG005 - as the others
}


def _validators(node: colander.SchemaNode) -> Iterator[Any]:
    rules = [node.validator] if node.validator is not None else []
    while rules:
        rule = rules.pop(0)
        if isinstance(rule, colander.All):
            rules[:0] = rule.validators
        else:
            yield rule


def _or_null(found: JSONSchema) -> JSONSchema:
    if "enum" in found:
        found = found | {"enum": [*found["enum"], None]}
    if "type" in found:
        return found | {"type": [found["type"], "null"]}
    if "anyOf" in found:
        return found | {"anyOf": [*found["anyOf"], {"type": "null"}]}
    return {"anyOf": [found, {"type": "null"}]} if found else found


def _plain(value: Any) -> Any:
    """Return a default as JSON would say it."""
    if isinstance(value, (tuple, list)):
        return [_plain(entry) for entry in value]
    return str(value) if isinstance(value, Decimal) else value


class Components:
    """The named schemas of a document: one for each `Schema` class, as bodies and as answers.

    An answer's schema has its class's name. A body's has it too, unless the class is also answered: then it is
    "...Input". What PATCH takes is "...Patch".
    """

    def __init__(self, described: Mapping[str, Described] | None = None) -> None:
        self.described = described or {}
        self.schemas: dict[str, JSONSchema] = {}
        self._answered: set[type] = set()

    def note_answer(self, node: colander.SchemaNode) -> None:
        """Remember which classes are answered; call it for every answer before anything else."""
        if isinstance(node, Schema):
            self._answered.add(type(node))
        for child in node.children:
            self.note_answer(child)

    def answer(self, node: colander.SchemaNode) -> JSONSchema:
        """Return the schema of what is answered."""
        return self._value(node, answer=True)

    def body(self, node: colander.SchemaNode, *, partial: bool = False) -> JSONSchema:
        """Return the schema of what is accepted; `partial` needs no member."""
        if partial:
            return self._component(node, type(node).__name__ + "Patch", answer=False, partial=True)
        return self._value(node, answer=False)

    def parameter(self, node: colander.SchemaNode) -> JSONSchema:
        """Return the schema of a query parameter."""
        found = self._shape(node, answer=False)
        if isinstance(node.typ, fields.Money):
            found = found["anyOf"][0]  # everything in an address is text
        return self._annotated(node, found, answer=False)

    def _value(self, node: colander.SchemaNode, *, answer: bool) -> JSONSchema:
        found = self._shape(node, answer=answer)
        if getattr(node, "nullable", False):
            found = _or_null(found)
        return self._annotated(node, found, answer=answer)

    def _annotated(self, node: colander.SchemaNode, found: JSONSchema, *, answer: bool) -> JSONSchema:
        if node.description and not isinstance(node, Schema):
            found = found | {"description": ". ".join(filter(None, (node.description, found.get("description"))))}
        if getattr(node, "example", None) is not None:
            found = found | {"examples": [node.example]}
        missing = node.missing
        if missing == "" and found.get("minLength"):
            missing = None  # left out is another thing than empty
        if not answer and missing not in (colander.required, colander.drop, None) and not callable(missing):
            found = found | {"default": _plain(missing)}
        return found

    def _shape(self, node: colander.SchemaNode, *, answer: bool) -> JSONSchema:
        if isinstance(node, Schema):
            name = type(node).__name__
            if not answer and type(node) in self._answered:
                name += "Input"
            return self._component(node, name, answer=answer)
        if isinstance(node.typ, colander.Mapping):
            return self._object(node, answer=answer)
        if isinstance(node.typ, colander.Sequence):
            return self._list(node, answer=answer)
        describe = self.described.get(getattr(node, "described_by", ""))
        if describe is not None:
            return describe(self, answer)
        for rule in _validators(node):
            if isinstance(rule, fields.Known):
                return self._add(
                    rule.name, {"type": "string", "description": rule.description, "enum": sorted(rule.words())}
                )
        return _LEAVES[type(node.typ)](node, answer=answer)

    def _list(self, node: colander.SchemaNode, *, answer: bool) -> JSONSchema:
        found: JSONSchema = {"type": "array", "items": self._value(node.children[0], answer=answer)}
        for rule in _validators(node):
            if isinstance(rule, colander.Length) and not answer:
                found |= {name: limit for name, limit in (("minItems", rule.min), ("maxItems", rule.max)) if limit}
        return found

    def _object(self, node: colander.SchemaNode, *, answer: bool, partial: bool = False) -> JSONSchema:
        members = {child.name: self._value(child, answer=answer) for child in node.children}
        if partial:
            for member in members.values():
                member.pop("default", None)  # what is left out stays as it is
        found: JSONSchema = {"type": "object"}
        title = (type(node).__doc__ or "").strip().partition("\n")[0]
        if isinstance(node, Schema) and title:
            found["description"] = title
        found["properties"] = members
        required = [child.name for child in node.children if answer or child.missing is colander.required]
        if required and not partial:
            found["required"] = required
        if not answer:
            found["additionalProperties"] = False
        return found

    def _component(self, node: colander.SchemaNode, name: str, *, answer: bool, partial: bool = False) -> JSONSchema:
        return self._add(name, self._object(node, answer=answer, partial=partial))

    def _add(self, name: str, found: JSONSchema) -> JSONSchema:
        if self.schemas.setdefault(name, found) != found:
            raise StartError(f"Two different schemas are named {name}; rename the class of one of them.")
        return {"$ref": f"#/components/schemas/{name}"}
