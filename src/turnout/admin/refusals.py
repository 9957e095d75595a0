"""What a service refuses, said in the form that was sent."""

from turnout.admin.forms.form import Form
from turnout.api.problems import status_of
from turnout.errors import Denied, DomainError, Invalid, NotFound


def rejected_by(form: Form, error: DomainError) -> int:
    """Let `form` say what was refused, at the fields that it is about; return the status to answer with.

    Raises what is no fault of the form's: that the thing is gone, or not for whoever asks.
    """
    if isinstance(error, (NotFound, Denied)):
        raise error
    if isinstance(error, Invalid):
        form.reject(error.errors)
    elif error.facts.get("errors"):
        form.reject([(one["field"], one["message"]) for one in error.facts["errors"]])
    else:
        form.problems.append(error.detail)
    return status_of(type(error))
