"""The published description: OpenAPI 3.1 with schemas and examples, and the problems that each path may answer."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from app.errors import WarmlineError
from app.interfaces.http.examples import INTERACTION, INTERACTION_BATCH, INTERACTION_LINES
from app.interfaces.http.idempotency import HEADER, MAX_KEY
from app.interfaces.http.problems import MEDIA_TYPE, STATUS_OF_CODE, TRY_AGAIN
from app.interfaces.http.schemas import InteractionBatch, MergeRequest, ResolveRequest, UnmergeRequest
from app.interfaces.http.scopes import scope_of
from app.models import (
    ActionOutcome,
    ArticleDraft,
    Feedback,
    HandoffRequest,
    InteractionDraft,
    KnowledgeQuestion,
    LinkRequest,
    NextActionRequest,
    Problem,
    RedeliveryRequest,
    VerifyRequest,
    WebhookDraft,
)

DESCRIPTION = """
Keeps a customer's story straight across channels. Every channel writes interactions into one ledger; a handoff turns
them into a brief whose every sentence names the interactions it stands on; next actions come from your own catalogue
and nowhere else.

**Errors** are `application/problem+json` (RFC 9457) with a stable `code`. **Times** are RFC 3339 with an offset,
durations are integer milliseconds, scores lie between 0 and 1. **`as_of_seq`** is the highest number in the ledger that
an answer took into account; what was acknowledged before a request is always taken into account. **`evidence`** lists
`interaction_id`s. **An API key** is sent as `Authorization: Bearer …` or `X-API-Key: …` and alone decides the tenant;
where none was ever made, callers on the same machine need none. Its scopes decide what it opens: each operation's
stands as `x-scope`, and `admin` includes the others. Send an **`Idempotency-Key`** with a POST and you may
repeat it safely.
""".strip()

TAGS = [
    {"name": "Interactions and signals", "description": "What every channel writes, and the friction it shows."},
    {"name": "Customers", "description": "Who somebody is, and their whole history over all channels."},
    {"name": "Handoffs", "description": "The brief that is there before the call connects."},
    {"name": "Next actions", "description": "What to do next, out of the tenant's catalogue."},
    {"name": "Knowledge", "description": "The tenant's articles, and the passages of them that answer a question."},
    {"name": "Analytics", "description": "Where continuity breaks, over all journeys of a tenant."},
    {"name": "Service", "description": "Whether the service lives and is ready."},
]

REQUESTS: Sequence[type[BaseModel]] = (
    InteractionDraft,
    InteractionBatch,
    ResolveRequest,
    MergeRequest,
    UnmergeRequest,
    HandoffRequest,
    Feedback,
    LinkRequest,
    VerifyRequest,
    NextActionRequest,
    ActionOutcome,
    ArticleDraft,
    KnowledgeQuestion,
    WebhookDraft,
    RedeliveryRequest,
)

_REF = "#/components/schemas/"
_SENT = "#/sent/"  # stands for a request's schema until it is known which name that gets

NOT_ACCEPTABLE: dict[int | str, dict[str, Any]] = {
    406: {
        "description": "None of the media types in Accept is served (`not_acceptable`)",
        "content": {MEDIA_TYPE: {"schema": {"$ref": _REF + "Problem"}}},
    }
}

_RETRY_AFTER = {
    "Retry-After": {
        "description": "after how many whole seconds to try again",
        "schema": {"type": "integer", "minimum": 1},
    }
}

_KEY_PARAMETER = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "The same key with the same body gets the same answer again; with another body it is a 409.",
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY},
}


def refusals(*codes: str) -> dict[int | str, dict[str, Any]]:
    """The problems that a path may answer beside those that every path may, by status, for `responses=`."""
    by_status: dict[int, list[str]] = {}
    for code in ("unauthorized", "forbidden", "invalid_request", "rate_limited", "unavailable", *codes):
        by_status.setdefault(STATUS_OF_CODE[code], []).append(code)
    return {status: _refusal(status, of_status) for status, of_status in sorted(by_status.items())}


def body(model: type[BaseModel], examples: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What a creating POST takes, for `openapi_extra=`: one JSON object, and perhaps an Idempotency-Key."""
    content = {"application/json": {"schema": {"$ref": _SENT + model.__name__}, "examples": _examples(examples)}}
    return {"requestBody": {"required": True, "content": content}, "parameters": [_KEY_PARAMETER]}


