"""The vocabulary of schemas: colander nodes with the rules that every feature needs.

One schema validates the JSON of the API, describes it in OpenAPI, and draws the form in the admin UI. Every function here
makes a node and takes colander's options beside its own: ``missing`` (what it is when it is left out; without it, it must be
given), ``optional=True`` (may be left out, or null), ``nullable=True`` (null is a value), ``description``, ``example``.

    class NewReview(Schema):
        rating = fields.whole(1, 5, description="5 is best", example=4)
        comment = fields.text(5000, 0, missing="")
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any
from zoneinfo import available_timezones

import colander
from babel import Locale

MAX_ID = 2**53 - 1
MAX_WHOLE = 2**31 - 1
MOST_MONEY = Decimal(9_999_999_999)
YEARS = (1970, 2200)


class Schema(colander.MappingSchema):
    """A JSON object with declared members; unknown ones are refused."""


class Text(colander.String):
    """Text as it was written; what no database can keep is refused, and what is longer than `longest` characters.

    The longest is asked for here, too: a validator sees text without the space around it, OpenAPI speaks of what is sent.
    """

    def __init__(self, *, allow_empty: bool = False, longest: int | None = None) -> None:
        super().__init__(allow_empty=allow_empty)
        self.longest = longest

    def deserialize(self, node: colander.SchemaNode, cstruct: Any) -> Any:
        if isinstance(cstruct, str):
            if self.longest is not None:
                Length(max=self.longest)(node, cstruct)
            if "\x00" in cstruct:
                raise colander.Invalid(node, "must not contain a NUL character")
            try:
                cstruct.encode()
            except UnicodeEncodeError:
                raise colander.Invalid(node, "must be valid Unicode text") from None
        return super().deserialize(node, cstruct)


class Whole(colander.SchemaType):
    """A whole number."""

    def serialize(self, _node: colander.SchemaNode, appstruct: Any) -> Any:
        return colander.null if appstruct is colander.null else str(appstruct)

    def deserialize(self, node: colander.SchemaNode, cstruct: Any) -> Any:
        if cstruct is colander.null or cstruct == "":
            return colander.null
        if isinstance(cstruct, str) and not re.fullmatch(r"[+-]?[0-9]{1,19}", cstruct.strip(), re.ASCII):
            raise colander.Invalid(node, "must be a whole number")
        return int(cstruct)


class Timestamp(colander.SchemaType):
    """A moment, ISO 8601 with its offset, kept in UTC."""

    def serialize(self, _node: colander.SchemaNode, appstruct: Any) -> Any:
        return colander.null if appstruct is colander.null else iso(appstruct)

    def deserialize(self, node: colander.SchemaNode, cstruct: Any) -> Any:
        if cstruct is colander.null or cstruct == "":
            return colander.null
        try:
            moment = datetime.fromisoformat(cstruct)
        except ValueError:
            raise colander.Invalid(node, 'must be a date and time such as "2027-05-01T19:30:00+02:00"') from None
        if moment.tzinfo is None:
            raise colander.Invalid(node, 'needs a time zone, such as "2027-05-01T19:30:00Z" or "...+02:00"')
        if not YEARS[0] < moment.year < YEARS[1]:
            raise colander.Invalid(node, f"must be between the years {YEARS[0]} and {YEARS[1]}")
        return moment.astimezone(UTC)


class Day(colander.Date):
    """A calendar day, ISO 8601."""

    def deserialize(self, node: colander.SchemaNode, cstruct: Any) -> Any:
        if isinstance(cstruct, str) and cstruct and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", cstruct, re.ASCII):
            raise colander.Invalid(node, 'must be a date such as "2027-05-01"')
        try:
            return super().deserialize(node, cstruct)
        except colander.Invalid:
            raise colander.Invalid(node, 'must be a date such as "2027-05-01"') from None


class Money(colander.SchemaType):
    """An exact amount, as text ("150.00") or a number, with at most four decimals."""

    def serialize(self, _node: colander.SchemaNode, appstruct: Any) -> Any:
        return colander.null if appstruct is colander.null else str(appstruct)

    def deserialize(self, node: colander.SchemaNode, cstruct: Any) -> Any:
        if cstruct is colander.null or cstruct == "":
            return colander.null
        if isinstance(cstruct, str) and not re.fullmatch(r"-?[0-9]{1,14}(\.[0-9]{1,8})?", cstruct, re.ASCII):
            raise colander.Invalid(node, 'must be an amount such as "150.00"')
        try:
            amount = Decimal(cstruct)
            # Only compared: arithmetic overflows with what JSON can say, such as 1e999999999.
            if amount > MOST_MONEY:
                raise colander.Invalid(node, f"must be at most {MOST_MONEY}")
            if amount < -MOST_MONEY:
                raise colander.Invalid(node, f"must be at least {-MOST_MONEY}")
            if amount != amount.quantize(Decimal("0.0001")):
                raise colander.Invalid(node, "must have at most four decimals")
        except InvalidOperation:
            raise colander.Invalid(node, 'must be an amount such as "150.00"') from None
        return amount


class Anything(colander.SchemaType):
    """Anything that JSON can say; only for answers."""


class Members(colander.SchemaType):
    """A JSON object whose members are checked by those who added them, such as plugins."""

    def deserialize(self, _node: colander.SchemaNode, cstruct: Any) -> Any:
        return cstruct


def iso(moment: datetime) -> str:
    """Write a moment the way that the API does: UTC, ISO 8601, ending in Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


