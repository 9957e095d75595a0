"""Conditions that several features' lists share."""

from typing import Any

from sqlalchemy import ColumnElement, func

_ESCAPED = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})


def begins(column: Any, text: str) -> ColumnElement[bool]:
    """Return the condition that `column` begins with `text`, in upper or lower case.

    Both sides are lowered by the database, which knows more or fewer letters than Python does. PostgreSQL finds it in
    an index on ``lower(column) text_pattern_ops``; ILIKE, which SQLAlchemy's `istartswith` says there, would use none.
    """
    return func.lower(column).like(func.lower(text.translate(_ESCAPED) + "%"), escape="\\")
