"""Files are kept whole or not at all, in a folder or in a bucket."""

import os
import re
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from obstore.store import MemoryStore

from turnout.errors import StartError
from turnout.images.stores import BucketStore, FolderStore, open_store

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SOON = timedelta(minutes=1)
NAME = "ab" * 32 + ".webp"


class S3(BaseHTTPRequestHandler):
    """As much of S3's protocol as a store uses: PUT, GET, the deletion of several, and the list of objects."""

    protocol_version = "HTTP/1.1"

    def _key(self):
        return unquote(urlsplit(self.path).path).removeprefix("/media/")

    def _answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), "ETag": '"1"'}.items():
            self.send_header(name, value)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((self.command, self.path, dict(self.headers)))
        self.server.objects[self._key()] = body
        self._answer(200)

    def do_GET(self):
        self.server.requests.append((self.command, self.path, dict(self.headers)))
        query = parse_qs(urlsplit(self.path).query)
        if "list-type" in query:
            prefix = query.get("prefix", [""])[0]
            entries = "".join(
                f"<Contents><Key>{key}</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified>"
                f'<ETag>"1"</ETag><Size>{len(body)}</Size></Contents>'
                for key, body in sorted(self.server.objects.items())
                if key.startswith(prefix)
            )
            self._answer(
                200, f"<ListBucketResult><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>".encode()
            )
        elif self._key() in self.server.objects:
            self._answer(200, self.server.objects[self._key()], Last_Modified="Fri, 02 Jan 2026 03:04:05 GMT")
        else:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        keys = re.findall("<Key>(.*?)</Key>", body)
        for key in keys:
            self.server.objects.pop(key, None)
        deleted = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
        self._answer(200, f"<DeleteResult>{deleted}</DeleteResult>".encode())

    def log_message(self, *_anything):
        pass


@pytest.fixture
def s3():
    server = ThreadingHTTPServer(("127.0.0.1", 0), S3)
    server.objects, server.requests = {}, []
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(params=["folder", "memory", "s3"])
def store(request, tmp_path, monkeypatch):
    match request.param:
        case "folder":
            return FolderStore(tmp_path / "media")
        case "memory":
            return BucketStore(MemoryStore())
    server = request.getfixturevalue("s3")
    environment = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_ACCESS_KEY_ID": "invented",
        "AWS_SECRET_ACCESS_KEY": "invented too",
        "AWS_REGION": "eu-west-1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return open_store("s3://media/turnout", tmp_path)


def test_what_was_put_is_there(store):
    store.put(NAME, b"picture")
    assert store.get(NAME) == b"picture"
    assert store.get("cd" * 32 + ".webp") is None


def test_what_is_put_again_is_there_once(store):
    store.put(NAME, b"picture")
    store.put(NAME, b"picture")
    assert list(store.names(datetime.now(UTC) + SOON)) == [NAME]
    assert store.get(NAME) == b"picture"


def test_what_was_deleted_is_gone_and_what_was_not_there_is_no_trouble(store):
    store.put(NAME, b"picture")
    store.delete([NAME, "cd" * 32 + ".webp"])
    assert store.get(NAME) is None
    assert list(store.names(datetime.now(UTC) + SOON)) == []


def test_only_old_files_are_named(store):
    store.put(NAME, b"picture")
    assert list(store.names(LONG_AGO)) == []


def test_an_empty_store_names_nothing(store):
    assert list(store.names(datetime.now(UTC))) == []


@pytest.mark.parametrize("store", ["s3"], indirect=True)
def test_files_go_into_the_bucket_below_the_prefix_signed_and_with_their_type(store, s3):
    store.put(NAME, b"picture")
    [(_, path, headers)] = s3.requests
    assert path == f"/media/turnout/{NAME}"
    assert s3.objects == {f"turnout/{NAME}": b"picture"}
    headers = {name.lower(): value for name, value in headers.items()}
    assert headers["content-type"] == "image/webp"
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=invented/")


def test_a_folder_is_filled_by_renaming_what_is_whole(tmp_path, monkeypatch):
    store = FolderStore(tmp_path)
    seen = []
    monkeypatch.setattr(os, "fsync", lambda _descriptor: seen.append([path.name for path in tmp_path.glob("*/*")]))
    store.put(NAME, b"picture")
    [before, after, _] = seen
    assert len(before) == 1
    assert before[0].endswith(".part")
    assert after == [NAME]


def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch):
    store = FolderStore(tmp_path)

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.put(NAME, b"picture")
    assert list(tmp_path.glob("*/*")) == []


def test_what_a_killed_process_left_is_named_and_can_be_deleted(tmp_path):
    store = FolderStore(tmp_path)
    store.put(NAME, b"picture")
    part = tmp_path / "ab" / f"{NAME}.0a1b2c3d.part"
    part.write_bytes(b"pict")
    os.utime(part, (time.time() - 1000,) * 2)
    assert list(store.names(datetime.now(UTC) - SOON)) == [part.name]
    store.delete([part.name])
    assert store.get(NAME) == b"picture"
    assert not part.exists()


def test_the_setting_names_a_folder_or_a_bucket(tmp_path):
    assert open_store("", tmp_path).folder == tmp_path / "media"
    assert str(open_store("/srv/media", tmp_path).folder) == "/srv/media"
    assert isinstance(open_store("s3://media/turnout", tmp_path), BucketStore)


@pytest.mark.parametrize("where", ["s4://media", "://", "s3:// "])
def test_a_setting_that_names_neither_stops_the_start(where, tmp_path):
    with pytest.raises(StartError, match=r"Setting images\.store cannot be used"):
        open_store(where, tmp_path)