def question(model: type[BaseModel], examples: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What a POST that creates nothing takes, for `openapi_extra=`."""
    return {"requestBody": body(model, examples)["requestBody"]}


def no_body() -> dict[str, Any]:
    """What a creating POST without a body takes, for `openapi_extra=`."""
    return {"parameters": [_KEY_PARAMETER]}


def body_of_interactions() -> dict[str, Any]:
    """What POST /v1/interactions takes, for `openapi_extra=`."""
    one_or_many = {"anyOf": [{"$ref": _SENT + "InteractionDraft"}, {"$ref": _SENT + "InteractionBatch"}]}
    examples = _examples({"one": INTERACTION, "several": INTERACTION_BATCH})
    content: dict[str, Any] = {
        "application/json": {"schema": one_or_many, "examples": examples},
        "application/x-ndjson": {
            "schema": {"type": "string", "description": "one interaction a line"},
            "example": INTERACTION_LINES,
        },
    }
    return {"requestBody": {"required": True, "content": content}, "parameters": [_KEY_PARAMETER]}


def body_of(contents: Mapping[str, tuple[str, Any]]) -> dict[str, Any]:
    """What a creating POST takes in another standard's form, for `openapi_extra=`: what each media type holds in words,
    and an example.
    """
    content = {
        media_type: {"schema": {"description": description}, "example": example}
        for media_type, (description, example) in contents.items()
    }
    return {"requestBody": {"required": True, "content": content}, "parameters": [_KEY_PARAMETER]}


def install_documentation(api: FastAPI) -> None:
    """Publish the description at /openapi.json; it is made when first asked for."""

    def described() -> dict[str, Any]:
        if api.openapi_schema is None:
            api.openapi_schema = _described(api)
        return api.openapi_schema

    api.openapi = described


def _described(api: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=api.title, version=api.version, description=DESCRIPTION, tags=TAGS, routes=api.routes)
    schemas = document["components"]["schemas"]
    _, answers = models_json_schema([(Problem, "serialization")], ref_template=_REF + "{model}")
    schemas.update(answers["$defs"])
    answered = {name: schemas[name] for name in _reachable(document["paths"], schemas)}
    sent, names = _request_schemas(answered)
    text = json.dumps(document["paths"])
    for model in REQUESTS:
        text = text.replace(f'"{_SENT}{model.__name__}"', f'"{_REF}{names[model.__name__]}"')
    paths: dict[str, dict[str, Any]] = json.loads(text)
    for path, operations in paths.items():
        for method, operation in operations.items():
            # What tells whether the service lives asks for no key, and so for no scope.
            if "security" in operation:
                operation["x-scope"] = scope_of(method.upper(), path)
    return document | {
        "paths": paths,
        "components": document["components"] | {"schemas": dict(sorted((answered | sent).items()))},
    }


def _reachable(paths: Mapping[str, Any], schemas: Mapping[str, Any]) -> set[str]:
    # Fields that no answer shows leave their types behind; nobody needs to read about those.
    names: set[str] = set()
    text = json.dumps(paths)
    while new_names := set(re.findall(f'"{_REF}(\\w+)"', text)) - names:
        names |= new_names
        text = json.dumps([schemas[name] for name in new_names])
    return names


def _request_schemas(answered: Mapping[str, Any]) -> tuple[dict[str, Any], Mapping[str, str]]:
    """The schemas of what is sent, and the name each record got.

    A record may be both sent and answered, with other fields required: what is sent then has a name of its own.
    """
    wanted = [(model, "validation") for model in REQUESTS]
    _, generated = models_json_schema(cast(Any, wanted), ref_template=_REF + "{model}")
    definitions: dict[str, Any] = generated["$defs"]
    names = {name: name if answered.get(name, sent) == sent else f"{name}Input" for name, sent in definitions.items()}
    text = json.dumps({names[name]: sent for name, sent in definitions.items()})
    for name, own in names.items():
        text = text.replace(f'"{_REF}{name}"', f'"{_REF}{own}"')
    return json.loads(text), names


def _refusal(status: int, codes: Sequence[str]) -> dict[str, Any]:
    titles = {error.code: error.title for error in _all_errors(WarmlineError)}
    example = {
        "type": "about:blank",
        "title": titles[codes[0]],
        "status": status,
        "code": codes[0],
        "detail": "What is wrong, and how to mend it.",
        "errors": [{"path": "interactions[3].channel", "message": "This field is needed."}] if status == 422 else [],
    }
    return {
        "description": f"{titles[codes[0]]} ({', '.join(f'`{code}`' for code in codes)})",
        "content": {MEDIA_TYPE: {"schema": {"$ref": _REF + "Problem"}, "example": example}},
        **({"headers": _RETRY_AFTER} if status in TRY_AGAIN else {}),
    }


def _all_errors(root: type[WarmlineError]) -> list[type[WarmlineError]]:
    # The base class of several is told last, so that the plainest title stands for a code they share.
    return [error for child in root.__subclasses__() for error in (*_all_errors(child), child)]


def _examples(examples: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {name: {"value": value} for name, value in examples.items()}
