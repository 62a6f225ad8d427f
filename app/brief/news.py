"""Brings a brief that was drafted ahead up to date: what came since, in sentences of our own.

What the ledger knows (steps, outcome, mood, history) is taken from the brief of the present; the model's words stay,
but for those of the situation that must make room for the news.
"""

from collections.abc import Sequence

from app.brief.answer import SITUATION_SENTENCES, SITUATION_WORDS
from app.brief.merging import with_claims
from app.brief.wording import quoted
from app.models import Actor, Brief, Claim, Interaction, Kind, Quote

QUOTED_WORDS = 25
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
    news = [claim for claim in (_newest_words(fresh), _steps(fresh)) if claim is not None]
    situation = _making_room(drafted, [claim.text for claim in news])
    known = {(one.type, one.value) for one in drafted.entities}
    lasting = {name: getattr(present, name) for name in _OF_THE_LEDGER}
    lasting["entities"] = (
        *drafted.entities,
        *(one for one in present.entities if (one.type, one.value) not in known),
    )
    brief = drafted.model_copy(update={**lasting, "situation": situation, "claims": ()})
    told = " ".join(filter(None, (brief.headline, brief.contact_reason, brief.customer_expectation, situation)))
    told += " ".join((*(one.text for one in brief.commitments), *brief.custom_sections.values()))
    return with_claims(brief, present, [*(one for one in drafted.claims if one.text in told), *news])


def _newest_words(fresh: Sequence[Interaction]) -> Claim | None:
    """What was said last, by the customer if they said anything."""
    said = [row for row in fresh if row.kind is Kind.MESSAGE and row.text.strip()]
    by_customer = [row for row in said if row.actor is Actor.CUSTOMER]
    if not said:
        return None
    row = (by_customer or said)[-1]
    words = quoted(row.text, QUOTED_WORDS)
    quote = words.strip("“”").rstrip("….")
    found = row.text.lower().find(quote.lower())
    verbatim = row.text[found : found + len(quote)] if found >= 0 else ""
    quotes = (Quote(interaction_id=row.interaction_id, text=verbatim),) if verbatim else ()
    more = len(said) - 1
    others = f", after {more} other message{'s' if more > 1 else ''}" if more else ""
    text = f"Since then the {row.actor.value} wrote {words}{others}."
    return Claim(text=text, evidence=(row.interaction_id,), quotes=quotes, support=1.0)


def _steps(fresh: Sequence[Interaction]) -> Claim | None:
    steps = [row for row in fresh if row.kind is not Kind.MESSAGE]
    if not steps:
        return None
    many = f"{len(steps)} steps were" if len(steps) > 1 else "1 step was"
    evidence = tuple(row.interaction_id for row in steps[-4:])
    return Claim(text=f"Since then {many} recorded.", evidence=evidence, support=1.0)


def _making_room(drafted: Brief, news: Sequence[str]) -> str:
    """The situation and the news, within the length of a situation: the model's last sentences give way."""
    situation = drafted.situation or ""
    told = sorted((one.text for one in drafted.claims if one.text in situation), key=situation.find)
    if " ".join(told) != situation:
        told = [situation] if situation else []
    while told and (
        len(told) + len(news) > SITUATION_SENTENCES
        or sum(len(text.split()) for text in (*told, *news)) > SITUATION_WORDS
    ):
        told.pop()
    return " ".join((*told, *news))
