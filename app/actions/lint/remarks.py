"""What the rules of the linter have in common: a remark on one place of a catalogue, and words about its actions."""

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from app.actions.catalogue import Catalogue, CatalogueAction, Rule
from app.models import FindingSeverity
from app.nlu.words import stem

PathInFile = tuple[str | int, ...]
POLICY_LISTS = ("eligibility", "applicability", "suitability")
_WORD = re.compile(r"[a-z]+")
# What an action does that cannot simply be undone, or that is done with somebody's money.
_GRAVE = frozenset(
    "cancel terminate close delete remove end refund reverse credit charge pay repay reimburse compensate bill take"
    " book rebook reserve order change modify transfer withdraw waive issue recall return exchange replace resend ship"
    " block suspend move relocate port downgrade upgrade switch update send".split()
)
# Of these the first word alone says too little: what they are about decides.
_LIGHT = frozenset({"send", "resend", "issue", "update", "take", "end", "return", "order", "move", "bill"})
_GRAVE_THINGS = frozenset(
    "refund payment charge credit compensation certificate voucher booking reservation order contract subscription"
    " account address details replacement item money fee transfer debit instalment instalments contact".split()
)
_BEGINNING = frozenset("request file make arrange process create start raise apply".split())
_TO_A_PERSON = frozenset("person agent agents human colleague adviser advisor supervisor specialist desk staff".split())


class Remark(NamedTuple):
    """Something to say about one place of a catalogue; see CatalogueFinding for what the parts mean."""

    severity: FindingSeverity
    code: str
    path: PathInFile
    what: str
    mend: str


class LocatedAction(NamedTuple):
    """An action with the path at which it stands."""

    action: CatalogueAction
    path: PathInFile


class LocatedRule(NamedTuple):
    """A rule of a policy with the path at which it stands."""

    rule: Rule
    path: PathInFile


def located(catalogue: Catalogue) -> Iterator[LocatedAction]:
    """All actions with their paths."""
    for index, action in enumerate(catalogue.actions):
        yield LocatedAction(action, ("actions", index))


def rules_of(entry: LocatedAction) -> list[LocatedRule]:
    """All rules of an action's policy with their paths."""
    return [
        LocatedRule(rule, (*entry.path, "policy", part, index))
        for part in POLICY_LISTS
        for index, rule in enumerate(getattr(entry.action.policy, part))
    ]


def words_of_id(name: str) -> list[str]:
    """The words that an id is made of."""
    return _WORD.findall(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())


def hands_over(action: CatalogueAction) -> bool:
    """Whether an action only brings in a person."""
    words = {word for name in (action.id, *action.aliases) for word in words_of_id(name)}
    return bool(words & _TO_A_PERSON) or "handoff" in words or "escalate" in words


def writes(action: CatalogueAction) -> bool:
    """Whether an action changes something of the customer's, by the words of its id and label."""
    if hands_over(action):
        return False
    words = words_of_id(action.id)
    labelled = _WORD.findall(action.label.lower())
    return any(_is_grave(own) for own in (words, labelled) if own)


def _is_grave(words: list[str]) -> bool:
    first, rest = words[0], set(words[1:])
    if first in _BEGINNING or first in _LIGHT:
        return bool(rest & _GRAVE_THINGS)
    return first in _GRAVE


def moves_money(action: CatalogueAction) -> bool:
    """Whether an action pays, takes or gives back money."""
    stems = {"refund", "revers", "credit", "charg", "pay", "payment", "reimburs", "compens", "fee"}
    own = set(map(stem, words_of_id(action.id)))
    return writes(action) and bool(own & stems)


def asks_first(action: CatalogueAction) -> bool:
    """Whether the script asks the customer something, so that the step waits for an answer."""
    return "?" in (action.script or "")


def listed(names: Collection[str], most: int = 5) -> str:
    """Some names in words."""
    shown = list(names)[:most]
    return ", ".join(shown) + (" …" if len(names) > most else "")
