"""Categories and tags in the admin UI."""

import pytest
from sqlalchemy import select

from turnout.audit.models import AuditEntry
from turnout.taxonomy.models import Category, Tag


@pytest.fixture
def staff(browser):
    return browser.as_role("staff")


@pytest.fixture(params=["categories", "tags"])
def kind(request, make):
    """Name, model and maker."""
    return (
        request.param,
        Category if request.param == "categories" else Tag,
        getattr(make, "category" if request.param == "categories" else "tag"),
    )


def entries(session):
    query = select(AuditEntry).where(AuditEntry.source == "admin").order_by(AuditEntry.id)
    return [(entry.action, entry.subject, entry.subject_id) for entry in session.scalars(query)]


def names(page):
    return [link.text for link in page.html.select("#results td a.fw-medium")]


def test_one_is_made_changed_and_deleted(staff, kind, session):
    name, model, _ = kind
    form = staff.get(f"/admin/{name}/new").forms["form"]
    form["name"] = "Live music"
    form.submit(status=303).follow().mustcontain("Live music", "live-music", "was made")
    [made] = session.scalars(select(model))
    path = f"/admin/{name}/{made.id}"
    form = staff.get(f"{path}/edit").forms["form"]
    form["name"], form["description"] = "Music", "Any kind"
    form.submit(status=303)
    assert (made.name, made.slug, made.description) == ("Music", "live-music", "Any kind")
    form = staff.get(f"{path}/delete").forms["form"]
    form["confirmation"] = "music"
    form.submit(status=400)
    form["confirmation"] = "Music"
    form.submit(status=303)
    assert session.scalars(select(model.id)).all() == []
    assert [action for action, *_ in entries(session)] == ["create", "update", "delete"]


@pytest.mark.parametrize(
    ("field", "value", "status", "message"),
    [
        ("name", "", 400, "is required"),
        ("name", "x" * 101, 400, "100"),
        ("name", "🎭", 400, "cannot be made from this name"),
        ("slug", "Live Music", 400, "must be like"),
        ("slug", "taken", 409, "is taken"),
    ],
)
def test_what_is_wrong_stands_at_its_field(staff, kind, session, field, value, status, message):
    name, model, make = kind
    make(slug="taken")
    form = staff.get(f"/admin/{name}/new").forms["form"]
    form["name"] = "Good"
    form[field] = value
    page = form.submit(status=status)
    wrong = page.html.find(attrs={"name": "slug" if "made from" in message else field})
    assert message in page.html.find(id=f"{wrong['id']}-error").text
    assert len(session.scalars(select(model)).all()) == 1


def test_a_stale_form_changes_nothing(staff, kind, api, session):
    name, _, make = kind
    made = make(name="Before")
    form = staff.get(f"/admin/{name}/{made.id}/edit").forms["form"]
    api.as_role("staff").patch(f"/{name}/{made.id}", {"name": "Theirs"})
    form["name"] = "Mine"
    form.submit(status=412).mustcontain("Saved by somebody else: Theirs")
    assert made.name == "Theirs"


def test_deleting_says_which_events_have_it(staff, make, session):
    category, tag, unused = make.category(name="Music"), make.tag(name="Jazz"), make.tag(name="Quiet")
    event = make.event(category=category, tags=[tag])
    make.event(tags=[tag])
    staff.get(f"/admin/categories/{category.id}/delete").mustcontain("1 event has this category", "cannot be deleted")
    staff.confirm(f"/admin/categories/{category.id}/delete", status=409)
    assert event.category_id == category.id
    staff.get(f"/admin/tags/{unused.id}/delete").mustcontain("No event has this tag.")
    staff.get(f"/admin/tags/{tag.id}/delete").mustcontain("2 events have this tag now, and will not any more.")
    staff.confirm(f"/admin/tags/{tag.id}/delete")
    assert session.scalars(select(Tag.name)).all() == ["Quiet"]


def test_the_list_filters_and_sorts(staff, kind):
    name, _, make = kind
    for term in ("Alpha", "Beta", "Alps"):
        make(name=term, slug=term.lower())
    assert names(staff.get(f"/admin/{name}")) == ["Alpha", "Alps", "Beta"]
    assert names(staff.get(f"/admin/{name}?ordering=-slug")) == ["Beta", "Alps", "Alpha"]
    assert names(staff.get(f"/admin/{name}?search=al")) == ["Alpha", "Alps"]
    assert names(staff.get(f"/admin/{name}?slug=beta")) == ["Beta"]


def test_as_many_statements_for_30_as_for_1(staff, kind, statements):
    name, _, make = kind
    seen = []
    for many in (1, 29):
        for _ in range(many):
            make()
        with statements() as sent:
            staff.get(f"/admin/{name}?page_size=50")
        seen.append(len(sent))
    assert seen[0] == seen[1]


def test_organizers_read_and_choose_but_change_nothing(browser, kind):
    name, _, make = kind
    made = make(name="Music", slug="music")
    organizer = browser.as_role("organizer")
    page = organizer.get(f"/admin/{name}/{made.id}")
    assert "Edit" not in page
    value = "music" if name == "tags" else str(made.id)
    assert organizer.get(f"/admin/{name}/choices?search=mus").json == [{"value": value, "text": "Music"}]
    organizer.get(f"/admin/{name}/new", status=403)
    organizer.get(f"/admin/{name}/{made.id}/edit", status=403)
    organizer.post(f"/admin/{name}/{made.id}/edit", {"name": "Mine"}, status=403)
    organizer.post(f"/admin/{name}/{made.id}/delete", {"confirmation": "Music"}, status=403)
    browser.as_role("user").get(f"/admin/{name}", status=403)
    browser.as_role("staff").post(f"/admin/{name}/new", {"name": "x", "csrf_token": ""}, status=400)
    assert made.name == "Music"
