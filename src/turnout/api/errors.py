"""What can be wrong with a request before its meaning is looked at."""

from turnout.errors import DomainError


class MalformedJSON(DomainError):
    """The body is not JSON."""

    code = "malformed_json"
    title = "The body is not valid JSON"


class UnsupportedMediaType(DomainError):
    """The body is of a type that is not understood."""

    code = "unsupported_media_type"
    title = "The body is of a type that is not taken here"


class MalformedForm(DomainError):
    """The body is not what a form sends."""

    code = "malformed_form"
    title = "The body is not a form in UTF-8"


class NotAcceptable(DomainError):
    """The client wants an answer in a form that there is not."""

    code = "not_acceptable"
    title = "Answers are JSON"


class BodyTooLarge(DomainError):
    """The body is larger than the setting ``api.max_body_bytes`` or, for a file, ``api.max_upload_bytes``."""

    code = "body_too_large"
    title = "The body is too large"


class KeyReused(DomainError):
    """An idempotency key came back with another request."""

    code = "idempotency_key_reused"
    title = "This Idempotency-Key was used for another request"


class KeyInUse(DomainError):
    """The first request with this idempotency key is still running."""

    code = "idempotency_key_in_use"
    title = "The first request with this Idempotency-Key is still running; try again in a moment"
