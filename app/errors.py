"""One root error and its few children, each with the contract's stable code. Nothing here knows of HTTP."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import JsonValue


class WarmlineError(Exception):
    """Something the caller can be told: `detail` says what is wrong and how to mend it, and nothing internal."""

    code: ClassVar[str] = "unavailable"
    title: ClassVar[str] = "The service cannot answer right now"

    def __init__(self, detail: str, *, code: str | None = None, retry_after_s: int | None = None) -> None:
        """`retry_after_s`: after how many whole seconds, at least 1, it is worth trying again; None: not known."""
        super().__init__(detail)
        self.detail = detail
        self.reported_code = code or self.code
        self.retry_after_s = retry_after_s


class InvalidRequest(WarmlineError):
    """The request does not fit the contract; `errors` names each offending field by its path."""

    code = "invalid_request"
    title = "The request does not fit the contract"

    def __init__(self, detail: str, errors: Sequence[Mapping[str, JsonValue]] = ()) -> None:
        super().__init__(detail)
        self.errors = tuple(errors)


class Unauthorized(WarmlineError):
    """No key, or not a valid one."""

    code = "unauthorized"
    title = "A valid API key is needed"


class UnverifiedRequest(Unauthorized):
    """A platform's request without a signature or token that fits."""

    title = "The request is not verified"


class Forbidden(WarmlineError):
    """The key is valid but lacks the scope."""

    code = "forbidden"
    title = "This key may not do that"


class NotFound(WarmlineError):
    """What was asked for does not exist in this tenant."""

    code = "not_found"
    title = "Not found"


class UnknownCustomer(NotFound):
    """No customer has this id in this tenant."""

    code = "unknown_customer"
    title = "Unknown customer"


class UnknownConversation(NotFound):
    """No interaction of this tenant belongs to this conversation."""

    code = "unknown_conversation"
    title = "Unknown conversation"


class Conflict(WarmlineError):
    """The request contradicts what is already recorded."""

    code = "idempotency_conflict"
    title = "This contradicts what is already recorded"


class IdentityConflict(Conflict):
    """Two customers cannot be the same person by the rules in force."""

    code = "identity_conflict"
    title = "These customers cannot be joined"


class PayloadTooLarge(WarmlineError):
    """The request is larger than the contract allows."""

    code = "payload_too_large"
    title = "The request is too large"


class RateLimited(WarmlineError):
    """More at once, or in a second, than this key or its tenant may ask for."""

    code = "rate_limited"
    title = "Too many requests"


class Unavailable(WarmlineError):
    """A part the answer cannot do without is not reachable."""

    code = "unavailable"
    title = "The service cannot answer right now"


# --- failures of parts, which the workflow turns into degradation -----------------------------------------------------


class RetrievalUnavailable(WarmlineError):
    """The vector index or the embedder does not answer."""

    code = "retrieval_unavailable"


class ModelFailure(WarmlineError):
    """The model gave no usable answer."""


class ModelTimeout(ModelFailure):
    """The model did not answer in time."""

    code = "model_timeout"


class ModelUnavailable(ModelFailure):
    """The model's server refused, failed or hung up."""

    code = "model_unavailable"


class InvalidModelOutput(ModelFailure):
    """The model answered with something that is not a brief."""

    code = "invalid_model_output"


class ConfigurationError(WarmlineError):
    """A setting or a file the service is started with is wrong."""

    code = "invalid_configuration"
    title = "The configuration is wrong"
