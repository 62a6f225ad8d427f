"""The vCon document as this service reads it: its fields in the spellings of the drafts, and what refers to what.

Fields that are not listed here are ignored, as the drafts ask: they say nothing about the customer's story. An empty
object among the dialogs, analyses or attachments is a placeholder for what was redacted, and becomes None.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue
from pydantic import ValidationError as PydanticError
from pydantic_core import PydanticCustomError

from app.formats.options import UTC_NAME
from app.formats.timestamps import Moment
from app.validation import invalid_fields, invalid_request

# Extensions that redefine nothing this reader relies on, or that it follows (roles; transcripts).
KNOWN_EXTENSIONS = frozenset({"cc", "wtf_transcription"})
WHOLE = "vCon"

_YEAR_S = 366 * 24 * 3600
_ELSEWHERE = -1


def _uuid(value: object) -> str:
    try:
        return str(UUID(cast(str, value)))
    except (ValueError, AttributeError, TypeError):
        raise PydanticCustomError(
            "vcon_uuid", "Give a UUID in quotes, for example 0190f5a8-7c1e-7000-8000-0123456789ab"
        ) from None


def _flat_indexes(value: object) -> object:
    if value is None:
        return ()
    # Some drafts write -1 for a dialog that is not in the document.
    flat = tuple(index for index in _indexes(value) if type(index) is not int or index != _ELSEWHERE)
    if any(type(index) is not int or index < 0 for index in flat):
        raise PydanticCustomError("vcon_index", "Give an index counted from 0, or a list of them")
    return flat


def _indexes(value: object) -> Iterator[Any]:
    if isinstance(value, list | tuple):
        for element in cast(Sequence[object], value):
            # A recording's unused channel is null.
            if element is not None:
                yield from _indexes(element)
    else:
        yield value


def _texts(value: object) -> object:
    return (value,) if isinstance(value, str) else _list(value)


def _list(value: object) -> object:
    # "Objects or arrays with no or null values may be excluded": null says the same as nothing.
    return () if value is None else value


def _no_placeholder(value: object) -> object:
    return None if value == {} else value


Index = Annotated[int, Field(ge=0, strict=True)]
Indexes = Annotated[tuple[int, ...], BeforeValidator(_flat_indexes)]
Label = Annotated[str, Field(max_length=1024)]
Address = Annotated[str, Field(max_length=512)]
Hashes = Annotated[tuple[Label, ...], BeforeValidator(_texts), Field(max_length=16)]


class _Object(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


def _role_of(value: object) -> object:
    return cast(Mapping[str, object], value).get("role") if isinstance(value, Mapping) else None


class Party(_Object):
    """Somebody or something that took part. `meta_role` is the role where a draft's `meta` holds it."""

    tel: Address | None = None
    sip: Address | None = None
    mailto: Address | None = Field(default=None, validation_alias=AliasChoices("mailto", "email"))
    uuid: Address | None = None
    name: Address | None = None
    role: Label | None = None
    meta_role: Annotated[Label | None, BeforeValidator(_role_of)] = Field(default=None, validation_alias="meta")
    type: Label | None = None
    validation: Label | None = None


class VconPart(_Object):
    """What dialogs, analyses and attachments share: content inside the document, or a place where it lies."""

    mediatype: Label | None = Field(default=None, validation_alias=AliasChoices("mediatype", "mimetype"))
    filename: Label | None = None
    body: JsonValue = None
    encoding: Literal["none", "json", "base64url", "base64"] | None = None
    url: Annotated[str, Field(max_length=8192)] | None = None
    content_hash: Hashes = ()


class Dialog(VconPart):
    """One piece of the conversation. `duration` is in seconds; the indexes count parties or dialogs from 0."""

    # "audio" and "video" are in no draft, but the most used library writes them for recordings.
    type: Literal["text", "recording", "recording-set", "transfer", "incomplete", "audio", "video"]
    start: Moment
    duration: Annotated[float, Field(ge=0, le=_YEAR_S, allow_inf_nan=False)] | None = None
    parties: Indexes = ()
    originator: Index | None = None
    disposition: Label | None = None
    application: Label | None = None
    interaction_type: Label | None = Field(
        default=None, validation_alias=AliasChoices("interaction_type", "interaction")
    )
    message_id: Label | None = None
    transferor: Index | None = None
    transferee: Index | None = None
    transfer_target: Indexes = Field(default=(), validation_alias=AliasChoices("transfer_target", "transfer-target"))
    original: Indexes = ()
    consultation: Indexes = ()
    target_dialog: Indexes = Field(default=(), validation_alias=AliasChoices("target_dialog", "target-dialog"))
    recordings: Indexes = ()

    @property
    def is_recording(self) -> bool:
        """Whether it is sound or pictures of the conversation."""
        return self.type in ("recording", "audio", "video")

    @property
    def sender(self) -> int | None:
        """The party that began it: the originator, or else the first party named."""
        if self.originator is not None:
            return self.originator
        return self.parties[0] if self.parties else None


class VconAnalysis(VconPart):
    """What was made of the conversation: a transcript, a summary, a sentiment."""

    type: Annotated[str, Field(min_length=1, max_length=256)]
    dialog: Indexes = ()
    vendor: Label | None = None
    product: Label | None = None
    # Pydantic's base class has a method of that name.
    schema_: Label | None = Field(default=None, validation_alias=AliasChoices("schema"))


