"""Fits the weights of the check of sentences: `python -m evals.fitting --data FILE`.

From dialogues with human summaries it makes true sentences and the same with one fact altered (`evals.alterations`),
reads the features that the service reads, and fits one logistic regression a measure, by Newton's method with an L2
penalty. Where a measure objects is set by the share of true sentences that it may lose, on folds that it was not fitted
on. `--half even` or `odd` uses every second dialogue, so that the other half can be judged by what was fitted.
"""

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.brief.verification.bearers import fit as fits
from app.brief.verification.bearers import names_of, places
from app.brief.verification.measures import WEIGHTS
from app.brief.verification.polarity import assertion_features, denial_features
from app.brief.verification.reading import Talk
from app.brief.verification.roles import role_features
from app.brief.verification.speakers import speakers
from app.conversations import conversation_of
from app.models import Interaction
from evals.alterations import AlterationKind, every
from evals.dialogues import Dialogue, dialogue_of, rows_of

FOLDS = 5
Features = Mapping[str, float]
Floats = NDArray[np.float64]


class Example(NamedTuple):
    """The features of one sentence or clause, whether it is true, and the dialogue it is from."""

    features: Features
    true: bool
    group: int


class Plan(NamedTuple):
    """How one measure is fitted: its penalty, the share of true ones it may lose, and whether turning negates it."""

    penalty: float
    loss: float
    mirrored: bool


PLANS: Mapping[str, Plan] = {
    "denial": Plan(penalty=3.0, loss=0.075, mirrored=False),
    "assertion": Plan(penalty=3.0, loss=0.043, mirrored=False),
    "roles": Plan(penalty=5.0, loss=0.025, mirrored=True),
    "bearers": Plan(penalty=5.0, loss=0.017, mirrored=True),
}


def fit_all(rows: Sequence[tuple[int, Mapping[str, object]]]) -> Mapping[str, object]:
    """The weights of every measure with where it objects, as the service reads them."""
    examples = _gathered(rows)
    return {name: _fitted(examples[name], plan) for name, plan in PLANS.items()}


def _gathered(rows: Sequence[tuple[int, Mapping[str, object]]]) -> Mapping[str, list[Example]]:
    examples: dict[str, list[Example]] = {name: [] for name in PLANS}
    for group, (line, fields) in enumerate(rows):
        # Either speaker may be the customer.
        for roles in ({"1": "customer", "2": "agent"}, {"1": "agent", "2": "customer"}):
            dialogue = dialogue_of(fields, line, roles=roles)
            talk = Talk(_interactions(dialogue))
            named = speakers(talk.interactions)
            for sentence in dialogue.sentences:
                found = role_features(sentence, talk, named)
                if found:
                    examples["roles"].append(Example(found, true=True, group=group))
        dialogue = dialogue_of(fields, line)
        talk = Talk(_interactions(dialogue))
        named = speakers(talk.interactions)
        for sentence in dialogue.sentences:
            _gather_negations(examples, sentence, dialogue, talk, named, group)
            examples["bearers"].extend(_name_examples(sentence, talk, group))
    return examples


def _gather_negations(
    examples: Mapping[str, list[Example]],
    sentence: str,
    dialogue: Dialogue,
    talk: Talk,
    named: Mapping[str, int],
    group: int,
) -> None:
    _add_altered(examples["denial"], sentence, "negation_added", _denials, dialogue, talk, named, group)
    _add_altered(examples["assertion"], sentence, "negation_removed", _assertions, dialogue, talk, named, group)


def _add_altered(
    examples: list[Example],
    sentence: str,
    kind: AlterationKind,
    read: Callable[[str, Talk, Mapping[str, int]], Iterator[tuple[str, Features]]],
    dialogue: Dialogue,
    talk: Talk,
    named: Mapping[str, int],
    group: int,
) -> None:
    """The clauses of a true sentence, and those that an alteration changed in it."""
    own = list(read(sentence, talk, named))
    examples.extend(Example(found, true=True, group=group) for _, found in own)
    known = {clause for clause, _ in own}
    for altered in dict.fromkeys(every(kind, sentence, dialogue.said)):
        changed = ((clause, found) for clause, found in read(altered.text, talk, named) if clause not in known)
        examples.extend(Example(found, true=False, group=group) for _, found in changed)


