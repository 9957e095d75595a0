"""Doing what a section's actions do: at once, or after saying what would happen and asking for a word to be typed."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request

from turnout.admin.actions import ALL, Action, Done
from turnout.admin.context import setting_of
from turnout.admin.flashes import flash
from turnout.admin.forms.form import Form, Rejected
from turnout.admin.forms.schemas import defaults
from turnout.admin.guarding import is_on_page
from turnout.admin.recording import record
from turnout.admin.refusals import rejected_by
from turnout.admin.registry import require_reading, section_of
from turnout.admin.sections import AdminSection
from turnout.admin.sent import number, text
from turnout.admin.views.pages import row_id, show_secret
from turnout.api.problems import status_of
from turnout.errors import Conflict, Denied, DomainError, NotFound

View = Callable[[Request, AdminSection], Any]
BAD_REQUEST, CHANGED = 400, 412
MOST_AT_ONCE = 100
STALE = "What you read is not what would happen now. This is: read it, and confirm again."


def digest(*shown: Any) -> str:
    """Return a short sum of what a page that asks says. It shows what was read, and protects nothing."""
    return hashlib.sha256(json.dumps(shown, default=str).encode()).hexdigest()[:32]


class Asked:
    """One action as it was asked for: of which thing, with what filled in."""

    def __init__(self, request: Request, section: AdminSection, action: Action) -> None:
        self.request = request
        self.section = section
        self.action = action
        self.home = section_of(request, action.on) if action.on else section
        """The section on whose page the button is."""
        require_reading(request, self.home)
        self.row = None if action.scope == ALL else self.home.get(row_id(request), actor=request.actor)
        self.values: tuple[dict[str, Any], ...] = ()
        """What was filled in, once it is known to be good."""
        self.problems: list[str] = []
        if self.row is not None and not is_on_page(request, type(section), self.home.name, self.row):
            raise NotFound(f"“{action.title}” is switched off for “{self.label}”.")
        if self.row is not None and not self.home.may_change(self.row, request.actor):
            raise Denied(f"Only staff and whom it belongs to do this with a {self.home.singular}.")

    @property
    def label(self) -> str:
        """Return what is acted on."""
        return self.home.title if self.row is None else self.home.label(self.row)

    @property
    def phrase(self) -> str:
        """Return what has to be typed before something is done that cannot be undone."""
        return self.label if self.row is not None else self.action.title.lower()

    def require_possible(self) -> None:
        """Raise `Conflict` for what cannot be done with the thing in its present state."""
        if self.row is not None and not self.action.is_possible(self.row):
            raise Conflict(f"“{self.action.title}” is not possible for “{self.label}” as it is now.")

    def form(self, values: Mapping[str, Any] | None) -> Form | None:
        """Return the action's form, filled in with `values`."""
        if self.action.form is None:
            return None
        return Form(self.request, self.action.form, setting_of(self.request, self.home, self.row), values)

    def consequences(self) -> Sequence[str]:
        """Return what would happen; of what is destructive, once it is known what was filled in."""
        is_blank = self.action.form is not None and not self.values
        if self.action.foreseen is None or (is_blank and self.action.destructive):
            return ()
        values = ({},) if is_blank else self.values
        rows = () if self.row is None else (self.row,)
        return self.action.foreseen(self.section, *rows, *values, actor=self.request.actor)

    def do(self, *told: Any) -> Done:
        """Do it, with what was `told` beforehand, and write it into the audit log. Raises what the service refuses with."""
        which: dict[str, Any] = {"actor": self.request.actor}
        row_id = None if self.row is None else self.row["id"]
        if row_id is not None:
            which["expected"] = _version(self.request)
        with self.request.db.begin_nested():
            said = self.action.function(
                self.section, *([] if row_id is None else [row_id]), *told, *self.values, **which
            )
        done = said if isinstance(said, Done) else Done(said or f"{self.action.title}: “{self.label}”.")
        if done.made is None:
            given = self.values[0] if self.values else None
            record(self.request, self.home, self.action.name, row_id, self.row, _now(self), given, done.gone)
        else:
            made = self.home.get(done.made, actor=self.request.actor)
            known = made if row_id is None else {**made, "made_from": row_id}
            record(self.request, self.home, self.action.name, done.made, None, known)
        return done

    def refused_by(self, error: DomainError) -> int:
        """Note why it is not done; return the status to answer with. Raises what is no matter of the thing's state."""
        if isinstance(error, (NotFound, Denied)):
            raise error
        self.problems.append(error.detail)
        return status_of(type(error))

    def page(self, form: Form | None, consequences: Sequence[str], *, is_ready: bool, status: int) -> dict[str, Any]:
        """Return the page that asks. `is_ready`: what is filled in is good, and only has to be confirmed."""
        self.request.response.status_int = status
        return {
            "section": self.home,
            "action": self.action,
            "row": self.row,
            "label": self.label,
            "form": form,
            "consequences": consequences,
            "problems": self.problems,
            "phrase": self.phrase if self.action.destructive and (is_ready or form is None) else None,
            "seen": self.seen(consequences),
            "version": getattr(self.row, "version", None),
        }

    def seen(self, consequences: Sequence[str]) -> str:
        """Return the digest of what is about to happen, as the page says it."""
        return digest(getattr(self.row, "version", None), self.values, list(consequences))

    def back(self, made: int | None = None) -> str:
        """Return where to go afterwards: to what was `made`, else to what was acted on."""
        name = self.home.name
        if made is not None:
            return str(self.request.route_path(f"admin:{name}:one", id=made))
        if self.row is not None and _now(self) is not None:
            return str(self.request.route_path(f"admin:{name}:one", id=self.row["id"]))
        return str(self.request.route_path(f"admin:{name}"))


