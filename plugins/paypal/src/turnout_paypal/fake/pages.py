"""The page on which buyers agree, or do not."""

from html import escape

from turnout_paypal.fake.bank import PAYER_ACTION_REQUIRED, Order

PAY, CANCEL = "pay", "cancel"
_BUTTONS = {PAY: "Pay", CANCEL: "Cancel"}

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>PayPal (fake)</title></head>
<body>
<main>
<h1>Checkout</h1>
<p>Nobody takes money here: this only pretends to be PayPal.</p>
<p>{description}: {value} {currency}</p>
{form}
</main>
</body>
</html>
"""


def page(order: Order) -> str:
    """Return the page of an order."""
    buttons = "\n".join(
        f'<button name="action" value="{action}">{escape(label)}</button>' for action, label in _BUTTONS.items()
    )
    is_open = order.status == PAYER_ACTION_REQUIRED
    return _PAGE.format(
        description=escape(order.description),
        value=order.value,
        currency=escape(order.currency),
        form=f'<form method="post">\n{buttons}\n</form>' if is_open else "<p>This was agreed to already.</p>",
    )
