"""The one JSON object that a model is asked for, with the lengths it must keep.

A prompt names the form of its answer: `ModelBrief` cites lines by their ids, `QuotedBrief` quotes beside each id the
words that count. Both are read into one `Answer`, whichever form the model kept to.
"""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from app.errors import InvalidModelOutput

HEADLINE_CHARACTERS = 120
SITUATION_SENTENCES = 4
SITUATION_WORDS = 80
OPENING_WORDS = 40
LIMITS = {
    "headline_characters": HEADLINE_CHARACTERS,
    "situation_sentences": SITUATION_SENTENCES,
    "situation_words": SITUATION_WORDS,
    "opening_words": OPENING_WORDS,
}
"""The numbers a prompt states, under the names it knows them by."""


_ANNOTATIONS = ("default", "title", "description")  # they hold nothing to, and each costs tokens
# The schema asks for less than is accepted: a model that cannot be held to it may run on a little.
_Sentence = Annotated[str, Field(min_length=1, max_length=400, json_schema_extra={"maxLength": 200})]
_Name = Annotated[str, Field(min_length=1, max_length=80, json_schema_extra={"maxLength": 40})]
_ShortId = Annotated[str, Field(max_length=200, json_schema_extra={"maxLength": 5})]
_Words = Annotated[str, Field(max_length=1000, json_schema_extra={"maxLength": 200})]


class _AnswerPart(BaseModel):
    """Read leniently: a model without a schema mode leaves fields out and adds its own."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Citation(_AnswerPart):
    """A line that bears a sentence out, by its short id, and the words of it that do, where the form asks for them."""

    id: _ShortId
    quote: _Words | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_an_id_alone(cls, value: Any) -> Any:
        return {"id": value} if isinstance(value, str) else value


Citations = Annotated[tuple[Citation, ...], Field(max_length=24, json_schema_extra={"maxItems": 4})]


class Told(_AnswerPart):
    """A sentence with the lines that bear it out."""

    text: _Sentence
    evidence: Citations = ()


class Promised(Told):
    """Something somebody promised."""

    by: Literal["customer", "bot", "agent", "system"]
    due: _Name | None = None


class Named(_AnswerPart):
    """A number, an amount, a date, a product or a code."""

    type: _Name
    value: _Name
    evidence: Citations = ()


class Section(_AnswerPart):
    """A custom section."""

    name: _Name
    statements: tuple[Told, ...] = Field((), max_length=6, json_schema_extra={"maxItems": 3})


class Answer(_AnswerPart):
    """What the model wrote. A situation it must have; whatever else it leaves out is not replaced."""

    headline: Told | None = None
    contact_reason: Told | None = None
    situation: tuple[Told, ...] = Field(min_length=1, max_length=8, json_schema_extra={"maxItems": SITUATION_SENTENCES})
    customer_expectation: Told | None = None
    commitments: tuple[Promised, ...] = Field((), max_length=6, json_schema_extra={"maxItems": 2})
    open_questions: tuple[Told, ...] = Field((), max_length=6, json_schema_extra={"maxItems": 2})
    entities: tuple[Named, ...] = Field((), max_length=24, json_schema_extra={"maxItems": 6})
    suggested_opening: _Sentence | None = None
    custom_sections: tuple[Section, ...] = Field((), max_length=8)


FORMS = ("ModelBrief", "QuotedBrief")
"""The forms of an answer that a prompt may name as its `output`."""


@cache
def answer_schema(form: str, sections: int) -> Mapping[str, Any]:
    """The JSON schema of an answer in this form, with so many custom sections; every field is required, as strict
    modes want it.
    """
    schema = cast(dict[str, Any], strict_schema(Answer))
    schema["properties"]["custom_sections"]["maxItems"] = sections
    return cast(Mapping[str, Any], with_citations(schema, form))


def with_citations(schema: object, form: str) -> object:
    """A schema whose citations are ids alone, or ids with the words, as this form has them."""
    definitions = cast(dict[str, Any], cast(dict[str, Any], schema)["$defs"])
    citation = cast(dict[str, Any], definitions.pop("Citation"))
    ids: dict[str, Any] = {"maxLength": 5, "type": "string"}
    quote: dict[str, Any] = {"maxLength": 200, "minLength": 1, "type": "string"}
    quoted = citation | {"properties": {"id": ids, "quote": quote}}
    return _with_citations(schema, quoted if form == "QuotedBrief" else ids)


def parse(text: str) -> Answer:
    """The model's answer. Raises InvalidModelOutput when it is not JSON, or of another schema."""
    try:
        return Answer.model_validate_json(text)
    except ValidationError as failure:
        raise InvalidModelOutput("The model answered with something that is not a brief.") from failure


def strict_schema(model: type[BaseModel]) -> object:
    """The JSON schema of a record as strict modes want it: every field required, none added, and no annotations."""
    return _strict(model.model_json_schema())


def _with_citations(schema: object, citation: Mapping[str, Any]) -> object:
    if isinstance(schema, list):
        return [_with_citations(subschema, citation) for subschema in cast(list[object], schema)]
    if not isinstance(schema, dict):
        return schema
    if cast(dict[str, object], schema).get("$ref") == "#/$defs/Citation":
        return citation
    return {key: _with_citations(value, citation) for key, value in cast(dict[str, object], schema).items()}


def _strict(schema: object) -> object:
    if isinstance(schema, list):
        return [_strict(subschema) for subschema in cast(list[object], schema)]
    if not isinstance(schema, dict):
        return schema
    strict = {key: _strict(value) for key, value in cast(dict[str, object], schema).items() if key not in _ANNOTATIONS}
    if "properties" in strict:
        strict |= {"required": list(cast(dict[str, object], strict["properties"])), "additionalProperties": False}
    return strict
