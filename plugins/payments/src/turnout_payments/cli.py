"""``turnout payments``: looking after the books."""

from collections.abc import Iterator
from datetime import UTC, datetime

import click
from pyramid.router import Router
from rich.console import Console
from rich.progress import Progress
from turnout.plugin import application, system_request

from turnout_payments.providers import Refused, Unavailable
from turnout_payments.services import Books, Difference, Gateway, Settlement

PART = 200


@click.group()
def payments() -> None:
    """Look after payments."""


@payments.command()
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only payments begun on that day or later (UTC).")
@click.option("--repair", is_flag=True, help="Enter what providers say, and set sums to the ledger's.")
def reconcile(since: datetime | None, repair: bool) -> None:
    """Compare payments with the ledger, and the ledger with what the providers say.

    What staff settle is compared with the ledger alone. Exit code 1: there are differences, or a provider does not answer.
    """
    console = Console(stderr=True)
    begin = None if since is None else since.replace(tzinfo=UTC)
    checked = wrong = 0
    with application() as app, Progress(console=console, disable=not console.is_terminal) as progress:
        with system_request(app) as request:
            total = request.find_service(Books).count(begin)
        bar = progress.add_task("Reconciling", total=total)
        for payment_id in _payments(app, begin):
            checked += 1
            wrong += _reconciled(app, payment_id, repair=repair)
            progress.advance(bar)
        with system_request(app) as request:
            wrong += _reconciled_takings(request.find_service(Books), repair=repair)
    click.echo(f"{checked} payments checked; differences{' left' if repair else ''}: {wrong}.")
    if wrong:
        click.get_current_context().exit(1)


def _reconciled_takings(books: Books, *, repair: bool) -> bool:
    """Check what events take, and tell whether something is wrong with it, or still is."""
    differences = books.takings()
    for difference in differences:
        click.echo(str(difference))
    if differences and repair:
        books.correct_takings()
        return bool(books.takings())
    return bool(differences)


def _payments(app: Router, since: datetime | None) -> Iterator[int]:
    """Give the payments to check, some at a time; none of it keeps a transaction open while a provider is asked."""
    after = 0
    while True:
        with system_request(app) as request:
            found = request.find_service(Books).payments(since, after, PART)
        yield from found
        if len(found) < PART:
            return
        after = found[-1]


def _reconciled(app: Router, payment_id: int, *, repair: bool) -> bool:
    """Check one payment, and tell whether something is wrong with it, or still is."""
    with system_request(app) as request:
        try:
            sight = request.find_service(Gateway).look(payment_id)  # before the transaction begins
        except (Unavailable, Refused) as trouble:
            click.echo(f"payment {payment_id}: the provider does not answer for it: {trouble}")
            return True
        books = request.find_service(Books)

        def compare() -> list[Difference]:
            return [
                *books.against_ledger(payment_id),
                *([] if sight is None else books.against_provider(payment_id, sight.seen)),
            ]

        differences = compare()
        for difference in differences:
            click.echo(str(difference))
        if differences and repair:
            books.correct(payment_id)
            if sight is not None:
                request.find_service(Settlement).apply(payment_id, sight.seen)
            return bool(compare())
        return bool(differences)
