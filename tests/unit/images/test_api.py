"""Images are added by those who make events, and shown to everybody."""

import re
from io import BytesIO

import pytest
from PIL import Image

from turnout.images.pictures import FORMATS

pytestmark = pytest.mark.usefixtures("folder")


@pytest.fixture
def ada(make):
    return make.organizer()


def show(api, url, *, status=200, **headers):
    return api.browser.get(url, status=status, headers=headers)


def test_an_image_is_added_and_shown(api, upload, ada, file_of, files):
    made = upload(ada, file_of(size=(600, 400)), status=201).json
    name = made["url"].rpartition("/")[2]
    assert made == {
        "id": made["id"],
        "url": f"http://localhost/media/{name}",
        "thumbnail_url": f"http://localhost/media/{name.replace('.webp', '-thumbnail.webp')}",
        "width": 600,
        "height": 400,
        "bytes": made["bytes"],
    }
    assert len(files()) == 2

    shown = show(api, made["url"])
    assert shown.content_type == "image/webp"
    assert shown.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert shown.content_length == made["bytes"] == len(shown.body)
    assert Image.open(BytesIO(shown.body)).size == (600, 400)
    assert Image.open(BytesIO(show(api, made["thumbnail_url"]).body)).size == (320, 213)


def test_who_has_it_already_is_told_so(api, upload, ada, file_of):
    url = upload(ada, file_of()).json["url"]
    tag = show(api, url).headers["ETag"]
    again = show(api, url, status=304, **{"If-None-Match": tag})
    assert again.body == b""
    assert "immutable" in again.headers["Cache-Control"]


def test_it_can_be_asked_about_without_being_sent(api, upload, ada, file_of):
    made = upload(ada, file_of()).json
    head = api.browser.head(made["url"])
    assert head.body == b""
    assert head.content_length == made["bytes"]


@pytest.mark.parametrize(("kind", "media_type"), FORMATS.items())
def test_each_kind_is_taken(upload, ada, file_of, kind, media_type):
    upload(ada, file_of(kind), kind=media_type, status=201)


def test_the_type_is_known_by_the_content(upload, ada, file_of):
    upload(ada, file_of("PNG"), kind="image/jpeg", status=201)


def test_the_same_picture_is_there_once(upload, ada, make, file_of, files):
    first = upload(ada, file_of()).json
    assert upload(make.staff(), file_of()).json == first
    assert len(files()) == 2


def test_sent_again_with_its_key_it_is_answered_again(upload, ada, file_of):
    first = upload(ada, file_of(), **{"Idempotency-Key": "once"})
    again = upload(ada, file_of(), **{"Idempotency-Key": "once"})
    assert again.json == first.json
    assert again.headers["Idempotency-Replayed"] == "true"
    assert upload(ada, file_of(shade=1), status=422, **{"Idempotency-Key": "once"})


def test_organizers_and_staff_may_and_nobody_else(api, upload, make, file_of, files):
    api.post("/images", file_of(), status=401, headers={"Content-Type": "image/png"})
    assert upload(make.user(), file_of(), status=403).json["code"] == "forbidden"
    assert files() == []
    for shade, user in enumerate((make.organizer(), make.staff(), make.superuser())):
        upload(user, file_of(shade=shade), status=201)


def test_a_token_may_that_has_the_scope(api, ada, file_of):
    for scope, status in (("images:create", 201), ("events:create", 403)):
        token = api.as_(ada).post("/auth/tokens", {"name": scope, "scopes": [scope]}).json["token"]
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "image/png"}
        api.post("/images", file_of(), status=status, headers=headers)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is no JPEG, PNG, WebP or GIF image, or is damaged"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is no JPEG, PNG, WebP or GIF image, or is damaged"),
        (b"\xff\xd8\xff\xe0 and no more", "is no JPEG, PNG, WebP or GIF image, or is damaged"),
    ],
)
def test_what_is_no_image_is_refused(upload, ada, files, data, message):
    problem = upload(ada, data, status=400).json
    assert (problem["code"], problem["errors"]) == ("not_an_image", [{"field": "image", "message": message}])
    assert files() == []


@pytest.mark.parametrize(
    "kind", ["application/json", "image/svg+xml", "text/html", "multipart/form-data; boundary=x", ""]
)
def test_other_types_are_refused(upload, ada, file_of, files, kind):
    problem = upload(ada, file_of(), kind=kind, status=415).json
    assert problem["code"] == "unsupported_media_type"
    assert "image/jpeg, image/png, image/webp, image/gif" in problem["detail"]
    assert files() == []


def test_what_is_too_large_is_refused(upload, ada, application, file_of):
    most = application.registry.settings["api.max_upload_bytes"]
    assert most > application.registry.settings["api.max_body_bytes"]
    assert upload(ada, file_of().ljust(most + 1), status=413).json["code"] == "body_too_large"
    upload(ada, file_of().ljust(most), status=201)


