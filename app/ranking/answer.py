"""The form of a ranking as a model gives it, and what of it may be shown.

A reason is shown only where it quotes words that stand in the lines it cites. A script keeps the figures of the
catalogue's own and adds none that the case does not hold. A parameter's value stands in the line it is read from.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import cast

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from app.actions import OpenAction, parameter_value, worded
from app.briefs.llm.claims import line_cited, quotes_of
from app.briefs.llm.output import Citation, strict_schema
from app.briefs.llm.quotes import standing
from app.briefs.llm.screening import Screen, asks_for_secret
from app.errors import InvalidModelOutput
from app.models import OfferedAction, Statement, Transcript

MOST_EVIDENCE = 12
REASON_WORDS = 30
SCRIPT_CHARACTERS = 400
_LONGEST_REASON = 400
"""A model that runs on a little is no reason to throw a good sentence away."""
_QUESTION = re.compile("[?？؟]")
_FIGURE = re.compile(r"(?<!\w)[^\W\d]*+\d[\w.,:/-]*+")


class _ChoicePart(BaseModel):
    """Read leniently: a model without a schema mode leaves fields out and adds its own."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class ReadParameter(_ChoicePart):
    """A parameter's value, and the short id of the line that it stands in."""

    name: str
    value: str
    id: str


class RankedChoice(_ChoicePart):
    """One action in the model's order and words."""

    action_id: str
    reason: str = ""
    evidence: tuple[Citation, ...] = Field(default=(), max_length=24)
    parameters: tuple[ReadParameter, ...] = Field(default=(), max_length=100)
    script: str | None = None


class RankedActions(_ChoicePart):
    """What a model is asked for: actions, the best first."""

    actions: tuple[RankedChoice, ...] = Field(max_length=500)


def answer_schema() -> Mapping[str, object]:
    """The JSON schema that a model is given."""
    return cast(Mapping[str, object], strict_schema(RankedActions))


def parse(text: str) -> tuple[RankedChoice, ...]:
    """The model's actions. Raises InvalidModelOutput when it is not JSON, or of another schema."""
    # Some models put their answer into a fence of code or talk around it.
    start, end = text.find("{"), text.rfind("}")
    try:
        return RankedActions.model_validate_json(text[start : end + 1] if 0 <= start < end else text).actions
    except ValidationError:
        raise InvalidModelOutput("The model answered with something that is no ranking.") from None


class AnswerCheck:
    """Holds a model's words about open actions against the lines that it was shown."""

    def __init__(self, screen: Screen, actions: Sequence[OpenAction]) -> None:
        self._screen = screen
        self._actions = {open_action.action.id: open_action for open_action in actions}
        self._spoken = _figures(" ".join(line.text for line in screen.lines.values()))

    @property
    def transcript(self) -> Transcript:
        """The lines that were shown, without what in them addresses a machine."""
        return Transcript(interactions=tuple(self._screen.lines.values()))

    def is_open(self, ranked: RankedChoice) -> bool:
        """Whether policy left the action open."""
        return ranked.action_id in self._actions

    def statement(self, ranked: RankedChoice) -> Statement | None:
        """The reason with what bears it out, for the rules to judge; None where it may not be shown at all."""
        text = " ".join(ranked.reason.split())
        quotes = quotes_of(ranked.evidence, self._screen.lines)
        if not text or len(text) > _LONGEST_REASON or not quotes or self._screen.objection(text):
            return None
        evidence = tuple(dict.fromkeys(quote.interaction_id for quote in quotes))
        if self._screen.doubt(text, evidence, quotes):
            return None
        return Statement(text=text, evidence=evidence, quotes=quotes)

    def offer(self, ranked: RankedChoice, reason: Statement | None) -> OfferedAction:
        """The action as it is offered: in the model's words as far as these may be shown, else in the rules' own."""
        open_action = self._actions[ranked.action_id]
        own = open_action.offer
        read = self._parameters(ranked, open_action)
        parameters: dict[str, JsonValue] = {**own.parameters, **{name: value for name, (value, _) in read.items()}}
        evidence = [
            *((*reason.evidence, *open_action.sources) if reason else own.evidence),
            *(source for _, source in read.values()),
        ]
        return own.model_copy(
            update={
                "reason": reason.text if reason else own.reason,
                "evidence": tuple(dict.fromkeys(evidence))[:MOST_EVIDENCE],
                "parameters": parameters,
                "missing": tuple(name for name in own.missing if name not in parameters),
                "script": self._script(ranked.script, open_action, parameters),
            }
        )

    def _parameters(self, ranked: RankedChoice, open_action: OpenAction) -> Mapping[str, tuple[JsonValue, str]]:
        """The missing parameters that the model read, each with the interaction that it stands in."""
        read: dict[str, tuple[JsonValue, str]] = {}
        missing = {parameter.name: parameter for parameter in open_action.action.parameters}
        for named in ranked.parameters:
            parameter = missing.get(named.name)
            line = line_cited(Citation(id=named.id), self._screen.lines)
            if parameter is None or line is None or named.name in open_action.offer.parameters:
                continue
            words = standing(named.value, line)
            value = parameter_value(parameter, words) if words else None
            if value is not None:
                read[named.name] = (value, line.interaction_id)
        return read

    def _script(self, script: str | None, open_action: OpenAction, parameters: Mapping[str, JsonValue]) -> str | None:
        text = " ".join((script or "").split())
        asks = open_action.asks and not parameters.keys() >= set(open_action.missing)
        own = open_action.offer.script if asks else worded(open_action.action.script, parameters)
        if not text or own is None or len(text) > SCRIPT_CHARACTERS:
            return own
        # What is asked for first may be asked in other words, but nothing may be said to be done before.
        if asks and not _QUESTION.search(text):
            return own
        own_figures, named = _figures(own), _figures(text)
        is_unaltered = own_figures <= named <= own_figures | self._spoken | _figures(json.dumps(parameters))
        if not is_unaltered or asks_for_secret(text) or self._screen.objection(text):
            return own
        return text


def _figures(text: str) -> set[str]:
    return {figure.strip(".,:/-").casefold() for figure in _FIGURE.findall(text)}
