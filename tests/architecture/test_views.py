"""What every view of the running application keeps to."""

import re

import pytest
from pyramid.security import NO_PERMISSION_REQUIRED

from turnout.api.service import WRITES, operations
from turnout.testing.applications import Application
from turnout.testing.databases import SQLiteDatabases


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    folder = tmp_path_factory.mktemp("views")
    application = Application(SQLiteDatabases(folder).create(), folder)
    yield application.registry
    application.close()


def views(registry):
    for entry in registry.introspector.get_category("views"):
        view = entry["introspectable"]
        if view["context"] is None:
            names = [related["value"] for related in entry["related"] if related.category_name == "permissions"]
            yield view, names


def test_every_view_has_a_permission(registry):
    found = list(views(registry))
    assert len(found) > 20
    for view, names in found:
        assert names, view["route_name"]
        assert names[0] == NO_PERMISSION_REQUIRED or names[0] in registry.permissions


def test_only_the_way_to_the_documentation_needs_none(registry):
    for view, names in views(registry):
        if names[0] == NO_PERMISSION_REQUIRED:
            methods = view["request_methods"]
            assert methods is None or set(methods if isinstance(methods, tuple) else [methods]) <= {"GET", "HEAD"}, view


def test_no_writing_view_is_satisfied_with_a_permission_to_read(registry):
    for operation in operations(registry):
        verb = operation.permission.split(":")[1]
        if operation.method in WRITES:
            assert not re.match("read|list|search", verb), operation
        else:
            assert not re.match("create|update|delete|manage|cancel|confirm|publish", verb), operation


def test_no_token_that_only_reads_writes(registry):
    """A permission guards reading or writing, never both."""
    reading = {operation.permission for operation in operations(registry) if operation.method not in WRITES}
    writing = {operation.permission for operation in operations(registry) if operation.method in WRITES}
    assert reading & writing == set()


def test_every_permission_guards_something(registry):
    used = {operation.permission for operation in operations(registry)}
    used |= {names[0] for _, names in views(registry)}
    assert set(registry.permissions) - used <= {"metrics:read"}


def test_every_permission_is_named_and_described(registry):
    for name, permission in registry.permissions.items():
        assert re.fullmatch(r"[a-z_]+:[a-z_]+", name)
        assert permission.description


def test_every_operation_is_described(registry):
    for operation in operations(registry):
        assert operation.description.endswith("."), operation
        assert operation.answer is not None or operation.status in {202, 204} or operation.method == "GET", operation


def test_single_resources_that_are_written_have_versions(registry):
    """Whoever may change a thing can say which version of it they have seen."""
    by_path = {}
    for operation in operations(registry):
        by_path.setdefault(operation.path, {})[operation.method] = operation
    for path, methods in by_path.items():
        for method in ("PUT", "PATCH"):
            if method in methods:
                assert methods[method].versioned, f"{method} {path}"
                assert "GET" not in methods or methods["GET"].versioned, f"GET {path}"
