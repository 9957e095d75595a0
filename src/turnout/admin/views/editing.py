"""Making and changing things by forms."""

from collections.abc import Mapping
from typing import Any

import colander
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request

from turnout.admin.actions import Done, Made
from turnout.admin.context import setting_of
from turnout.admin.flashes import flash
from turnout.admin.forms.form import Form, Rejected
from turnout.admin.forms.schemas import appstruct, defaults
from turnout.admin.forms.words import in_words
from turnout.admin.recording import record
from turnout.admin.refusals import rejected_by
from turnout.admin.registry import require_reading
from turnout.admin.sections import AdminSection
from turnout.admin.sent import number, text
from turnout.admin.views.pages import row_id, show_secret
from turnout.errors import Denied, DomainError, VersionMismatch
from turnout.schema import Schema
from turnout.versions import Versioned

BAD_REQUEST, STALE = 400, 412


def _form_of(section: AdminSection, *, edits: bool) -> type[Schema]:
    found = (section.edit_form if edits else None) or section.form
    assert found is not None, section.name  # noqa: S101 - a section that makes or changes things has a form
    return found


def _page(
    request: Request, section: AdminSection, form: Form, row: Mapping[str, Any] | None = None, status: int = 200
) -> dict[str, Any]:
    request.response.status_int = status
    return {
        "section": section,
        "form": form,
        "row": row,
        "label": None if row is None else section.label(row),
        "version": None if row is None else getattr(row, "version", None),
    }


def begin(request: Request, section: AdminSection) -> dict[str, Any]:
    """Show an empty form; parameters fill in what they name."""
    schema = _form_of(section, edits=False)
    values = {**defaults(schema), **section.suggested(request.GET, actor=request.actor)}
    return _page(request, section, Form(request, schema, setting_of(request, section, values), values))


def _changed(request: Request, form: Form) -> bool:
    """Tell whether an entry was to be added to a list, or taken away; it is done then. Raises `Rejected`."""
    if "add" in request.POST:
        form.change(request.POST.items(), add=text(request.POST["add"]))
    elif "remove" in request.POST:
        form.change(request.POST.items(), remove=text(request.POST["remove"]))
    else:
        return False
    return True


def create(request: Request, section: AdminSection) -> Any:
    """Make a thing."""
    form = Form(request, _form_of(section, edits=False), setting_of(request, section, request.POST))
    try:
        if _changed(request, form):
            return _page(request, section, form)
        values = form.read(request.POST.items())
        with request.db.begin_nested():
            made = section.create(values, actor=request.actor)
    except Rejected:
        return _page(request, section, form, status=BAD_REQUEST)
    except DomainError as error:
        return _page(request, section, form, status=rejected_by(form, error))
    new_id = made.id if isinstance(made, Made) else made
    row = section.get(new_id, actor=request.actor) if section.can("get") else {"id": new_id}
    record(request, section, "create", new_id, None, row)
    message, back = (
        f"{section.singular.capitalize()} “{section.label(row)}” was made.",
        _after(request, section, new_id),
    )
    if isinstance(made, Made):
        return show_secret(request, section, section.label(row), Done(message, made.secret), back)
    flash(request, message)
    return HTTPSeeOther(back)


def _after(request: Request, section: AdminSection, made: Any) -> str:
    if section.can("get") and not section.single:
        return str(request.route_path(f"admin:{section.name}:one", id=made))
    return str(request.route_path(f"admin:{section.name}"))


def _own(request: Request, section: AdminSection) -> Versioned:
    """Return the thing in the path, if whoever asks may see and change it."""
    require_reading(request, section)
    row = section.get(row_id(request), actor=request.actor)
    if not section.may_change(row, request.actor):
        raise Denied(f"Only staff and whom it belongs to change a {section.singular}.")
    return row


def edit(request: Request, section: AdminSection) -> dict[str, Any]:
    """Show the form to change a thing."""
    row = _own(request, section)
    values = section.initial(row)
    form = Form(request, _form_of(section, edits=True), setting_of(request, section, row), values)
    return _page(request, section, form, row)


def update(request: Request, section: AdminSection) -> Any:
    """Change a thing, unless somebody else has since it was read: then say what they wrote."""
    before = _own(request, section)
    # What the form does not say itself, such as the time zone, is as it was.
    form = Form(request, _form_of(section, edits=True), setting_of(request, section, {**before, **request.POST}))
    seen = number(request.POST.get("version"))
    expected = frozenset(() if seen is None else {seen})
    try:
        if _changed(request, form):
            return _page(request, section, form, before)
        values = form.read(request.POST.items())
        with request.db.begin_nested():
            section.update(row_id(request), values, actor=request.actor, expected=expected)
    except Rejected:
        return _page(request, section, form, before, status=BAD_REQUEST)
    except VersionMismatch:
        now = section.get(row_id(request), actor=request.actor)
        _say_what_changed(form, section.initial(now))
        return _page(request, section, form, now, status=STALE)
    except DomainError as error:
        for name, needed in error.facts.get("needed", {}).items():
            form.bring_back(name, next(one for one in section.initial(before)[name] if one["id"] == needed))
        return _page(request, section, form, before, status=rejected_by(form, error))
    row = section.get(row_id(request), actor=request.actor)
    record(request, section, "update", row_id(request), before, row)
    flash(request, f"{section.singular.capitalize()} “{section.label(row)}” was saved.")
    return HTTPSeeOther(_after(request, section, row_id(request)))


def _say_what_changed(form: Form, now: Mapping[str, Any]) -> None:
    """Note at each field what is kept there now, where it is not what was sent."""
    form.problems.append(
        "Somebody else saved this in the meantime. What you typed is still here; where theirs is different, it stands "
        "below. Save again to replace it with yours."
    )
    for field in form.children:
        theirs = _read(field, field.schema.serialize(appstruct(field.schema, now.get(field.name))))
        if field.name in now and _said(_read(field, field.cstruct)) != _said(theirs):
            form.note(field.name, f"Saved by somebody else: {_said(theirs) or 'nothing'}")


def _read(field: Any, cstruct: Any) -> Any:
    try:
        return field.schema.deserialize(cstruct)
    except colander.Invalid:
        return None


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        said = {name: _said(one) for name, one in value.items() if name != "id"}
        return "; ".join(f"{in_words(name)}: {words}" for name, words in said.items() if words)
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_said, value))
    return "" if value is None or value is colander.null else str(value)
