import pytest
from sqlalchemy import event, func, select

from turnout.errors import InUse, Invalid, NotFound, VersionMismatch
from turnout.events.models import event_tags
from turnout.paging import Paging
from turnout.taxonomy.errors import SlugTaken
from turnout.taxonomy.models import Category, Tag
from turnout.taxonomy.services import CategoryService, TagService, slugify


@pytest.fixture(params=[CategoryService, TagService])
def terms(request, session, clock):
    return request.param(session, clock)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Live music", "live-music"),
        ("  Food & drink!  ", "food-drink"),
        ("Fête de la Musique", "fete-de-la-musique"),
        ("Straße", "strasse"),
        ("Smørrebrød og Æbler", "smorrebrod-og-aebler"),
        ("Łódź", "lodz"),
        ("Rock'n'Roll", "rock-n-roll"),
        ("2027", "2027"),
        ("①②", "12"),
        ("音楽", ""),
        ("🎉", ""),
        ("a" * 100, "a" * 60),
        ("a" * 59 + " b", "a" * 59),
    ],
)
def test_a_slug_is_made_of_what_ascii_can_say(name, slug):
    assert slugify(name) == slug


def test_the_slug_is_made_from_the_name_unless_given(terms):
    assert terms.create({"name": "Live music"}).slug == "live-music"
    assert terms.create({"name": "Live music", "slug": None, "description": ""} | {"slug": "gigs"}).slug == "gigs"


def test_a_name_that_makes_no_slug_needs_one(terms):
    with pytest.raises(Invalid) as caught:
        terms.create({"name": "音楽"})

    assert caught.value.errors == [("slug", "cannot be made from this name; give one")]


def test_a_slug_is_unique(terms):
    terms.create({"name": "Jazz"})
    other = terms.create({"name": "Blues"})

    with pytest.raises(SlugTaken):
        terms.create({"name": "JAZZ!"})
    with pytest.raises(SlugTaken):
        terms.update(other.id, {"slug": "jazz"})


def test_categories_and_tags_do_not_share_slugs(session, clock):
    CategoryService(session, clock).create({"name": "Jazz"})

    assert TagService(session, clock).create({"name": "Jazz"}).slug == "jazz"


def test_a_slug_taken_at_the_same_moment_is_taken(terms, session, clock):
    @event.listens_for(session, "before_flush", once=True)
    def somebody_is_faster(session, _context, _objects):
        now = clock.now()
        values = {"name": "Jazz", "slug": "jazz", "description": "", "created_at": now, "updated_at": now, "version": 1}
        session.connection().execute(terms.model.__table__.insert(), values)

    with pytest.raises(SlugTaken):
        terms.create({"name": "Jazz"})


def test_a_new_name_leaves_the_slug_unless_it_is_asked_to_follow(terms):
    term = terms.create({"name": "Jazz"})

    assert terms.update(term.id, {"name": "Jazz and blues"}).slug == "jazz"
    assert terms.update(term.id, {"slug": None}).slug == "jazz-and-blues"
    assert terms.update(term.id, {"name": "Blues", "slug": None}).slug == "blues"


def test_what_is_not_there_is_not_found(terms):
    for action in (terms.get, lambda term_id: terms.update(term_id, {}), terms.delete):
        with pytest.raises(NotFound):
            action(1)


def test_another_version_than_expected_is_not_touched(terms):
    term = terms.create({"name": "Jazz"})

    with pytest.raises(VersionMismatch):
        terms.update(term.id, {"name": "Blues"}, expected={2})
    with pytest.raises(VersionMismatch):
        terms.delete(term.id, expected=set())


def test_ids_and_slugs_are_resolved_in_their_order_and_once(terms, statements):
    jazz, blues, folk = (terms.create({"name": name}) for name in ("Jazz", "Blues", "Folk"))

    with statements() as seen:
        assert terms.resolve(["folk", jazz.id, "blues", "jazz", "folk", blues.id], "tags") == [folk, jazz, blues]
        assert terms.resolve([], "tags") == []
    assert len(seen) == 1


def test_everything_that_cannot_be_resolved_is_named(terms):
    terms.create({"name": "Jazz"})

    with pytest.raises(Invalid) as caught:
        terms.resolve(["jazz", "polka", 987654321], "tags")

    assert caught.value.errors == [("tags", f"there is no {terms.noun} polka, 987654321")]


def test_digits_are_a_slug_when_they_are_text(terms):
    year = terms.create({"name": "2027"})

    assert terms.resolve(["2027"], "tags") == [year]


def test_search_begins_the_name_and_slugs_match_whole(terms):
    for name in ("Jazz", "Jazz dance", "Free jazz"):
        terms.create({"name": name})

    def found(**filters):
        return [row[0].slug for row in terms.find(filters, Paging()).rows]

    assert found() == ["free-jazz", "jazz", "jazz-dance"]
    assert found(ordering="-slug") == ["jazz-dance", "jazz", "free-jazz"]
    assert found(ordering="id") == ["jazz", "jazz-dance", "free-jazz"]
    assert found(ordering="-id") == ["free-jazz", "jazz-dance", "jazz"]
    assert found(search="jAZZ") == ["jazz", "jazz-dance"]
    assert found(slug="jazz") == ["jazz"]


@pytest.mark.parametrize("ordering", ["slug", "-slug", "id", "-id"])
def test_a_walk_meets_every_one_once(terms, ordering):
    made = [terms.create({"name": name}).id for name in "bca"]
    walked, cursor = [], ""
    while cursor is not None:
        found = terms.find({"ordering": ordering}, Paging(size=1, cursor=cursor))
        walked += [row[0].id for row in found.rows]
        cursor = found.next_cursor

    assert sorted(walked) == sorted(made)


def test_a_category_with_events_is_not_deleted_and_the_transaction_goes_on(make, session, clock):
    category = make.category()
    make.event(category=category)

    with pytest.raises(InUse):
        CategoryService(session, clock).delete(category.id)

    session.commit()
    assert session.get(Category, category.id) is category


def test_a_deleted_tag_is_taken_from_its_events(make, session, clock):
    gone, kept = make.tag(), make.tag()
    booked = make.event(tags=[gone, kept])

    TagService(session, clock).delete(gone.id)

    assert session.scalars(select(event_tags.c.tag_id).where(event_tags.c.event_id == booked.id)).all() == [kept.id]
    assert session.scalar(select(func.count()).select_from(Tag)) == 1
