"""Which control a member of a schema gets. Its template is ``templates/widgets/<template>.jinja2``."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import colander
from babel import Locale
from deform import widget
from deform.field import Field

from turnout import errors
from turnout import schema as fields
from turnout.admin.forms.words import for_people, in_words
from turnout.admin.sent import text

LONG_TEXT = 300
"""Text that may be longer gets several lines."""

Choices = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Picker:
    """Where the things are that a field chooses from: `some` of them with their names, and the address that searches."""

    some: Callable[[Sequence[str]], Choices]
    address: str


@dataclass(frozen=True, slots=True)
class Setting:
    """What a form knows beside its schema: the time `zone` of its moments, the `currency` of its amounts, its pickers.

    `left_out` names what is picked from what is not for whoever asks. `keep` adds an uploaded picture and returns its
    address (None: nothing can be uploaded). `shown` tells where a picture can be seen on this host, "" for one of elsewhere.
    """

    zone: str = "UTC"
    currency: str = ""
    pickers: Mapping[str, Picker] = field(default_factory=dict)
    left_out: Collection[str] = ()
    keep: Callable[[bytes], str] | None = None
    shown: Callable[[str], str] = lambda _address: ""


class Moment(widget.Widget):
    """A native date and time in a time zone that is shown beside it.

    Where it says less than the moment, as in the hour that comes twice when clocks go back, an `exact` one sends the
    moment along, which stays as it is unless another time is typed.
    """

    template = "moment"

    def __init__(self, zone: str, *, exact: bool = True) -> None:
        super().__init__(zone=zone, exact=exact)

    def serialize(self, field: Field, cstruct: Any, **kw: Any) -> str:
        value = self._local(cstruct)
        drawn = cstruct if self.exact and self._says_less(value, cstruct) else None
        return field.renderer(self.template, field=field, value=value, drawn=drawn, zone=self.zone)

    def _says_less(self, local: str, cstruct: Any) -> bool:
        try:
            moment = datetime.fromisoformat(cstruct or "")
            said = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(self.zone))
            return moment.tzinfo is not None and said.astimezone(UTC) != moment.astimezone(UTC)
        except (ValueError, OverflowError):
            return False  # nothing, or no moment: shown as it was typed

    def _local(self, cstruct: Any) -> str:
        if not cstruct or not isinstance(cstruct, str):
            return ""
        try:
            moment = datetime.fromisoformat(cstruct)
            local = moment.astimezone(ZoneInfo(self.zone)) if moment.tzinfo else moment
        except (ValueError, OverflowError):
            return cstruct  # what was typed, for whoever typed it to mend
        return local.replace(tzinfo=None).isoformat(timespec="minutes" if not local.second else "seconds")

    def deserialize(self, field: Field, pstruct: Any) -> Any:
        given = pstruct if isinstance(pstruct, dict) else {field.name: pstruct}
        typed, drawn = text(given.get(field.name)).strip(), text(given.get("as-drawn"))
        if not typed:
            return colander.null
        if drawn and self._local(drawn) == typed:
            return drawn
        try:
            local = datetime.fromisoformat(typed)
        except ValueError:
            raise colander.Invalid(field.schema, "must be a date and a time", typed) from None
        if local.tzinfo is not None:
            return typed
        try:
            moment = local.replace(tzinfo=ZoneInfo(self.zone))
            there_and_back = moment.astimezone(UTC).astimezone(moment.tzinfo).replace(tzinfo=None)
        except OverflowError:
            raise colander.Invalid(field.schema, "must be a date and a time", typed) from None
        if there_and_back != local:
            raise colander.Invalid(field.schema, f"does not exist in {self.zone}: clocks go forward then", typed)
        return moment.isoformat()


class Picture(widget.Widget):
    """The address of a picture, or one that is uploaded: it is kept at once, whatever else is wrong with the form."""

    template = "picture"

    def __init__(self, keep: Callable[[bytes], str] | None, shown: Callable[[str], str]) -> None:
        super().__init__(keep=keep, shown=shown)

    def serialize(self, field: Field, cstruct: Any, **kw: Any) -> str:
        value = cstruct or ""
        shown = self.shown(value)
        return field.renderer(self.template, field=field, value=value, shown=shown, may_upload=self.keep is not None)

    def deserialize(self, field: Field, pstruct: Any) -> Any:
        given = pstruct if isinstance(pstruct, dict) else {"address": pstruct}
        address = given.get("address")
        typed = address.strip() if isinstance(address, str) and address.strip() else colander.null
        file = getattr(given.get("upload"), "file", None)
        if file is None or self.keep is None:
            return typed
        data = file.read()
        if not data:
            raise colander.Invalid(field.schema, "cannot be an empty file", typed)
        try:
            return self.keep(data)
        except errors.Invalid as error:
            raise colander.Invalid(field.schema, error.errors[0][1], typed) from None
        except errors.DomainError as error:
            raise colander.Invalid(field.schema, f"cannot be added. {error.detail}", typed) from None


class Lines(widget.TextAreaWidget):
    """A list of short texts, one on each line."""

    template = "lines"

    def serialize(self, field: Field, cstruct: Any, **kw: Any) -> str:
        lines = cstruct if isinstance(cstruct, str) else "\n".join(map(str, cstruct or ()))
        return field.renderer(self.template, field=field, value=lines)

    def deserialize(self, field: Field, pstruct: Any) -> Any:
        if not isinstance(pstruct, str):
            return colander.null
        lines = [line.strip() for line in pstruct.splitlines() if line.strip()]
        try:
            fields.Length(max=limits(field.schema, fields.Length)[1])(field.schema, lines)
        except colander.Invalid as error:
            error.value = pstruct  # before each of far too many is read
            raise
        return lines or colander.null


class Select(widget.Widget):
    """One of some words, or (`multiple`) several; a picker's are searched for as one types."""

    template = "select"

    def __init__(
        self, choices: Callable[[Sequence[str]], Choices], *, multiple: bool = False, address: str = ""
    ) -> None:
        super().__init__(choices=choices, multiple=multiple, address=address)

    def serialize(self, field: Field, cstruct: Any, **kw: Any) -> str:
        chosen = [str(one) for one in cstruct or ()] if self.multiple else [str(cstruct)] if cstruct else []
        return field.renderer(
            self.template,
            field=field,
            chosen=chosen,
            choices=self.choices(chosen),
            multiple=self.multiple,
            address=self.address,
            may_be_empty=not field.required and field.schema.missing in (None, colander.drop),
        )

    def deserialize(self, field: Field, pstruct: Any) -> Any:
        if self.multiple:
            given = pstruct if isinstance(pstruct, list) else [pstruct]
            return [one for one in given if isinstance(one, str) and one]
        return pstruct if isinstance(pstruct, str) and pstruct else colander.null


