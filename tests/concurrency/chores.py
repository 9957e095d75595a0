"""Background work of the tests' own: what was done is in the table `marks`, what was tried in a file."""

import os
import time
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Column, Integer, MetaData, String, Table, insert
from sqlalchemy.orm import Session

from turnout.injection import Settings
from turnout.outbox.handlers import CurrentJob
from turnout.outbox.retries import Retry

MARKS = Table(
    "marks",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("word", String),
    Column("together", Integer),
    sqlite_autoincrement=True,
)


def _tried(settings, word):
    """Note that it was begun; return how often it was before."""
    path = Path(settings["turnout.data"]) / f"tried-{word}"
    with path.open("ab") as file:
        file.write(b".")
        return file.tell() - 1


def mark(word: str, session: Session, settings: Settings) -> None:
    """Leave a mark."""
    _tried(settings, word)
    session.execute(insert(MARKS).values(word=word, together=1))


def mark_slowly(word: str, seconds: float, session: Session, settings: Settings) -> None:
    """Leave a mark, which counts only if this lives to its end; slow at the first try."""
    session.execute(insert(MARKS).values(word=word, together=1))
    if not _tried(settings, word):
        time.sleep(seconds)


def mark_together(batch: list[dict[str, str]], session: Session, settings: Settings) -> None:
    """Leave many marks."""
    for chore in batch:
        _tried(settings, chore["word"])
        session.execute(insert(MARKS).values(word=chore["word"], together=len(batch)))


def mark_at_last(word: str, job: CurrentJob, session: Session, settings: Settings) -> None:
    """Fail twice."""
    _tried(settings, word)
    if job.attempt < 3:
        raise RuntimeError("not yet")
    session.execute(insert(MARKS).values(word=word, together=job.attempt))


def tick(session: Session) -> None:
    """Leave a mark every hour."""
    session.execute(insert(MARKS).values(word="tick", together=os.getpid()))


def includeme(config):
    for chore in (mark, mark_slowly):
        config.add_task(chore)
    config.add_task(mark_together, queue="crowd", batch=20)
    config.add_task(mark_at_last, retry=Retry(first=0.1))
    config.add_periodic_task(tick, every=timedelta(hours=1))
