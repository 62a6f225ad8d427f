"""Writes a conversation as a case of the eval suite: valid as it stands, and waiting for what a good handoff says.

Every value is written as JSON, which YAML reads as well; so no text of a customer can be anything but a text.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from app.conversations import Conversation
from app.models import Handoff, HandoffRequest, InteractionDraft

# What YAML does not take as it is, among it line ends of other scripts, which it would fold into spaces; and what turns
# the direction of the text around it.
_UNREADABLE = re.compile(
    "[^\x20-\x7e\xa0-\u200a\u2010-\u2027\u2030-\u205f\u2070-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_LONGEST_ID = 80


def eval_case(conversation: Conversation, request: HandoffRequest, handoff: Handoff) -> tuple[str, str]:
    """The id and the YAML of a case. What the service said of it stands in comments: nobody expects it yet."""
    case_id = re.sub(r"[^a-z0-9]+", "-", conversation.id.lower()).strip("-")[:_LONGEST_ID].strip("-") or "conversation"
    return case_id, "\n".join(_lines(case_id, conversation, request, handoff)) + "\n"


def _lines(case_id: str, conversation: Conversation, request: HandoffRequest, handoff: Handoff) -> Iterator[str]:
    yield f"# Save it as <industry>/{case_id}.yaml in a folder of cases: the industry names the catalogue."
    yield f"id: {_yaml_value(case_id)}"
    yield "split: development"
    yield "language: en"
    yield "traps: [none]"
    yield f"provenance: {_yaml_value('Tried out in the playground.')}"
    yield f"now: {_yaml_value((request.now or conversation.now).isoformat())}"
    yield "interactions:"
    for draft in conversation.drafts:
        yield f"  - {_yaml_value(_fields(draft))}"
    asked = request.model_dump(mode="json", exclude_defaults=True, exclude={"now", "deadline_ms"})
    yield f"ask: {_yaml_value(asked)}"
    yield "# What a good handoff says. Complete it: null means that there is no intent, unknown that nobody can tell."
    yield "expect:"
    yield f"  intent: null  # the service read: {_yaml_value(handoff.brief.intent.name)}"
    yield f"  resolution: unknown  # the service read: {handoff.brief.resolution_status.value}"
    yield "  facts:"
    yield "    must: []  # - {name: order number, any_of: [R-44710]}"
    yield "    must_not: []  # - {name: earlier order, any_of: [R-1], harm: stale}"
    offered = [action.action_id for action in handoff.next_actions.actions] if handoff.next_actions else []
    yield f"  actions: {{right: [], forbidden: []}}  # the service offered: {_yaml_value(offered)}"
    fired = list(dict.fromkeys(signal.type.value for signal in handoff.signals))
    yield f"  signals: {{expected: [], absent: []}}  # the service noticed: {_yaml_value(fired)}"


def _fields(draft: InteractionDraft) -> dict[str, Any]:
    return draft.model_dump(mode="json", exclude_defaults=True)


def _yaml_value(value: object) -> str:
    written = json.dumps(value, ensure_ascii=False)
    return _UNREADABLE.sub(lambda sign: f"\\u{ord(sign.group()):04x}", written)