class Several(widget.SequenceWidget):
    """A list of groups of fields, to which one can be added."""

    template = "sequence"
    item_template = "sequence_item"

    def __init__(self, *, fixed: bool = False) -> None:
        super().__init__(fixed=fixed)

    def prototype(self, field: Field) -> str:
        """Return an empty item."""
        return str(
            field.children[0].clone().render_template(self.item_template, parent=field, place=None)
        )  # to be escaped


class Input(widget.TextInputWidget):
    """One line; `attributes` are of the HTML element."""

    template = "input"

    def __init__(self, kind: str = "text", suffix: str = "", **attributes: Any) -> None:
        super().__init__(kind=kind, suffix=suffix, attributes=attributes)


class Password(Input):
    """A secret, which is never shown again."""

    def __init__(self) -> None:
        super().__init__("password", autocomplete="new-password")
        self.strip = False


class TextArea(widget.TextAreaWidget):
    """Several lines."""

    template = "textarea"


class Checkbox(widget.CheckboxWidget):
    """Yes or no."""

    template = "checkbox"


class Choice(Select):
    """One of a schema's words."""

    def __init__(self, choices: Choices) -> None:
        super().__init__(lambda _chosen: choices)


def words_of(node: colander.SchemaNode) -> list[str] | None:
    """Return the few words that a node may be, or None."""
    return next((list(each.choices) for each in _validators(node) if isinstance(each, fields.OneOf)), None)


def _validators(node: colander.SchemaNode) -> list[Any]:
    found = node.validator
    if found is None:
        return []
    return list(found.validators) if isinstance(found, colander.All) else [found]


def limits(node: colander.SchemaNode, kind: type[Any]) -> tuple[Any, Any]:
    """Return the least and the most that a node's validator of this `kind` lets through; None where there is no limit."""
    found: Any = next((each for each in _validators(node) if isinstance(each, kind)), None)
    return (None, None) if found is None else (found.min, found.max)


def _known(known: fields.Known) -> Choices:
    codes = sorted(known.words())
    locale = Locale("en")
    names: Mapping[str, str] = {"Country": locale.territories, "Currency": locale.currencies}.get(known.name, {})
    if not names:
        return [(code, code.replace("_", " ")) for code in codes]
    if known.name == "Currency":
        return [(code, f"{code} ({names[code]})") for code in codes]
    return sorted(((code, str(names[code])) for code in codes), key=lambda choice: choice[1])


def dress(node: colander.SchemaNode, setting: Setting) -> None:
    """Give a schema's members their titles and widgets, unless the schema says otherwise itself."""
    for child in node.children:
        if child.raw_title is colander.required:
            child.title = in_words(child.name)
        child.description = for_people(child.description)
        dress(child, setting)
        if child.widget is None:
            child.widget = Input("hidden") if getattr(child, "hidden", False) else _widget(child, setting)


def _widget(node: colander.SchemaNode, setting: Setting) -> widget.Widget:  # noqa: PLR0911 - one for each kind
    picker = setting.pickers.get(node.name)
    if picker is not None:
        return Select(picker.some, multiple=isinstance(node.typ, colander.Sequence), address=picker.address)
    words = words_of(node)
    if words is not None:
        return Choice([(word, in_words(word)) for word in words])
    match node.typ:
        case colander.Mapping():
            return widget.MappingWidget()
        case colander.Sequence():
            of = node.children[0]
            return Several(fixed=getattr(node, "fixed", False)) if isinstance(of.typ, colander.Mapping) else Lines()
        case fields.Timestamp():
            return Moment(setting.zone)
        case fields.Day():
            return Input("date")
        case fields.Money():
            return Input(suffix=setting.currency, inputmode="decimal")
        case fields.Whole():
            least, most = limits(node, fields.Range)
            return Input("number", min=least, max=most, step=1)
        case colander.Boolean():
            return Checkbox()
    return Picture(setting.keep, setting.shown) if getattr(node, "is_picture", False) else _text_widget(node)


def _text_widget(node: colander.SchemaNode) -> widget.Widget:
    known = next((each for each in _validators(node) if isinstance(each, fields.Known)), None)
    if known is not None:
        return Choice(_known(known))
    if "password" in node.name:
        return Password()
    _least, most = limits(node, fields.Length)
    if most is not None and most > LONG_TEXT and node.name != "url" and not node.name.endswith("_url"):
        return TextArea(rows=4 if most <= 5 * LONG_TEXT else 8)
    kind = "email" if node.name.endswith("email") else "url" if node.name.endswith("url") else "text"
    return Input(kind, maxlength=most)
