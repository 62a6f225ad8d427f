"""What relays wrap around a delivery: records of Kinesis, SNS, SQS and of EventBridge pipes, and lists of them."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple, cast

from app.connectors.cloud_payloads import (
    Json,
    as_object,
    field,
    json_of,
    moment_field,
    nested_json,
    text_field,
)
from app.errors import InvalidRequest

_DEEPEST = 6


class Delivered(NamedTuple):
    """One delivery without its wrapping: when it arrived in the stream, where that is told, and who may see it."""

    payload: Json
    arrived_at: datetime | None = None
    visible_to: str = ""


def deliveries(body: object) -> Iterator[Delivered]:
    """Every delivery in a body, in its order; what is no object is left out."""
    return _unwrapped(body, None, "", 0)


def _unwrapped(value: object, arrived_at: datetime | None, visible_to: str, depth: int) -> Iterator[Delivered]:
    if isinstance(value, list):
        for item in cast("list[object]", value) if depth < _DEEPEST else ():
            yield from _unwrapped(nested_json(item), arrived_at, visible_to, depth + 1)
        return
    payload = as_object(value)
    if not payload:
        return
    if depth < _DEEPEST and (inside := _inside(payload)) is not None:
        arrived_at = arrived_at or _arrival(payload)
        visible_to = _attribute(payload, "MessageVisibility") or visible_to
        yield from _unwrapped(inside, arrived_at, visible_to, depth + 1)
        return
    yield Delivered(payload, arrived_at, visible_to)


def _inside(payload: Json) -> object | None:
    """What a record or an envelope holds; None for what is neither."""
    if isinstance(payload.get("Records"), list):
        return payload["Records"]
    for name in ("kinesis", "Sns"):
        if isinstance(payload.get(name), Mapping):
            return payload[name]
    if payload.get("Type") == "Notification" and "TopicArn" in payload:
        return nested_json(payload.get("Message"))
    if isinstance(payload.get("data"), str) and ("approximateArrivalTimestamp" in payload or "partitionKey" in payload):
        return _decoded(payload["data"])
    if payload.get("eventSource") == "aws:sqs" or "receiptHandle" in payload:
        return nested_json(payload.get("body"))
    return None


def _decoded(data: str) -> object | None:
    try:
        return json_of(base64.b64decode(data, validate=True), "")
    except (binascii.Error, InvalidRequest):
        return nested_json(data)


def _arrival(payload: Json) -> datetime | None:
    return moment_field(payload, "approximateArrivalTimestamp") or moment_field(
        as_object(payload.get("kinesis")), "approximateArrivalTimestamp"
    )


def _attribute(payload: Json, name: str) -> str:
    attributes: Mapping[str, Any] = as_object(field(payload, "MessageAttributes"))
    return text_field(as_object(attributes.get(name)), "Value", "stringValue")
