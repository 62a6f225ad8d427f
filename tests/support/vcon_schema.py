"""What draft-ietf-vcon-vcon-core-04 (7 September 2026), section 4, demands of an unsigned vCon, as a JSON schema.

Written from the draft's text and checked against the schema in its repository (ietf-wg-vcon/draft-ietf-vcon-vcon-core,
`vcon_json_schema.json`); stricter in that nothing else is allowed but what the extension CC adds (role).
"""

from typing import Any

_INDEX = {"type": "integer", "minimum": 0}
_INDEXES = {"anyOf": [_INDEX, {"type": "array", "items": _INDEX}]}
_TEXT = {"type": "string"}
_TIME = {"type": "string", "format": "date-time"}
_CONTENT = {
    "mediatype": _TEXT,
    "filename": _TEXT,
    "body": {},
    "encoding": {"enum": ["base64url", "json", "none"]},
    "url": {"type": "string", "format": "uri"},
    "content_hash": {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]},
}
# Only a body of encoding json may be anything but a text.
_BODY = {
    "if": {"properties": {"encoding": {"const": "json"}}, "required": ["encoding"]},
    "then": {},
    "else": {"properties": {"body": _TEXT}},
    "dependentRequired": {"body": ["encoding"]},
}


def _object(required: list[str], properties: dict[str, Any], **rules: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": required,
        "properties": properties,
        "additionalProperties": False,
        **rules,
    }


_PARTY = _object(
    [],
    dict.fromkeys(("tel", "sip", "stir", "mailto", "name", "did", "validation", "uuid", "type", "org", "dept"), _TEXT)
    | {"role": _TEXT},
)
_DIALOG = _object(
    ["type", "start"],
    {
        "type": {"enum": ["recording", "text", "transfer", "incomplete", "recording-set"]},
        "start": _TIME,
        "duration": {"type": "number", "minimum": 0},
        "parties": _INDEXES,
        "originator": _INDEX,
        "application": _TEXT,
        "message_id": _TEXT,
        "interaction_id": _TEXT,
        **_CONTENT,
    },
    **_BODY,
)
_ANALYSIS = _object(
    ["type", "vendor"],
    {"type": _TEXT, "dialog": _INDEXES, "attachment": _INDEXES, "vendor": _TEXT, "product": _TEXT, "schema": _TEXT}
    | _CONTENT,
    **_BODY,
)
_ATTACHMENT = _object(
    ["start", "party", "dialog"],
    {"purpose": _TEXT, "start": _TIME, "party": _INDEX, "dialog": _INDEX, **_CONTENT},
    **_BODY,
)
SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    **_object(
        ["uuid", "created_at"],
        {
            "vcon": {"const": "0.4.0"},
            "uuid": {"type": "string", "format": "uuid"},
            "extensions": {"type": "array", "items": _TEXT},
            "critical": {"type": "array", "items": _TEXT},
            "created_at": _TIME,
            "updated_at": _TIME,
            "subject": _TEXT,
            "parties": {"type": "array", "items": _PARTY},
            "dialog": {"type": "array", "items": _DIALOG},
            "analysis": {"type": "array", "items": _ANALYSIS},
            "attachments": {"type": "array", "items": _ATTACHMENT},
        },
    ),
}