class Length(colander.Length):
    """Length limits with messages that read well at a field."""

    def __call__(self, node: colander.SchemaNode, value: Any) -> None:
        size = len(value)
        things = "characters" if isinstance(value, str) else "entries"
        if self.min is not None and size < self.min:
            raise colander.Invalid(
                node, "must not be empty" if self.min == 1 else f"must have at least {self.min} {things}"
            )
        if self.max is not None and size > self.max:
            raise colander.Invalid(node, f"must have at most {self.max} {things}")


class Range(colander.Range):
    """Limits of a number with messages that read well at a field."""

    def __call__(self, node: colander.SchemaNode, value: Any) -> None:
        if self.min is not None and value < self.min:
            raise colander.Invalid(node, f"must be at least {self.min}")
        if self.max is not None and value > self.max:
            raise colander.Invalid(node, f"must be at most {self.max}")


class OneOf(colander.OneOf):
    """One of a few words, all named in the message."""

    def __call__(self, node: colander.SchemaNode, value: Any) -> None:
        if value not in self.choices:
            raise colander.Invalid(node, f"must be one of: {', '.join(map(str, self.choices))}")


class Regex(colander.Regex):
    """A pattern that must hold for the whole text. `pattern` is one that JSON Schema understands too."""

    def __init__(self, pattern: str, message: str) -> None:
        self.pattern = pattern
        super().__init__(re.compile(pattern + r"\Z", re.ASCII), msg=message)


def _strip(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _node(typ: colander.SchemaType, **options: Any) -> colander.SchemaNode:
    """Make a node; ``optional=True`` means that it may be left out or null, and is None then."""
    if options.pop("optional", False):
        options.setdefault("missing", None)
        options.setdefault("nullable", True)
    return colander.SchemaNode(typ, **options)


def text(longest: int, shortest: int = 1, **options: Any) -> colander.SchemaNode:
    """Text of limited length, without space around it."""
    options.setdefault("preparer", _strip)
    return _node(Text(allow_empty=True, longest=longest), validator=Length(shortest, longest), **options)


def matching(
    pattern: str, message: str, longest: int, *, may_be_empty: bool = False, **options: Any
) -> colander.SchemaNode:
    """Text that follows `pattern`, an anchored regular expression."""
    if may_be_empty:
        pattern = f"^(?:{pattern.removeprefix('^').removesuffix('$')})?$"
    return _node(
        Text(allow_empty=True, longest=longest),
        validator=colander.All(Length(0 if may_be_empty else 1, longest), Regex(pattern, message)),
        preparer=_strip,
        **options,
    )


def whole(least: int = 0, most: int = MAX_WHOLE, **options: Any) -> colander.SchemaNode:
    """A whole number within limits."""
    return _node(Whole(), validator=Range(least, most), **options)


def identifier(**options: Any) -> colander.SchemaNode:
    """The id of something."""
    return whole(1, MAX_ID, **options)


def flag(**options: Any) -> colander.SchemaNode:
    """True or false."""
    return _node(colander.Boolean(true_choices=("true", "1", "yes"), false_choices=("false", "0", "no")), **options)


def money(**options: Any) -> colander.SchemaNode:
    """An amount of money, zero or more."""
    return _node(Money(), validator=Range(0, None), **options)


def moment(**options: Any) -> colander.SchemaNode:
    """A date and time with its time zone."""
    return _node(Timestamp(), **options)


def day(**options: Any) -> colander.SchemaNode:
    """A calendar day."""
    return _node(Day(), **options)


def choice(words: Iterable[str], **options: Any) -> colander.SchemaNode:
    """One of a few words."""
    return _node(Text(allow_empty=True), validator=OneOf(list(words)), **options)


def email(**options: Any) -> colander.SchemaNode:
    """An email address, as plain as mail servers take them."""
    return matching(
        r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?)+$",
        "must be an email address such as ada@example.com",
        254,
        **options,
    )


