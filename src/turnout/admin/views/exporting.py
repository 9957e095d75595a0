"""A list as a sheet, to go on with elsewhere."""

import tempfile
from collections.abc import Iterator
from typing import Any

from pyramid.request import Request
from pyramid.response import FileIter, Response

from turnout.admin.context import setting_of
from turnout.admin.filters import Filters
from turnout.admin.sections import AdminSection
from turnout.admin.sheets import csv_rows, xlsx
from turnout.admin.shown import kind_of, plain, sheet_columns_of, title_of
from turnout.errors import Invalid
from turnout.paging import Paging

CSV, XLSX = "csv", "xlsx"
TYPES = {CSV: "text/csv", XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
IN_MEMORY = 1_000_000
WALK = 500
"""Rows that are read at a time."""


def export(request: Request, section: AdminSection) -> Response:
    """Write all of the list that the filters leave, not only the page that is seen.

    Raises `Invalid` for a filter that makes no sense: a sheet of everything would look like what was asked for.
    """
    setting = setting_of(request, section)
    filters = Filters(request, section, setting)
    if filters.wrong:
        raise Invalid(filters.wrong)
    columns = sheet_columns_of(section)
    heads = [(title_of(section, column), kind_of(section, column)) for column in columns]
    rows = ([plain(column, row) for column in columns] for row in _all(request, section, filters))
    kind = request.matchdict["format"]
    # Written before the answer begins: afterwards the transaction is over. On disk, where it gets large.
    file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - the server closes it
    if kind == CSV:
        for part in csv_rows(heads, rows):
            file.write(part)
    else:
        xlsx(file, heads, rows, title=section.title, zone=setting.zone)
    size = file.tell() if kind == CSV else file.seek(0, 2)
    file.seek(0)
    response = Response(content_type=TYPES[kind], charset="utf-8" if kind == CSV else None)
    response.app_iter = FileIter(file)
    response.content_length = size
    response.content_disposition = f'attachment; filename="{section.name}.{kind}"'
    response.cache_control = "no-store"
    return response


def _all(request: Request, section: AdminSection, filters: Filters) -> Iterator[Any]:
    cursor: str | None = ""
    while cursor is not None:
        found = section.find(filters.values, Paging(1, WALK, cursor), actor=request.actor)
        yield from found.rows
        cursor = found.next_cursor
