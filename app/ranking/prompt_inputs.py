"""Packs a case and its open actions into what a model is sent: redacted, fenced and within budgets of tokens."""

import json
from collections.abc import Mapping
from itertools import chain
from typing import Any, NamedTuple

from app.actions import ANY_INTENT, OpenAction, OpenCase
from app.briefs.llm.prompt_inputs import number_lines, ranked_lines, readable
from app.models import Brief, Interaction
from app.privacy import Redactor
from app.prompts import Input, fit
from app.ranking.answer import REASON_WORDS, SCRIPT_CHARACTERS

TRUSTED_INPUTS = ("audience", "now", "limit", "reason_words", "script_characters")
UNTRUSTED_INPUTS = ("actions", "held_back", "policy", "brief", "facts", "conversation")
CONVERSATION_TOKENS = 5000
ACTION_TOKENS = 6000
FACT_TOKENS = 1500
MOST_HELD_BACK = 12
MOST_FITS = 8
FITS_WELL = 0.5
_NOTHING = "none"
_FACT_CHARACTERS = 600


class PackedRanking(NamedTuple):
    """What the prompt is filled with, and the interactions in it by the short ids that they are cited by."""

    inputs: Mapping[str, Input]
    shown: Mapping[str, Interaction]


def pack_ranking(case: OpenCase, redactor: Redactor) -> PackedRanking:
    """The prompt's inputs for a case. What does not fit a budget is left out, the least likely first."""
    at_hand = frozenset(row.interaction_id for row in case.snapshot.conversation)
    rows = ranked_lines(case.snapshot)
    numbered = number_lines(
        rows, case.snapshot.interactions, redactor, named=True, last=at_hand, budget=CONVERSATION_TOKENS
    )
    actions = (_action(case, item) for item in case.actions)
    inputs: dict[str, Input] = {
        "audience": case.audience,
        "now": case.snapshot.now.isoformat(timespec="minutes"),
        "limit": min(case.limit, len(case.actions)),
        "reason_words": REASON_WORDS,
        "script_characters": SCRIPT_CHARACTERS,
        "actions": redactor.redact("\n".join(fit(actions, ACTION_TOKENS, text=str))),
        "held_back": redactor.redact(_held_back(case)),
        "policy": case.catalogue.policy_text or _NOTHING,
        "brief": redactor.redact(_brief(case.brief)),
        "facts": redactor.redact(_facts(case)),
        "conversation": numbered.lines(),
    }
    return PackedRanking(inputs, readable(numbered.sent, redactor))


def _action(case: OpenCase, item: OpenAction) -> str:
    action = item.action
    shown: dict[str, object] = {
        "id": action.id,
        "label": action.label,
        "what it does": action.description,
        "for": [case.catalogue.intent_label(name) for name in _best(action.intents) if name != ANY_INTENT],
        "instead of": [_label(case, name) for name in _best(action.instead_of)],
        "after": list(action.after),
        "a person approves": action.requires_approval,
        "known": dict(item.offer.parameters),
        "missing": list(item.missing),
        "script": item.offer.script,
    }
    return _line({name: value for name, value in shown.items() if value})


def _best(fits: Mapping[str, float]) -> list[str]:
    """What an action fits well, the best first: what it faintly fits too would only blur what it is for."""
    fitting = sorted((name for name, fit in fits.items() if fit >= FITS_WELL), key=lambda name: -fits[name])
    return fitting[:MOST_FITS]


def _label(case: OpenCase, action_id: str) -> str:
    action = case.catalogue.action(action_id)
    return action.label if action else action_id


def _held_back(case: OpenCase) -> str:
    lines = (
        f"{suppressed.action_id} | {suppressed.reason.value} | {' '.join(suppressed.detail.split())}"
        for suppressed in case.suppressed[:MOST_HELD_BACK]
    )
    return "\n".join(lines) or _NOTHING


def _brief(brief: Brief | None) -> str:
    if brief is None:
        return _NOTHING
    lines = {
        "reason": brief.contact_reason,
        "wanted now": brief.customer_expectation,
        "stands": brief.resolution_status.value,
        "promised": "; ".join(f"{promise.by.value}: {promise.text}" for promise in brief.commitments),
        "tried": "; ".join(f"{step.step}: {step.outcome.value}" for step in brief.actions_taken),
    }
    return "\n".join(f"{name}: {' '.join(text.split())}" for name, text in lines.items() if text) or _NOTHING


def _facts(case: OpenCase) -> str:
    """What the tools told of the current records, and what came with the request, one fact a line."""
    of_request = ((f"request.{name}", value) for name, value in case.context.items())
    facts = chain(of_request, case.facts.tree.items())
    lines = (f"{name}: {_line(value)[:_FACT_CHARACTERS]}" for name, value in facts)
    return "\n".join(fit(lines, FACT_TOKENS, text=str)) or _NOTHING


def _line(value: Any) -> str:
    """As JSON on one line, whatever it holds."""
    return " ".join(json.dumps(value, ensure_ascii=False, default=str).splitlines())
