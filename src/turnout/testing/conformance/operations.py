"""A plugin's operations, as those who write clients see them: paths, descriptions, OpenAPI."""

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from turnout.api.answers import JSON
from turnout.api.openapi.document import document
from turnout.testing.conformance.subject import Checks, Endpoint, Subject, refuse


class OperationChecks(Checks):
    """A plugin's operations, as those who write clients see them: paths, descriptions, OpenAPI."""

    nouns: ClassVar[tuple[str, ...]] = ()
    """What its paths may be about, beside the plugin's own name."""

    def test_every_operation_is_described(self, subject: Subject) -> None:
        """A view's docstring is what clients read of it."""
        refuse(
            f"{endpoint} has no description; give its view {endpoint.operation.name} a docstring, such as "
            '"Read what guests thought of an event."'
            for endpoint in subject.endpoints
            if not endpoint.operation.description
        )

    def test_every_path_names_the_plugin(self, subject: Subject) -> None:
        """A path that is about the plugin's own noun does not meet another plugin's."""
        nouns = (subject.name.replace("_", "-"), subject.name, *self.nouns)
        refuse(
            f"The path {endpoint.path} does not say that it is the plugin's; let one part of it be, or begin with, "
            f"{nouns[0]}, such as /events/{{id}}/{nouns[0]}. (The suite's attribute `nouns` allows others.)"
            for endpoint in subject.endpoints
            if not any(part.startswith(nouns) for part in endpoint.path.split("/"))
        )

    def test_every_operation_reaches_the_openapi_document(self, subject: Subject) -> None:
        """What is sent and answered is declared, so that it is checked and described."""
        described = document(subject.registry)["paths"]
        refuse(fault for endpoint in subject.endpoints for fault in _undescribed(endpoint, described))

    def test_the_openapi_document_is_valid(self, subject: Subject) -> None:
        """Programs that are made from it work."""
        validator = pytest.importorskip("openapi_spec_validator", reason="openapi-spec-validator is not installed.")
        errors = validator.OpenAPIV31SpecValidator(document(subject.registry)).iter_errors()
        refuse(
            f"The OpenAPI document is not valid at {'/'.join(str(part) for part in error.absolute_path)}: {error.message}"
            for error in errors
        )


def _undescribed(endpoint: Endpoint, paths: dict[str, Any]) -> Iterator[str]:
    operation = endpoint.operation
    described = paths.get(endpoint.path, {}).get(operation.method.lower())
    if described is None:
        yield f"{endpoint} is not in the OpenAPI document."
    elif operation.content_type == JSON and operation.answer is None and "204" not in described["responses"]:
        yield f"{endpoint} does not say what it answers; declare answer=..., a schema."
