"""Who takes part in what a model is shown, and what the ledger knows of what was done and refused there."""

import json
from collections.abc import Iterable, Mapping, Sequence

from app.briefs.reading import utterances
from app.models import ActionTaken, Actor, Interaction
from app.nlu import Act
from app.nlu.sentences import shorten
from app.privacy import Redactor

MOST_PARTICIPANTS = 12
MOST_REFUSALS = 4
_MOST_CHARACTERS = 320
_STEP_WORDS = 30


def speaker(interaction: Interaction) -> str:
    """Who acted: the part, and the name in quotation marks where one is known."""
    name = interaction.participant.name if interaction.participant else None
    return f"{interaction.actor.value} {_written(name)}" if name else interaction.actor.value


def participants(sent: Iterable[Interaction]) -> str:
    """A line for each who takes part: part, name, the platform's id and the channels; the first dozen."""
    channels: dict[tuple[Actor, str | None, str | None], dict[str, None]] = {}
    for interaction in sent:
        who = interaction.participant
        seat = channels.setdefault((interaction.actor, who.name if who else None, who.id if who else None), {})
        seat[interaction.channel.value] = None
    lines = [
        ", ".join(
            (
                f"{actor.value}: {_written(name) if name else 'no name on record'}",
                *((f"id {_written(number)}",) if number else ()),
                f"on {', '.join(seen)}",
            )
        )
        for (actor, name, number), seen in channels.items()
    ]
    return "\n".join(lines[:MOST_PARTICIPANTS])


def steps_on_record(steps: Sequence[ActionTaken], sent: Mapping[str, Interaction], redactor: Redactor) -> str:
    """A line for each step with its outcome and the lines it stands in, and for the last things that were refused."""
    aliases = {interaction.interaction_id: alias for alias, interaction in sent.items()}
    lines: list[str] = []
    for step in steps:
        own = [aliases[interaction_id] for interaction_id in step.evidence if interaction_id in aliases]
        if own:
            words = _written(redactor.redact(shorten(step.step, _STEP_WORDS)))
            lines.append(f"{', '.join(own)} | {step.actor.value} | {words} | {step.outcome.value}")
    staff = [interaction for interaction in sent.values() if interaction.actor in (Actor.BOT, Actor.AGENT)]
    refused = [utterance for utterance in utterances(staff) if utterance.act is Act.REFUSAL and not utterance.pasted]
    lines += [
        f"{aliases[utterance.interaction.interaction_id]} | {utterance.interaction.actor.value} | "
        f"{_written(shorten(utterance.text, _STEP_WORDS))} | refused"
        for utterance in refused[-MOST_REFUSALS:]
    ]
    return "\n".join(lines)


def _written(text: str) -> str:
    """A text on one line and in quotation marks that it cannot close."""
    short = text if len(text) <= _MOST_CHARACTERS else text[:_MOST_CHARACTERS] + "…"
    return " ".join(json.dumps(short, ensure_ascii=False).splitlines())