class Attachment(VconPart):
    """A file that belongs to the conversation; early drafts called its purpose its type."""

    purpose: Label | None = Field(default=None, validation_alias=AliasChoices("purpose", "type"))
    start: Moment | None = None
    party: Index | None = None
    dialog: Index | None = None


Parties = Annotated[tuple[Party, ...], BeforeValidator(_list)]
Dialogs = Annotated[tuple[Annotated[Dialog | None, BeforeValidator(_no_placeholder)], ...], BeforeValidator(_list)]
Analyses = Annotated[
    tuple[Annotated[VconAnalysis | None, BeforeValidator(_no_placeholder)], ...], BeforeValidator(_list)
]
Attachments = Annotated[
    tuple[Annotated[Attachment | None, BeforeValidator(_no_placeholder)], ...], BeforeValidator(_list)
]


class Document(_Object):
    """A vCon in its unsigned form."""

    vcon: Label | None = None
    uuid: Annotated[str, BeforeValidator(_uuid)]
    created_at: Moment | None = None
    updated_at: Moment | None = None
    subject: Annotated[str, Field(max_length=4096)] | None = None
    critical: Annotated[tuple[Label, ...], BeforeValidator(_texts)] = Field(
        default=(), validation_alias=AliasChoices("critical", "must_support")
    )
    parties: Parties = ()
    dialog: Dialogs = ()
    analysis: Analyses = ()
    attachments: Attachments = ()

    @property
    def writes_json_as_text(self) -> bool:
        """Whether its version is one in which a body of encoding `json` is a text to be parsed (before 0.4.0)."""
        return self.vcon is not None and re.match(r"0\.[0-3]\.", self.vcon) is not None


def document_of(value: object, naive_times: str = UTC_NAME) -> Document:
    """A JSON value as a vCon. Raises InvalidRequest, whose errors name each defect by its path in the document."""
    if isinstance(value, Mapping):
        _refuse_sealed(cast(Mapping[str, object], value))
    try:
        document = Document.model_validate(value, context=naive_times)
    except PydanticError as failure:
        raise invalid_request(failure, whole=WHOLE) from None
    defects = [*_unknown_extensions(document), *_missing_dispositions(document), *_dangling(document)]
    if defects:
        raise invalid_fields(defects, whole=WHOLE)
    return document


def defect(location: Sequence[str | int], message: str) -> Mapping[str, Any]:
    """A defect at a place of the document; the message says how to mend it and ends without a full stop."""
    return {"type": "vcon", "loc": tuple(location), "msg": message}


def _refuse_sealed(value: Mapping[str, object]) -> None:
    if "ciphertext" in value:
        raise invalid_fields(
            [defect(["ciphertext"], "This vCon is encrypted. Decrypt it and send the unsigned vCon inside")]
        )
    if "payload" in value and ("signatures" in value or "signature" in value):
        raise invalid_fields(
            [defect(["payload"], "This vCon is signed. Check its signature and send the unsigned vCon in its payload")]
        )


def _unknown_extensions(document: Document) -> Iterator[Mapping[str, Any]]:
    for index, name in enumerate(document.critical):
        if name.lower() not in KNOWN_EXTENSIONS:
            message = f"The extension {name!r} must be understood to read this vCon, and is not known here"
            yield defect(["critical", index], message)


def _missing_dispositions(document: Document) -> Iterator[Mapping[str, Any]]:
    for index, dialog in enumerate(document.dialog):
        if dialog is not None and dialog.type == "incomplete" and not dialog.disposition:
            yield {"type": "missing", "loc": ("dialog", index, "disposition")}


def _dangling(document: Document) -> Iterator[Mapping[str, Any]]:
    counts = {"party": len(document.parties), "dialog": len(document.dialog)}
    for location, kind, indexes in _references(document):
        for index in indexes:
            if index is not None and index >= counts[kind]:
                yield defect(location, f"There is no {kind} {index}: the vCon has {counts[kind]}, counted from 0")


def _references(document: Document) -> Iterator[tuple[Sequence[str | int], str, Sequence[int | None]]]:
    for index, dialog in enumerate(document.dialog):
        if dialog is not None:
            here = ("dialog", index)
            yield (*here, "parties"), "party", dialog.parties
            yield (*here, "originator"), "party", [dialog.originator]
            yield (*here, "transferor"), "party", [dialog.transferor]
            yield (*here, "transferee"), "party", [dialog.transferee]
            yield (*here, "transfer_target"), "party", dialog.transfer_target
            yield (*here, "original"), "dialog", dialog.original
            yield (*here, "consultation"), "dialog", dialog.consultation
            yield (*here, "target_dialog"), "dialog", dialog.target_dialog
            yield (*here, "recordings"), "dialog", dialog.recordings
    for index, analysis in enumerate(document.analysis):
        if analysis is not None:
            yield ("analysis", index, "dialog"), "dialog", analysis.dialog
    for index, attachment in enumerate(document.attachments):
        if attachment is not None:
            yield ("attachments", index, "party"), "party", [attachment.party]
            yield ("attachments", index, "dialog"), "dialog", [attachment.dialog]
