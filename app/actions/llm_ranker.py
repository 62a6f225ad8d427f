"""Lets a model order and word the actions that policy left open, and holds it to that.

It can add no action and open none: what it names beside the offered ones is dropped, and what it leaves out follows in
the order of the rules. A script that names a number the case does not hold stays as the catalogue has it. Without an
answer in time, or without a usable one, the decision stays as the rules made it and says why.
"""

import json
import logging
import re
from collections.abc import Mapping, Sequence
from time import perf_counter

from pydantic import BaseModel, ConfigDict, ValidationError

from app.errors import InvalidModelOutput, ModelFailure, ModelTimeout
from app.models import Candidate, Decision, Kind, OfferedAction, Snapshot
from app.patience import within
from app.ports import LanguageModel
from app.privacy import Redactor
from app.prompts import Prompt

_log = logging.getLogger(__name__)

TRUSTED_INPUTS = ("audience", "now", "script_characters")
UNTRUSTED_INPUTS = ("actions", "conversation")
SCRIPT_CHARACTERS = 400
NEWEST_MESSAGES = 16
MESSAGE_CHARACTERS = 600
MOST_TOKENS = 800
# What is left of the deadline for filing the decision and sending it, and the least that a model is asked for.
MARGIN_S = 0.1
LEAST_S = 0.05
_FIGURE = re.compile(r"(?<!\w)[^\W\d]*+\d[\w.,:/-]*+")


class WordedAction(BaseModel):
    """One action in the model's words."""

    model_config = ConfigDict(extra="ignore")

    action_id: str
    script: str = ""


class WordedActions(BaseModel):
    """What a model is asked for."""

    model_config = ConfigDict(extra="ignore")

    actions: tuple[WordedAction, ...]


class ActionWriter:
    """Words decisions with a model and a prompt."""

    def __init__(self, model: LanguageModel, prompt: Prompt, *, hide_contacts: bool = True) -> None:
        """Raises ConfigurationError when the prompt asks for other inputs than there are."""
        prompt.check_inputs(TRUSTED_INPUTS, UNTRUSTED_INPUTS)
        self._model = model
        self._prompt = prompt
        self._hide_contacts = hide_contacts

    async def word(
        self, snapshot: Snapshot, decision: Decision, *, may_order: bool, deadline_ms: int, started: float
    ) -> Decision:
        """The decision with the model's order and scripts, or as it was with a `failure_code`, before the deadline.

        `started` is a reading of `time.perf_counter()`.
        """
        if not decision.actions:
            return decision
        left = deadline_ms / 1000 - (perf_counter() - started) - MARGIN_S
        try:
            worded = await self._asked(snapshot, decision, left)
        except ModelFailure as failure:
            _log.warning("the rules' own decision is given: %s", failure.reported_code)
            return decision.model_copy(update={"failure_code": failure.reported_code})
        scripts = {action.action_id: action.script for action in reversed(worded.actions)}
        spoken_figures = _figures(" ".join(row.text for row in snapshot.conversation))
        actions = [_reworded(action, scripts.get(action.action_id, ""), spoken_figures) for action in decision.actions]
        if not may_order:
            return decision.model_copy(update={"actions": tuple(actions), "engine": "model"})
        order = list(dict.fromkeys(action.action_id for action in worded.actions))
        actions.sort(key=lambda action: order.index(action.action_id) if action.action_id in order else len(order))
        candidates = _first(actions[0].action_id, decision.candidates)
        return decision.model_copy(update={"actions": tuple(actions), "candidates": candidates, "engine": "model"})

    async def _asked(self, snapshot: Snapshot, decision: Decision, left: float) -> WordedActions:
        if left < LEAST_S:
            raise ModelTimeout("The deadline left no time for the model.")
        redactor = Redactor(contacts=self._hide_contacts)
        rendered = self._prompt.render(
            {
                "audience": decision.audience,
                "now": snapshot.now.isoformat(timespec="minutes"),
                "script_characters": SCRIPT_CHARACTERS,
                "actions": redactor.redact("\n".join(map(_line, decision.actions))),
                "conversation": redactor.redact(_conversation(snapshot)),
            }
        )
        schema = WordedActions.model_json_schema()
        asking = self._model.complete(
            rendered.system, rendered.user, schema=schema, timeout_s=left, max_tokens=MOST_TOKENS
        )
        try:
            async with within(left):
                reply = await asking
        except TimeoutError:
            raise ModelTimeout("The model did not answer before the deadline.") from None
        try:
            return WordedActions.model_validate_json(redactor.restore(_object_in(reply.text)))
        except ValidationError:
            raise InvalidModelOutput("The model's answer is not what was asked for.") from None


def _line(action: OfferedAction) -> str:
    shown = {"id": action.action_id, "label": action.label, "why": action.reason, "script": action.script or ""}
    return json.dumps(shown, ensure_ascii=False)


def _conversation(snapshot: Snapshot) -> str:
    messages = [row for row in snapshot.conversation if row.kind is Kind.MESSAGE and row.text.strip()]
    return "\n".join(f"{row.actor.value}: {row.text[:MESSAGE_CHARACTERS]}" for row in messages[-NEWEST_MESSAGES:])


def _object_in(text: str) -> str:
    # Some models put their answer into a fence of code or talk around it.
    start, end = text.find("{"), text.rfind("}")
    return text[start : end + 1] if 0 <= start < end else text


def _reworded(action: OfferedAction, script: str, spoken_figures: set[str]) -> OfferedAction:
    script = " ".join(script.split())
    own = _figures(action.script or "")
    named = _figures(script)
    unaltered = own <= named <= own | spoken_figures | _figures(json.dumps(dict(action.parameters)))
    if not script or len(script) > SCRIPT_CHARACTERS or not unaltered:
        return action
    return action.model_copy(update={"script": script})


def _figures(text: str) -> set[str]:
    return {figure.strip(".,:/-").casefold() for figure in _FIGURE.findall(text)}


def _first(action_id: str, candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    # The log says how probable it was that an action came first; a model's order leaves nothing to chance.
    chosen: Mapping[bool, float] = {True: 1.0, False: 0.0}
    return tuple(
        candidate.model_copy(update={"probability": chosen[candidate.action_id == action_id]})
        for candidate in candidates
    )
