"""A section with a field of every kind, whose things live in memory."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NewType

import colander
from pyramid.httpexceptions import HTTPSeeOther

from turnout import schema as fields
from turnout.admin.actions import ALL, Done, action
from turnout.admin.context import filters_of
from turnout.admin.flashes import flash
from turnout.admin.own_pages import own_page
from turnout.admin.panels import DASHBOARD, Badge, Chart, Facts, Link, Money, Note, Share, Table, panel
from turnout.admin.recording import record
from turnout.admin.sections import AdminSection, Column, PageLink
from turnout.api.pages import PageQuery
from turnout.errors import Conflict, InUse, Invalid, NotFound
from turnout.paging import part_of
from turnout.schema import Schema
from turnout.security.actors import ORGANIZER, STAFF
from turnout.versions import Versioned, require_version

Things = NewType("Things", dict)
Weather = NewType("Weather", dict)
OWN = f"asset:{Path(__file__).with_name('own.jinja2')}"


class Part(Schema):
    name = fields.text(20)
    price = fields.money(missing=Decimal(0))
    words = fields.many(fields.text(5, name="word"), 3, missing=list)


class Place(Schema):
    street = fields.text(50, 0, missing="")
    number = fields.whole(1, 99)


class ThingInput(Schema):
    name = fields.text(50, description="What it is called; null never")
    secret_password = fields.text(20, 0, missing="")
    comment = fields.text(2000, 0, missing="")
    count = fields.whole(1, 10, optional=True)
    level = fields.whole(1, 9, missing=3, nullable=True)
    price = fields.money(missing=Decimal("2.50"))
    currency = fields.currency(missing=colander.drop)
    starts_at = fields.moment(optional=True)
    day = fields.day(optional=True)
    kind = fields.choice(("plain", "very_odd"), missing="plain")
    is_open = fields.flag(missing=True)
    country = fields.country(optional=True)
    timezone = fields.timezone(optional=True)
    email = fields.email(may_be_empty=True, missing="")
    link_url = fields.url(optional=True)
    labels = fields.many(fields.text(10, name="label"), 3, missing=list)
    parts = fields.many(Part(name="part"), 3, missing=list)
    place = Place(missing=None, nullable=True)
    venue_id = fields.identifier(optional=True)


class ThingForm(ThingInput):
    place = Place()


class ThingView(ThingInput):
    id = fields.identifier()
    owner_id = fields.identifier()


class ThingQuery(PageQuery):
    search = fields.text(20, missing=None)
    kind = fields.choice(("plain", "very_odd"), missing=None)
    is_open = fields.flag(missing=None)
    since = fields.moment(missing=None)
    venue = fields.identifier(missing=None)
    ordering = fields.choice(("name", "-name"), missing="name")


class Word(Schema):
    word = fields.text(10)
    price = fields.money(missing=Decimal(1))


class ThingSection(AdminSection):
    """Things."""

    name, title, singular, icon, group = "things", "Things", "thing", "box", "Probes"
    description = "What is tried out."
    permissions = {"read": "things:read", "create": "things:create", "update": "things:update"}
    query, view, form = ThingQuery, ThingView, ThingForm
    columns = (
        "name",
        "count",
        "price",
        "starts_at",
        "day",
        "kind",
        "is_open",
        "labels",
        Column("venue_id", "Where", to="venues"),
    )
    owned_by = "owner_id"
    pickers = {"venue_id": "venues", "venue": "venues"}
    links = (PageLink("Home", "home", "things:read"),)

    def __init__(self, things: Things) -> None:
        self.things = things

    def find(self, filters, paging, *, actor):
        if filters.get("search") == "refused":
            raise Invalid({"search": "is refused here"})
        rows = [
            row
            for row in self.things.values()
            if actor.owns(row["owner_id"])
            and (filters["search"] is None or row["name"].startswith(filters["search"]))
            and (filters["kind"] is None or row["kind"] == filters["kind"])
            and (filters["is_open"] is None or row["is_open"] == filters["is_open"])
            and (filters["since"] is None or (row["starts_at"] and row["starts_at"] >= filters["since"]))
        ]
        rows.sort(key=lambda row: row["name"], reverse=filters["ordering"] == "-name")
        return part_of(rows, paging)

    def get(self, row_id, *, actor):
        row = self.things.get(row_id)
        if row is None or not actor.owns(row["owner_id"]):
            raise NotFound("There is no such thing.")
        return row

    def create(self, values, *, actor):
        return self._keep(len(self.things) + 1, values, actor.user_id, 1)

    def update(self, row_id, values, *, actor, expected=None):
        row = self.get(row_id, actor=actor)
        require_version(row.version, expected)
        self._keep(row_id, values, row["owner_id"], row.version + 1)

    def _keep(self, row_id, values: Mapping[str, Any], owner_id, version):
        if values["name"] == "taken":
            raise Invalid([("name", "is taken"), ("parts[0].name", "is odd"), ("elsewhere", "is wrong")])
        if values["name"] == "full":
            raise Conflict("The shelf is full.")
        self.things[row_id] = Versioned({"currency": "EUR", **values, "id": row_id, "owner_id": owner_id}, version)
        return row_id

    @action("Delete", permission="things:delete", icon="trash", destructive=True, bulk=True)
    def delete(self, row_id, *, actor, expected=None):
        """Take it away."""
        if self.things[row_id]["name"] == "needed":
            raise InUse("It is needed.")
        require_version(self.things[row_id].version, expected)
        del self.things[row_id]

    @delete.consequences
    def foresee_delete(self, row, *, actor):
        return [f"{row['name']} will be gone."]

    @action("Open", permission="things:update", bulk=True, when=lambda row: not row["is_open"])
    def open(self, row_id, *, actor, expected=None):
        row = self.things[row_id]
        self.things[row_id] = Versioned({**row, "is_open": True}, row.version + 1)
        return "It is open now."

    @action("Rename", permission="things:update", form=Word)
    def rename(self, row_id, values, *, actor, expected=None):
        if values["word"] == "bad":
            raise Invalid({"word": "is a bad word"})
        row = self.things[row_id]
        self.things[row_id] = Versioned({**row, "name": values["word"]}, row.version + 1)

    @action("Copy", permission="things:create", form=Word)
    def copy(self, row_id, values, *, actor, expected=None):
        made = len(self.things) + 1
        self._keep(made, {**self.things[row_id], "name": values["word"]}, actor.user_id, 1)
        return Done("It is copied.", made=made)

    @action("New key", permission="things:update")
    def new_key(self, row_id, *, actor, expected=None):
        return Done("It has a new key.", secret="s3cr3t-key")

    @action("Clear", permission="things:delete", scope=ALL, destructive=True, form=Word)
    def clear(self, values, *, actor):
        gone = [row_id for row_id, row in self.things.items() if row["name"].startswith(values["word"])]
        names = [f"{self.things.pop(row_id)['name']} ({row_id})" for row_id in gone]
        return Done(f"{len(gone)} are gone.", gone=names)

    @clear.consequences
    def foresee_clear(self, values, *, actor):
        return [f"{sum(row['name'].startswith(values['word']) for row in self.things.values())} will be gone."]

    @action("Greet", permission="things:update", on="venues")
    def greet(self, venue_id, *, actor, expected=None):
        return f"Hello venue {venue_id}."

    @panel("Everything", order=1)
    def everything(self, row, *, actor):
        yield Facts(
            {
                "Link": Link("all", "things"),
                "Badge": Badge("odd", "red"),
                "Money": Money("3", "JPY"),
                "Share": Share(1, 4),
            }
        )
        yield Table(("A", "B"), [(1, None), (True, "x")], more=Link("more", "things", None, {"kind": "plain"}))
        yield Note("Mind this.", "warning", Link("there", "things", row["id"]))
        yield Chart("bar", ("Mon", "Tue"), {"Sold": (1, 2)}, "Day")

    @panel("Staff only", permission="things:delete")
    def staff_only(self, row, *, actor):
        yield Note("For staff.")

    @panel("Never", order=2)
    def never(self, row, *, actor):
        return ()

    @panel("Not for you", order=3)
    def refused(self, row, *, actor):
        raise NotFound("Nothing.")

    @panel("Of venues", on="venues")
    def of_venue(self, venue, *, actor):
        yield Note(f"Things at {venue['name']}.")

    @panel("Count", on=DASHBOARD)
    def count(self, *, actor):
        yield Facts({"Things": len(self.things)})


class MapQuery(PageQuery):
    place = fields.text(20, missing=None)


class MapSection(AdminSection):
    """A page that it draws itself."""

    name, title, singular, icon, group = "maps", "Maps", "map", "world", "Probes"
    query = MapQuery

    @own_page("", permission="things:read", template=OWN)
    def show(self, request):
        filters = filters_of(request, self)
        return {"filters": filters, "said": f"Place: {filters.values['place']}"}

    @own_page("{id}/more", permission="things:read", template=OWN)
    def more(self, request):
        if request.matchdict["id"] != "7":
            raise NotFound("There is no such map.")
        return {"filters": filters_of(request, self), "said": "Map 7"}

    @own_page("", permission="things:delete", method="POST")
    def look(self, request):
        record(request, self, "look", None, None, {"place": request.POST["place"]})
        flash(request, "You have looked.")
        return HTTPSeeOther(request.route_path("admin:maps:one:more", id=7))


class WeatherSection(AdminSection):
    """What changes by itself, and is asked about outside."""

    name, title, singular = "weather", "Weather", "weather"
    permissions = {"read": "things:read"}

    def __init__(self, weather: Weather) -> None:
        self.weather = weather

    def get(self, row_id, *, actor):
        self.weather["happened"].append("read")
        return Versioned({"id": row_id, "name": "Today"}, 1)

    def goes_on(self, row):
        return self.weather["changes"]

    @action("Refresh", permission="things:read")
    def refresh(self, row_id, told, *, actor, expected=None):
        return f"It is {told}."

    @refresh.beforehand
    def ask(self, row_id, *, actor):
        self.weather["happened"].append(f"{actor.user_id} asked about {row_id}")
        if self.weather["answer"] is None:
            raise Conflict("Nobody answers.")
        return self.weather["answer"]


def includeme(config):
    config.registry.things = {}
    config.registry.weather = {"changes": False, "answer": "sunny", "happened": []}
    config.add_injectable(Weather, lambda request: request.registry.weather)
    config.add_injectable(Things, lambda request: request.registry.things)
    config.declare_permission("things:read", "See things", ORGANIZER)
    config.declare_permission("things:create", "Make things", ORGANIZER)
    config.declare_permission("things:update", "Change things", ORGANIZER)
    config.declare_permission("things:delete", "Delete things", STAFF)
    for section in (ThingSection, MapSection, WeatherSection):
        config.add_admin_section(section)
