"""Brings a brief that was drafted ahead up to date: what came since, in sentences of our own.

What the ledger knows (steps, outcome, mood, history) is taken from the brief of the present; the model's words stay,
but for those of the situation that must make room for the news.
"""

from collections.abc import Sequence

from app.briefs.frames import Frames, framed_as, known_frames_of
from app.briefs.linked_conversations import without_secrets
from app.briefs.llm.merge import with_claims
from app.briefs.llm.output import SITUATION_SENTENCES, SITUATION_WORDS
from app.briefs.quoting import quoted, quotes_in
from app.models import Actor, Brief, Claim, Interaction, Kind
from app.nlu.fluency import fluent
from app.nlu.sentences import sentences

QUOTED_WORDS = 25
LONGEST_NEWS = 2_000
_OF_THE_LEDGER = (
    "intent",
    "actions_taken",
    "resolution_status",
    "history",
    "sentiment",
    "suggested_disposition",
)


def brought_up_to_date(drafted: Brief, present: Brief, fresh: Sequence[Interaction]) -> Brief:
    """The drafted brief with what came since, oldest first; `present` is the extractive brief of today's case."""
    present = framed_as(present, drafted)
    frames = known_frames_of(drafted)
    news = [claim for claim in (_newest_words(fresh, frames), _steps(fresh, frames)) if claim is not None]
    situation = _making_room(drafted, [claim.text for claim in news])
    drafted_entities = {(entity.type, entity.value) for entity in drafted.entities}
    lasting = {name: getattr(present, name) for name in _OF_THE_LEDGER}
    lasting["entities"] = (
        *drafted.entities,
        *(entity for entity in present.entities if (entity.type, entity.value) not in drafted_entities),
    )
    brief = drafted.model_copy(update={**lasting, "situation": situation, "claims": ()})
    prose = " ".join(filter(None, (brief.headline, brief.contact_reason, brief.customer_expectation, situation)))
    prose += " ".join((*(promise.text for promise in brief.commitments), *brief.custom_sections.values()))
    return with_claims(brief, present, [*(claim for claim in drafted.claims if claim.text in prose), *news])


def _newest_words(fresh: Sequence[Interaction], frames: Frames | None) -> Claim | None:
    """What was said last, by the customer if they said anything."""
    messages = [row for row in without_secrets(fresh) if row.kind is Kind.MESSAGE and row.text.strip()]
    by_customer = [row for row in messages if row.actor is Actor.CUSTOMER]
    if not messages:
        return None
    row = (by_customer or messages)[-1]
    spoken = sentences(row.text[:LONGEST_NEWS])
    words = quoted(" ".join(map(fluent, spoken) if row.channel.traits.spoken else spoken), QUOTED_WORDS)
    quotes = quotes_in(words, row)
    text = f"{row.occurred_at:%Y-%m-%d %H:%M}: {words}."  # in a language of which no sentence is known
    if frames is not None:
        text = frames.since_then(row.actor, words, others=len(messages) - 1, spoken=row.channel.traits.spoken)
    return Claim(text=text, evidence=(row.interaction_id,), quotes=quotes, support=1.0)


def _steps(fresh: Sequence[Interaction], frames: Frames | None) -> Claim | None:
    steps = [row for row in fresh if row.kind is not Kind.MESSAGE]
    if not steps or frames is None:
        return None  # the steps themselves are listed in any case
    evidence = tuple(row.interaction_id for row in steps[-4:])
    return Claim(text=frames.new_steps(len(steps)), evidence=evidence, support=1.0)


def _making_room(drafted: Brief, news: Sequence[str]) -> str:
    """The situation and the news, within the length of a situation: the model's last sentences give way."""
    situation = drafted.situation or ""
    sentences = sorted((claim.text for claim in drafted.claims if claim.text in situation), key=situation.find)
    if " ".join(sentences) != situation:
        sentences = [situation] if situation else []
    while sentences and (
        len(sentences) + len(news) > SITUATION_SENTENCES
        or sum(len(text.split()) for text in (*sentences, *news)) > SITUATION_WORDS
    ):
        sentences.pop()
    return " ".join((*sentences, *news))