def _version(request: Request) -> frozenset[int] | None:
    """Return the version that whoever asks has seen, where the page says one."""
    version = number(request.POST.get("version"))
    return None if version is None else frozenset({version})


def _now(asked: Asked) -> Mapping[str, Any] | None:
    """Return the thing as it is after the action; None if it is gone, or there was none."""
    if asked.row is None:
        return None
    try:
        return asked.home.get(asked.row["id"], actor=asked.request.actor)
    except NotFound:
        return None


def asking(action: Action) -> View:
    """Return the view that says what an action would do, and asks for what it needs."""

    def ask(request: Request, section: AdminSection) -> dict[str, Any]:
        asked = Asked(request, section, action)
        asked.require_possible()
        form = asked.form({} if action.form is None else defaults(action.form) | dict(asked.row or {}))
        return asked.page(form, asked.consequences(), is_ready=False, status=200)

    return ask


def doing(action: Action) -> View:
    """Return the view that does an action."""

    def do(request: Request, section: AdminSection) -> Any:
        told, refusal = _told(request, section, action)
        asked = Asked(request, section, action)
        form = asked.form(None)
        try:
            asked.require_possible()
            if refusal is not None:
                raise refusal
            if form is not None:
                asked.values = (form.read(request.POST.items()),)
            if action.destructive:
                foreseen = asked.consequences()
                status = _unconfirmed(request, asked.phrase, asked.seen(foreseen), asked.problems)
                if status is not None:
                    return asked.page(form, foreseen, is_ready=True, status=status)
            done = asked.do(*told)
        except Rejected:
            return asked.page(form, asked.consequences(), is_ready=False, status=BAD_REQUEST)
        except DomainError as error:
            status = rejected_by(form, error) if form is not None else asked.refused_by(error)
            return asked.page(form, asked.consequences(), is_ready=True, status=status)
        if done.secret is not None:
            return show_secret(request, asked.home, asked.label, done, asked.back())
        flash(request, done.message)
        return HTTPSeeOther(asked.back(done.made))

    return do