def test_no_other_path_takes_so_much(api, ada, application):
    large = b"{}".ljust(application.registry.settings["api.max_body_bytes"] + 1)
    assert api.as_(ada).post("/venues", large, status=413).json["code"] == "body_too_large"


def test_one_user_adds_only_so_many_a_day(application, upload, ada, make, file_of, clock, monkeypatch):
    monkeypatch.setitem(application.registry.settings, "images.most_per_day", 2)
    upload(ada, file_of(shade=1))
    clock.move(hours=10)
    upload(ada, file_of(shade=2))
    refused = upload(ada, file_of(shade=3), status=429)
    assert refused.json["code"] == "too_many_images"
    assert refused.headers["Retry-After"] == str(14 * 3600)
    upload(make.organizer(), file_of(shade=3), status=201)
    clock.move(hours=14)
    upload(ada, file_of(shade=4), status=201)


@pytest.mark.parametrize(
    "name",
    [
        "0" * 64 + ".webp",
        "0" * 64 + ".png",
        "0" * 63 + ".webp",
        "..%2f..%2fturnout.sqlite",
        "%2e%2e/secret",
        "../secret",
        "secret",
        "%00.webp",
        "\u0660".encode().hex() * 16 + ".webp",
        "0" * 64 + ".webp%0a",
        "",
    ],
)
def test_there_is_nothing_else(api, name):
    assert show(api, f"/media/{name}", status=404).json["code"] == "not_found"


def test_what_others_keep_in_the_folder_is_not_shown(api, folder):
    for name in ("secret", "0" * 64 + ".webp.0a1b2c3d.part", "notes.webp"):
        path = folder / name[:2] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"hush")
        show(api, f"/media/{name}", status=404)


def test_nothing_is_written_there(api):
    for method in ("POST", "PUT", "DELETE"):
        api.browser.request(f"/media/{'0' * 64}.webp", method=method, status=404)


NEW = {"title": "Evening", "starts_at": "2027-05-01T19:30:00Z", "ends_at": "2027-05-01T22:30:00Z", "location": "Lisbon"}


def test_an_event_shows_it_wherever_it_is_asked_for(api, upload, ada, file_of):
    url = upload(ada, file_of()).json["url"]
    made = api.as_(ada).post("/events", NEW | {"image_url": url, "status": "published"}).json
    assert made["image_url"] == url
    path = f"http://tickets.example.com/api/v1/events/{made['id']}"
    elsewhere = url.replace("http://localhost", "http://tickets.example.com")
    assert api.get(path, headers={"Host": "tickets.example.com"}).json["image_url"] == elsewhere
    (listed,) = api.get("/events").json["results"]
    assert listed["image_url"] == url
    behind = {"HTTP_HOST": "www.example.com", "wsgi.url_scheme": "https", "SCRIPT_NAME": "/tickets"}
    shown = api.browser.get(f"/api/v1/events/{made['id']}", extra_environ=behind).json["image_url"]
    assert re.fullmatch(r"https://www\.example\.com(:80)?/tickets/media/[0-9a-f]{64}\.webp", shown)
    # What was shown anywhere can be sent back.
    assert api.as_(ada).patch(f"/events/{made['id']}", {"image_url": shown}).json["image_url"] == url


def test_what_an_event_shows_of_elsewhere_stays_as_it_is(api, ada):
    for url in ("https://images.example.com/fado.jpg", f"https://images.example.com/media/{'0' * 64}.webp"):
        assert api.as_(ada).post("/events", NEW | {"image_url": url}).json["image_url"] == url


def test_the_thumbnail_stands_for_its_image(api, upload, ada, file_of):
    made = upload(ada, file_of()).json
    event = api.as_(ada).post("/events", NEW | {"image_url": made["thumbnail_url"]}).json
    assert event["image_url"] == made["url"]


def test_a_user_shows_it(api, upload, ada, file_of):
    url = upload(ada, file_of()).json["url"]
    assert api.as_(ada).patch("/users/me", {"picture_url": url}).json["picture_url"] == url
    elsewhere = {"Host": "tickets.example.com"}
    shown = api.as_(ada).get("/users/me", headers=elsewhere).json["picture_url"]
    assert shown == url.replace("localhost", "tickets.example.com")
    assert api.as_(ada).patch("/users/me", {"picture_url": None}).json["picture_url"] is None


def test_the_document_says_what_is_sent(api):
    described = api.get("/openapi.json").json["paths"]["/images"]["post"]
    assert list(described["requestBody"]["content"]) == list(FORMATS.values())
    assert described["requestBody"]["required"] is True
    assert {"201", "400", "413", "415", "429"} <= described["responses"].keys()