def _denials(text: str, talk: Talk, named: Mapping[str, int]) -> Iterator[tuple[str, Features]]:
    for denial, found in denial_features(text, talk, named):
        yield f"{denial.place} {' '.join(denial.clause)}", found


def _assertions(text: str, talk: Talk, named: Mapping[str, int]) -> Iterator[tuple[str, Features]]:
    for clause, found in assertion_features(text, talk, named):
        yield " ".join(clause), found


def _name_examples(sentence: str, talk: Talk, group: int) -> Iterator[Example]:
    known, named = names_of(talk), speakers(talk.interactions)
    found = places(sentence, known)
    for place in found:
        own = fits(place, place.name, talk, named)
        for other in sorted(known - {one.name for one in found}):
            theirs = fits(place, other, talk, named)
            difference = {name: own.get(name, 0.0) - theirs.get(name, 0.0) for name in {*own, *theirs}}
            yield Example(difference, true=True, group=group)


def _interactions(dialogue: Dialogue) -> list[Interaction]:
    drafts = conversation_of(dialogue.conversation).drafts
    return [
        Interaction(
            **draft.model_dump(exclude={"identifiers", "occurred_at"}),
            occurred_at=draft.occurred_at or datetime.now(UTC),
            interaction_id=f"int_{seq}",
            seq=seq,
            identity_id="cus",
        )
        for seq, draft in enumerate(drafts, start=1)
    ]


def _fitted(examples: Sequence[Example], plan: Plan) -> Mapping[str, object]:
    names = sorted({name for one in examples for name in one.features})
    table = np.array([[float(one.features.get(name, 0.0)) for name in names] for one in examples])
    true = np.array([one.true for one in examples])
    groups = np.array([one.group for one in examples]) % FOLDS
    unseen = np.zeros(len(examples))
    shares = _shares(examples)
    for fold in range(FOLDS):
        weights = _logistic(table[groups != fold], true[groups != fold], shares[groups != fold], plan)
        unseen[groups == fold] = table[groups == fold] @ weights
    weights = _logistic(table, true, shares, plan)
    least = float(np.quantile(unseen[true], plan.loss))
    return {
        "weights": {name: round(float(one), 3) for name, one in zip(names, weights, strict=True)},
        "least": round(least, 3),
    }


def _shares(examples: Sequence[Example]) -> Floats:
    """How much each example weighs: the true ones together as much as the false."""
    counts = Counter(one.true for one in examples)
    return np.array([len(examples) / 2 / counts[one.true] for one in examples])


def _logistic(table: Floats, true: NDArray[np.bool_], share: Floats, plan: Plan) -> Floats:
    """Weights without an intercept; a mirrored example counts, turned round, as a false one."""
    if plan.mirrored:
        table, true, share = np.vstack([table, -table]), np.concatenate([true, ~true]), np.concatenate([share, share])
    wanted = true.astype(float)
    weights = np.zeros(table.shape[1])
    for _ in range(30):
        chance = 1 / (1 + np.exp(-np.clip(table @ weights, -30, 30)))
        slope = table.T @ (share * (chance - wanted)) + plan.penalty * weights
        curve = (table * (share * chance * (1 - chance))[:, None]).T @ table + plan.penalty * np.eye(len(weights))
        step = np.linalg.solve(curve, slope)
        weights = weights - step
        if np.abs(step).max() < 1e-6:
            break
    return weights


def main() -> None:
    """Fit and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="dialogues with summaries, one JSON object a line")
    parser.add_argument("--half", choices=("even", "odd"), help="only every second dialogue, from the first or second")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    rows = list(rows_of(options.data))
    if options.half:
        rows = rows[options.half == "odd" :: 2]
    fitted = json.dumps(fit_all(rows), indent=1, sort_keys=True)
    options.out.write_text(fitted + "\n", "utf-8")


if __name__ == "__main__":
    main()
