"""Reading what a client sends: JSON and query parameters, checked strictly against a schema.

colander is generous (the text "5" is an integer, {} a missing date); a form needs that, an API does not. So the JSON's
own types are compared with the schema's first, and every problem is reported at once, named by its field.
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import unquote_to_bytes

import colander
from pyramid.request import Request

from turnout import schema as fields
from turnout.api.errors import BodyTooLarge, MalformedJSON, UnsupportedMediaType
from turnout.errors import Invalid

Errors = list[tuple[str, str]]

_EXPECTED: dict[type, tuple[tuple[type, ...], str]] = {
    fields.Text: ((str,), "must be text"),
    fields.Whole: ((int,), "must be a whole number"),
    fields.Timestamp: ((str,), "must be a date and time as text"),
    fields.Day: ((str,), "must be a date as text"),
    fields.Money: ((str, int, Decimal), 'must be an amount such as "150.00"'),
    colander.Boolean: ((bool,), "must be true or false"),
    fields.Members: ((dict,), "must be an object"),
}


def message_of(error: colander.Invalid) -> str:
    """Return the one message of a leaf's error, without colander's full stop and capital."""
    while error.children:
        error = error.children[0]
    found = error.messages()
    return str(found[0].interpolate() if hasattr(found[0], "interpolate") else found[0]) if found else "is not valid"


def read_value(node: colander.SchemaNode, value: Any, path: str, errors: Errors, *, partial: bool = False) -> Any:
    """Return `value` as `node` wants it, adding to `errors` what is wrong with it. `partial` leaves out what is missing."""
    if value is None:
        if not getattr(node, "nullable", False):
            errors.append((path, "must not be null"))
        return None
    if isinstance(node.typ, colander.Mapping):
        return _read_mapping(node, value, path, errors, partial=partial)
    if isinstance(node.typ, colander.Sequence):
        return _read_sequence(node, value, path, errors)
    return _read_leaf(node, value, path, errors)


def _read_leaf(node: colander.SchemaNode, value: Any, path: str, errors: Errors) -> Any:
    expected, message = _EXPECTED[type(node.typ)]
    if int in expected and type(value) is Decimal and -fields.MAX_ID <= value <= fields.MAX_ID and value == int(value):
        value = int(value)  # 1.0 and 1 are one number in JSON
    # Empty text is no date and no amount, though colander would take it for null.
    if type(value) not in expected or (value == "" and type(node.typ) is not fields.Text):
        errors.append((path, message))
        return None
    try:
        return node.deserialize(value)
    except colander.Invalid as error:
        errors.append((path, "must not be empty" if value == "" else message_of(error)))
        return None


def checked(schema: colander.SchemaNode, given: dict[str, Any]) -> dict[str, Any]:
    """Return `given` as `schema` wants it, defaults filled in. Raises `Invalid` for everything that is wrong with it."""
    errors: Errors = []
    found: dict[str, Any] = read_value(schema, given, "", errors)
    if errors:
        raise Invalid(errors)
    return found


def _read_mapping(node: colander.SchemaNode, value: Any, path: str, errors: Errors, *, partial: bool) -> dict[str, Any]:
    if type(value) is not dict:
        errors.append((path, "must be an object"))
        return {}
    found: dict[str, Any] = {}
    known = set()
    for child in node.children:
        known.add(child.name)
        where = f"{path}.{child.name}" if path else child.name
        if child.name in value:
            found[child.name] = read_value(child, value[child.name], where, errors)
        elif partial or child.missing is colander.drop:
            continue
        elif child.missing is colander.required:
            errors.append((where, "is required"))
        else:
            found[child.name] = child.missing() if callable(child.missing) else child.missing
    errors.extend((field_of(path, name), "is not known here") for name in value.keys() - known)
    return found


def field_of(path: str, name: str) -> str:
    """Name a member that a client sent, as far as it can be: a lone surrogate cannot be said in an answer."""
    return (f"{path}.{name}" if path else name)[:200].encode(errors="replace").decode()


def _read_sequence(node: colander.SchemaNode, value: Any, path: str, errors: Errors) -> list[Any]:
    if type(value) is not list:
        errors.append((path, "must be a list"))
        return []
    try:
        if node.validator is not None:
            node.validator(node, value)
    except colander.Invalid as error:
        errors.append((path, message_of(error)))
        return []
    return [read_value(node.children[0], entry, f"{path}[{index}]", errors) for index, entry in enumerate(value)]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        [(twice, _)] = Counter(name for name, _ in pairs).most_common(1)
        raise MalformedJSON(f"The member {twice[:100]!r} is there more than once.")
    return found


def _no_constant(name: str) -> Any:
    raise MalformedJSON(f"{name} is not JSON.")


_decoder = json.JSONDecoder(object_pairs_hook=_object, parse_float=Decimal, parse_constant=_no_constant)


def parse_json(body: bytes) -> Any:
    """Parse a JSON document (RFC 8259). Raises `MalformedJSON` for anything else, duplicate members included."""
    try:
        document = _decoder.decode(body.decode("utf-8"))
    except MalformedJSON:
        raise
    except UnicodeDecodeError:
        raise MalformedJSON("The body is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise MalformedJSON(f"{error.msg}, line {error.lineno}, column {error.colno}.") from None
    except RecursionError:
        raise MalformedJSON("It is nested too deeply.") from None
    except (ValueError, ArithmeticError):
        raise MalformedJSON("A number in it is too large.") from None
    return document


def most_bytes(settings: Mapping[str, Any]) -> int:
    """Return how large the largest body is that any path takes: a file, with a form around it."""
    return int(settings["api.max_upload_bytes"] + settings["api.max_body_bytes"])


def bound_body(request: Request, **_options: Any) -> None:
    """Refuse, before it is read, a body that is larger than the setting ``api.max_body_bytes``."""
    _bound(request, request.registry.settings["api.max_body_bytes"])


def bound_file(request: Request, **_options: Any) -> None:
    """Refuse, before it is read, a body that is a file larger than the setting ``api.max_upload_bytes``."""
    _bound(request, request.registry.settings["api.max_upload_bytes"])


def _bound(request: Request, most: int) -> None:
    if request.content_length is not None and request.content_length > most:
        raise BodyTooLarge(f"The body may have at most {most} bytes.")


def body_reader(schema: colander.SchemaNode, *, partial: bool) -> Callable[..., None]:
    """Return a validator that puts the checked body into ``request.validated["body"]``."""
    may_be_empty = all(child.missing is not colander.required for child in schema.children)

    def read(request: Request, **_options: Any) -> None:
        body = request.body
        if not body and may_be_empty and not partial:
            document: Any = {}
        else:
            if request.content_type.lower() != "application/json":
                raise UnsupportedMediaType("Send the body as application/json.")
            document = parse_json(body)
        errors: Errors = []
        if type(document) is not dict:
            raise Invalid([("", "The body must be a JSON object")])
        found = read_value(schema, document, "", errors, partial=partial)
        if errors:
            raise Invalid(errors)
        request.validated["body"] = found

    return read


def type_reader(types: Collection[str]) -> Callable[..., None]:
    """Return a validator that refuses a body that is of none of these media types."""

    def read(request: Request, **_options: Any) -> None:
        if request.content_type.lower() not in types:
            raise UnsupportedMediaType(f"Send the body as {', '.join(types)}.")

    return read


def query_pairs(request: Request) -> list[tuple[str, str]]:
    """Return the query parameters as they were sent. Raises `UnicodeDecodeError` for what is not UTF-8.

    WebOb would take a semicolon, too, for the end of a parameter.
    """
    sent = request.environ.get("QUERY_STRING", "").encode("latin-1").replace(b"+", b" ")
    pairs = [part.partition(b"=") for part in sent.split(b"&") if part]
    return [(unquote_to_bytes(name).decode(), unquote_to_bytes(value).decode()) for name, _, value in pairs]


def _hint(node: colander.SchemaNode, value: str) -> str:
    """Return what to add to the message of a parameter: in a query, a bare + is a space."""
    return "; in a query, write + as %2B" if isinstance(node.typ, fields.Timestamp) and " " in value else ""


def query_reader(schema: colander.SchemaNode) -> Callable[..., None]:
    """Return a validator that puts the checked query parameters into ``request.validated["query"]``."""
    nodes = {child.name: child for child in schema.children}
    defaults = {child.name: child.missing for child in schema.children if child.missing is not colander.drop}

    def read(request: Request, **_options: Any) -> None:
        try:
            pairs = query_pairs(request)
        except UnicodeDecodeError:
            raise Invalid([("", "The query is not UTF-8")]) from None
        found = dict(defaults)
        errors: Errors = []
        seen = set()
        for name, value in pairs:
            node = nodes.get(name)
            if node is None:
                errors.append((name[:200], "is not a parameter of this list" if nodes else "takes no parameters"))
            elif name in seen:
                errors.append((name, "is given more than once"))
            elif value == "" and not getattr(node.typ, "allow_empty", False):
                errors.append((name, "must not be empty"))
            else:
                seen.add(name)
                try:
                    found[name] = node.deserialize(value)
                except colander.Invalid as error:
                    errors.append(
                        (name, "must not be empty" if value == "" else message_of(error) + _hint(node, value))
                    )
        if errors:
            raise Invalid(errors)
        request.validated["query"] = found

    return read