def _told(request: Request, section: AdminSection, action: Action) -> tuple[tuple[Any, ...], DomainError | None]:
    """Return what somebody outside says to it, or why it is not known; nothing was asked of the database before."""
    if action.asked is None:
        return (), None
    which = () if action.scope == ALL else (row_id(request),)
    try:
        return (action.asked(section, *which, actor=request.actor),), None
    except DomainError as error:
        return (), error


def _unconfirmed(request: Request, phrase: str, seen: str, problems: list[str]) -> int | None:
    """Return the status of the page that asks again, with why among the `problems`; None: it is confirmed.

    Confirmed is what the page said when it was read, so it has to be what it would say now.
    """
    sent = request.POST
    word, read = (text(sent[name]) if name in sent else None for name in ("confirmation", "seen"))
    if read not in {None, seen}:
        problems.append(STALE)
        return CHANGED
    if word is not None and " ".join(word.split()) != " ".join(phrase.split()):
        problems.append(f"To confirm, type exactly: {phrase}")
        return BAD_REQUEST
    return 200 if word is None or read is None else None


def doing_some(action: Action) -> View:
    """Return the view that does an action with many things: each as if alone; what is refused is named, the rest done."""

    def do(request: Request, section: AdminSection) -> Any:
        require_reading(request, section)
        chosen = list(dict.fromkeys(one for one in map(number, request.POST.getall("ids")) if one is not None))
        back = request.route_path(f"admin:{section.name}")
        if not chosen:
            flash(request, f"Choose at least one {section.singular} first.")
            return HTTPSeeOther(back)
        rows, refused = _rows(request, section, action, chosen[:MOST_AT_ONCE])
        beyond = []
        if len(chosen) > MOST_AT_ONCE:
            beyond = [f"Only the first {MOST_AT_ONCE} of the {len(chosen)} are taken at once; choose the rest again."]
        if action.asks and rows:
            phrase = f"{action.title.lower()} {len(rows)}"
            foreseen = [(row, section.label(row), list(_foreseen(request, section, action, row))) for row in rows]
            seen = digest([(row["id"], getattr(row, "version", None), lines) for row, _, lines in foreseen])
            problems: list[str] = []
            status = _unconfirmed(request, phrase, seen, problems)
            if status is not None:
                request.response.status_int = status
                return {
                    "section": section,
                    "action": action,
                    "rows": foreseen,
                    "refused": len(refused),
                    "beyond": beyond,
                    "phrase": phrase,
                    "seen": seen,
                    "problems": problems,
                }
        done = 0
        for row in rows:
            try:
                _do_one(request, section, action, row)
                done += 1
            except DomainError as error:
                refused.append(f"{section.label(row)}: {error.detail}")
        flash(request, f"{action.title}: {done} of {len(chosen)} done.")
        flash(request, *beyond, *refused, level="danger")
        return HTTPSeeOther(back)

    return do


def _rows(
    request: Request, section: AdminSection, action: Action, ids: Sequence[int]
) -> tuple[list[Mapping[str, Any]], list[str]]:
    """Return the things with which it can be done, and of each of the others why not."""
    found: list[Mapping[str, Any]] = []
    refused: list[str] = []
    for one in ids:
        try:
            row = section.get(one, actor=request.actor)
        except NotFound:
            refused.append(f"There is no {section.singular} {one}.")
            continue
        if not section.may_change(row, request.actor):
            refused.append(f"{section.label(row)}: It belongs to somebody else.")
        elif not action.is_possible(row):
            refused.append(f"{section.label(row)}: It is not possible as it is now.")
        else:
            found.append(row)
    return found, refused


def _foreseen(request: Request, section: AdminSection, action: Action, row: Mapping[str, Any]) -> Sequence[str]:
    return () if action.foreseen is None else action.foreseen(section, row, actor=request.actor)


def _do_one(request: Request, section: AdminSection, action: Action, row: Mapping[str, Any]) -> None:
    with request.db.begin_nested():
        action.function(section, row["id"], actor=request.actor, expected=None)
    try:
        after = section.get(row["id"], actor=request.actor)
    except NotFound:
        after = None
    record(request, section, action.name, row["id"], row, after)