def slug(**options: Any) -> colander.SchemaNode:
    """A short name for addresses: lower-case letters, digits and single hyphens."""
    return matching(
        r"^[a-z0-9]+(?:-[a-z0-9]+)*$", 'must be like "live-music": a-z, 0-9 and single hyphens', 60, **options
    )


def url(**options: Any) -> colander.SchemaNode:
    """A web address."""
    # Besides what Python and JSON Schema both call space, what only one of them does: the rule is one wherever it is read.
    return matching(
        r"^https?://[^\s\x00-\x1f\x85\ufeff/$.?#][^\s\x00-\x1f\x85\ufeff]*$",
        "must be a web address that starts with http:// or https://",
        1000,
        **options,
    )


@cache
def _currencies() -> frozenset[str]:
    return frozenset(code for code in map(str, Locale("en").currencies) if re.fullmatch("[A-Z]{3}", code))


@cache
def _territories() -> frozenset[str]:
    return frozenset(
        code
        for code in map(str, Locale("en").territories)
        if re.fullmatch("[A-Z]{2}", code) and code not in _NO_COUNTRY
    )


_NO_COUNTRY = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ", "AC", "CP", "CQ", "DG", "EA", "IC", "TA", "XK"})


def countries() -> frozenset[str]:
    """Return the ISO 3166-1 alpha-2 codes, from the Unicode CLDR."""
    return _territories()


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def timezones() -> frozenset[str]:
    """Return the names of the IANA time zones."""
    return _zones()


class Known:
    """A code out of a long list that others keep; `name` is what the list is called in OpenAPI."""

    def __init__(self, name: str, description: str, words: Callable[[], frozenset[str]], message: str) -> None:
        self.name = name
        self.description = description
        self.words = words
        self.message = message

    def __call__(self, node: colander.SchemaNode, value: str) -> None:
        if value not in self.words():
            raise colander.Invalid(node, self.message)


_CURRENCY = Known("Currency", "An ISO 4217 currency code", _currencies, 'must be an ISO 4217 code such as "EUR"')
_COUNTRY = Known("Country", "An ISO 3166-1 alpha-2 country code", countries, 'must be an ISO 3166 code such as "PT"')
_ZONE = Known("TimeZone", "An IANA time zone", _zones, 'must be an IANA time zone such as "Europe/Lisbon"')


def currency(**options: Any) -> colander.SchemaNode:
    """An ISO 4217 currency code."""
    return _node(Text(), validator=_CURRENCY, **options)


def country(**options: Any) -> colander.SchemaNode:
    """An ISO 3166-1 alpha-2 country code."""
    return _node(Text(), validator=_COUNTRY, **options)


def timezone(**options: Any) -> colander.SchemaNode:
    """An IANA time zone."""
    return _node(Text(), validator=_ZONE, **options)


def many(of: colander.SchemaNode, longest: int, shortest: int = 0, **options: Any) -> colander.SchemaNode:
    """A list."""
    return colander.SchemaNode(colander.Sequence(), of, validator=Length(shortest, longest), **options)


def members(**options: Any) -> colander.SchemaNode:
    """An object with members that plugins add; `described_by` names who describes them in OpenAPI."""
    return _node(Members(), **options)


def anything(**options: Any) -> colander.SchemaNode:
    """A value of an answer that is described in words only."""
    return _node(Anything(), **options)
