"""What can be done in the admin UI besides making and changing things: buttons, each a method of a section.

    @action("Cancel", permission="events:publish", destructive=True, when=lambda event: event["status"] != "cancelled")
    def cancel(self, event_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> None:
        self.events.cancel(event_id, actor=actor, expected=expected)

    @cancel.consequences
    def foresee_cancel(self, event: Mapping[str, Any], *, actor: Actor) -> list[str]:
        return [f"{event['seats_taken']} people hold places; each of them is told."]

One with a `form`, a schema, gets what was filled in after the id; so do its consequences, which get nothing in it as long
as nothing is filled in. What is `destructive` is done only if, when it is confirmed, the consequences and the thing's
version are still those that the page said; so they say the same as long as nothing changes.

One that needs an answer from outside gets it by a method of its own, so that no transaction is open meanwhile:

    @action("Refresh", permission="feeds:refresh")
    def refresh(self, feed_id: int, news: News, *, actor: Actor, expected: Collection[int] | None = None) -> str: ...

    @refresh.beforehand
    def ask(self, feed_id: int, *, actor: Actor) -> News:
        return self.feeds.ask(feed_id, actor=actor)
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from turnout.schema import Schema

ONE, ALL = "one", "all"
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Done:
    """What an action says when it is done: a `message`, and a `secret` that is shown this once.

    `made` is the id of what it made, which is shown next, and which the audit log's entry is about. `gone` names what it
    deleted, for the audit log, where the action is one of the whole section.
    """

    message: str
    secret: str | None = None
    made: int | None = None
    gone: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """What `create` may return instead of an id: the `id`, and a `secret` that is shown this once."""

    id: int
    secret: str


@dataclass(slots=True)
class Action:
    """A button of a thing, or (`scope` ALL) of a whole section, and the method behind it."""

    title: str
    permission: str
    function: Callable[..., Done | str | None]
    name: str
    icon: str = "bolt"
    scope: str = ONE
    bulk: bool = False
    destructive: bool = False
    form: type[Schema] | None = None
    when: Callable[[Row], bool] | None = None
    on: str | None = None
    foreseen: Callable[..., Sequence[str]] | None = None
    asked: Callable[..., Any] | None = None
    description: str = ""

    def consequences(self, function: Callable[..., Sequence[str]]) -> Self:
        """Decorate the method that says, before it happens, what the action will do."""
        self.foreseen = function
        return self

    def beforehand(self, function: Callable[..., Any]) -> Self:
        """Decorate the method that asks somebody outside, before anything is read or written here.

        It gets what names the thing, and `actor`, and must itself see to whether they may ask. What it returns the action gets
        after the id; a domain error that it raises is the action's refusal.
        """
        self.asked = function
        return self

    @property
    def asks(self) -> bool:
        """Tell whether there is something to read or to fill in before it is done."""
        return self.destructive or self.form is not None or self.foreseen is not None

    def is_possible(self, row: Row) -> bool:
        """Tell whether this can be done with a thing in its present state."""
        return self.when is None or self.when(row)


def action(
    title: str,
    *,
    permission: str,
    icon: str = "bolt",
    scope: str = ONE,
    bulk: bool = False,
    destructive: bool = False,
    form: type[Schema] | None = None,
    when: Callable[[Row], bool] | None = None,
    on: str | None = None,
) -> Callable[[Callable[..., Any]], Action]:
    """Make a method of a section an action.

    `scope`: ONE thing, which the method gets the id of, or ALL, the section as a whole. `bulk`: also for many things at once
    from the list. `destructive`: needs a typed confirmation. `form`: what has to be filled in. `when`: for which things it is
    possible, by how they are shown. `on`: the name of another section, on whose things this is shown. The method returns
    None, a message, or `Done`; its docstring stands above the button of a page that asks.
    """

    def decorate(function: Callable[..., Any]) -> Action:
        return Action(
            title,
            permission,
            function,
            function.__name__.replace("_", "-"),
            icon=icon,
            scope=scope,
            bulk=bulk,
            destructive=destructive,
            form=form,
            when=when,
            on=on,
            description=(function.__doc__ or "").strip(),
        )

    return decorate
