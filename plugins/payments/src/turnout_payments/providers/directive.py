"""``config.add_payment_provider(name, provider)``, and who has been added."""

import re
from collections.abc import Iterator, Mapping

from turnout.plugin import Configurator, Request, StartError

from turnout_payments.providers.contract import PaymentProvider

_NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")


class Providers(Mapping[str, PaymentProvider]):
    """All providers by name, each made when it is first asked for."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._classes: Mapping[str, type[PaymentProvider]] = request.registry.payment_providers

    def __getitem__(self, name: str) -> PaymentProvider:
        found: PaymentProvider = self._request.find_service(self._classes[name])
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._classes)

    def __len__(self) -> int:
        return len(self._classes)

    def ready(self) -> dict[str, PaymentProvider]:
        """Return those that can be used."""
        return {name: provider for name, provider in self.items() if provider.check() is None}


def add_payment_provider(config: Configurator, name: str, provider: type[PaymentProvider]) -> None:
    """Directive: let bookings be paid by `provider`, which clients call `name` (lower-case letters, digits, underscores)."""
    if not _NAME.fullmatch(name):
        raise StartError(f"the payment provider {name!r} must be called by lower-case letters, digits and underscores")

    def register() -> None:
        config.registry.payment_providers[name] = provider

    config.add_service(provider)
    config.action(("turnout payment provider", name), register)
