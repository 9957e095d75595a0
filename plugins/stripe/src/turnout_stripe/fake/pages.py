"""The page on which buyers pay, where they play what happens."""

from html import escape

from turnout_stripe.fake.bank import OPEN, Session

PAY, PAY_LATER, DECLINE, CANCEL = "pay", "pay_later", "decline", "cancel"
_BUTTONS = {
    PAY: "Pay",
    PAY_LATER: "Pay by a debit that takes its time",
    DECLINE: "Have the card declined",
    CANCEL: "Back",
}

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Checkout (fake)</title></head>
<body>
<main>
<h1>Checkout</h1>
<p>Nobody takes money here: this only pretends to be Stripe.</p>
{said}
<p>{name}: {amount} {currency} (in the smallest unit)</p>
{form}
</main>
</body>
</html>
"""


def page(session: Session, said: str = "") -> str:
    """Return the page of a session."""
    buttons = "\n".join(
        f'<button name="action" value="{action}">{escape(label)}</button>' for action, label in _BUTTONS.items()
    )
    return _PAGE.format(
        said=f'<p role="alert">{escape(said)}</p>' if said else "",
        name=escape(session.name),
        amount=session.amount,
        currency=escape(session.currency.upper()),
        form=f'<form method="post">\n{buttons}\n</form>' if session.status == OPEN else "<p>This session is over.</p>",
    )
