"""Lays passages beside the actions that a decision offers.

What is looked for is the situation, not the customer's last message: the sentences that say what is still wanted, why
the conversation is handed on, the label of the intent, and the steps that came to nothing. A passage is laid beside an
action whose article names it, or names the intent that the action is for. An article that names nothing is laid beside
the action that it shares most words with, and only where it fits well.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from app.knowledge.library import Library
from app.knowledge.search import KnowledgeSearch, RankedPassage, Sought
from app.knowledge.shelf import Shelf, ShelvedPassage
from app.models import Article, KnowledgePassage, Outcome, Reason, Snapshot
from app.nlu.languages import language_of
from app.nlu.steps import steps
from app.nlu.words import terms

MOST_BESIDE = 2
# Where an article names neither action nor intent, so well must a passage answer what was asked. Of 100 questions from
# other domains two find such a passage among 77 articles, seven among 698; of 100 from the same domain, 99 do.
SURE = 0.3
SURE_BY_WORDS = 0.4
RANKED = 20
LOOK_AGAIN_S = 2.0
# A decision is there at once; vectors that are not at hand by then are left out this time.
PATIENCE_S = 0.15
_IN_VAIN = (Outcome.FAILED, Outcome.ABANDONED)


class AdvisedAction(NamedTuple):
    """An action that is offered: its id, the words that say what it is, and the intents that it is for."""

    action_id: str
    words: str
    intents: frozenset[str]


class Situation(NamedTuple):
    """What a decision was made from, as far as articles are looked for by it."""

    asked: Sequence[str]
    intent: str | None = None
    intent_label: str | None = None
    reason: Reason | None = None


class KnowledgeAdviser:
    """Finds what to read beside each action."""

    def __init__(self, library: Library, search: KnowledgeSearch) -> None:
        self._library = library
        self._search = search

    async def beside(
        self, snapshot: Snapshot, situation: Situation, actions: Sequence[AdvisedAction]
    ) -> Mapping[str, Sequence[KnowledgePassage]]:
        """The passages for each action, by action_id, at most two each; nothing at all where there are no articles.

        Articles that were put elsewhere are noticed after two seconds at the latest.
        """
        if not actions:
            return {}
        shelf = await self._library.shelf(snapshot.tenant, look_again_s=LOOK_AGAIN_S)
        if shelf is None:
            return {}
        named = [
            article_id
            for article_id, shelved in shelf.articles.items()
            if any(_names(shelved.article, action, situation.intent) for action in actions)
        ]
        ranking = await self._search.rank(
            snapshot.tenant,
            shelf,
            _sought(snapshot, situation),
            now=snapshot.now,
            limit=RANKED + len(named),
            always=named,
            patience_s=PATIENCE_S,
        )
        sure = SURE if ranking.by_meaning else SURE_BY_WORDS
        return _laid_out(shelf, ranking.passages, actions, situation.intent, sure)


def _sought(snapshot: Snapshot, situation: Situation) -> Sought:
    tried = {step.name.replace("_", " ") for step in steps(snapshot.conversation) if step.outcome in _IN_VAIN}
    detail = situation.reason.detail if situation.reason else None
    words = filter(None, (detail, situation.intent_label, *sorted(tried)))
    return Sought(situation.asked, " \n".join(words), language_of(" ".join(situation.asked)))


def _names(article: Article, action: AdvisedAction, intent: str | None) -> bool:
    of_intent = intent is not None and intent in article.intents and intent in action.intents
    return action.action_id in article.actions or of_intent


def _laid_out(
    shelf: Shelf, ranked: Sequence[RankedPassage], actions: Sequence[AdvisedAction], intent: str | None, sure: float
) -> Mapping[str, Sequence[KnowledgePassage]]:
    beside: dict[str, list[KnowledgePassage]] = {action.action_id: [] for action in actions}
    for each in ranked:
        for action in _fitting(shelf, each.passage, actions, intent, is_sure=each.score >= sure):
            if len(beside[action.action_id]) < MOST_BESIDE:
                beside[action.action_id].append(each.shown())
    return beside


def _fitting(
    shelf: Shelf, passage: ShelvedPassage, actions: Sequence[AdvisedAction], intent: str | None, *, is_sure: bool
) -> Iterator[AdvisedAction]:
    article = passage.article
    by_action = [action for action in actions if action.action_id in article.actions]
    by_intent = [action for action in actions if _names(article, action, intent)]
    if by_action or by_intent:
        # What belongs to an intent is read once, with the best action for it.
        yield from by_action or by_intent[:1]
    elif is_sure and not article.actions and not article.intents:
        words = frozenset(terms(f"{article.title} {passage.passage.text}"))
        yield max(actions, key=lambda action: _share_of_words(shelf, action, words))


def _share_of_words(shelf: Shelf, action: AdvisedAction, words: frozenset[str]) -> float:
    """How much of what an action is called these words bear out, 0..1; a rare word counts for more."""
    own = sorted(frozenset(terms(action.words)))
    most = shelf.words.most(own)
    return shelf.words.most([term for term in own if term in words]) / most if most else 0.0
