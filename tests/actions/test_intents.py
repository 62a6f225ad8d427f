"""Learning intents from few examples: the classifier on vectors made by hand, and the learner on real sentences."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from app.actions import parse_catalogue
from app.actions.intents import IntentClassifier, IntentLearner, IntentReader
from app.actions.intents.classifier import spread_out, words_of
from app.actions.intents.regression import SoftmaxRegression
from app.actions.intents.spoken import with_digits
from app.adapters.embeddings import MiniLM
from app.briefs import read_case, wants
from app.models import Interaction
from app.ports import Vectors
from tests.support.builders import interaction, snapshot

# More than is left of a wish that was taken back, less than any that stands.
WITHDRAWN = 0.15
EXAMPLES = {
    "renew_loan": ["I want to renew my book", "Can I keep it for two more weeks?", "Please extend my loan"],
    "find_book": ["Do you have this novel?", "I am looking for a book on gardening", "Which shelf is it on?"],
    "late_fee": ["Why do I have to pay a fine?", "There is a fee on my card", "I paid the late fee already"],
    "opening_hours": ["When do you open?", "Are you open on Sunday?", "How late can I come by?"],
}


def at(*degrees: float) -> Vectors:
    """Unit vectors in a plane, by their angle."""
    angles = np.radians(np.array(degrees, np.float32))
    return np.stack([np.cos(angles), np.sin(angles), np.zeros_like(angles)], axis=1).astype(np.float32)


def between(first: int, last: int) -> Vectors:
    """Three degrees apart."""
    return at(*range(first, last, 3))


def classifier(traffic: Vectors | None = None) -> IntentClassifier:
    owners = np.array([0, 0, 1, 1])
    return IntentClassifier(("left", "right"), at(98, 100, 0, 2), owners, at(99, 1), traffic)


@pytest.fixture(scope="module")
def learner() -> IntentLearner:
    return IntentLearner(MiniLM())


async def intent_names(learner: IntentLearner, made: IntentClassifier, texts: Sequence[str]) -> list[str | None]:
    likelihoods = made.likelihoods(await learner.embed(texts))
    best = likelihoods.shares.argmax(axis=1)
    return [made.names[index] if named else None for index, named in zip(best, likelihoods.named, strict=True)]


def test_regression_separates_classes_and_its_shares_sum_to_one() -> None:
    rows = at(0, 5, 120, 125, 240, 245)
    targets = np.eye(3, dtype=np.float32)[[0, 0, 1, 1, 2, 2]]

    shares = SoftmaxRegression(rows, targets).probabilities(at(3, 118, 250))

    assert shares.argmax(axis=1).tolist() == [0, 1, 2]
    assert shares.sum(axis=1) == pytest.approx([1.0, 1.0, 1.0], abs=1e-5)


def test_regression_follows_targets_that_are_unsure() -> None:
    rows = np.repeat(at(0, 90), 200, axis=0)
    targets = np.repeat(np.array([[0.7, 0.3], [0.1, 0.9]], np.float32), 200, axis=0)

    shares = SoftmaxRegression(rows, targets).probabilities(at(0, 90))

    assert shares[:, 0] == pytest.approx([0.7, 0.1], abs=0.02)


def test_unlabelled_traffic_carries_an_intent_along_to_what_no_example_is_near() -> None:
    # At 60 degrees the examples of "left" are nearer, but a stretch of messages leads there from "right".
    traffic = np.vstack([between(0, 64), between(90, 100)])

    alone = classifier().likelihoods(at(60)).shares
    taught = classifier(traffic).likelihoods(at(60)).shares

    assert taught[0, 1] > 1.5 * alone[0, 1]


def test_the_same_examples_make_the_same_classifier() -> None:
    traffic = np.vstack([between(0, 64), between(90, 100)])

    first, second = (classifier(traffic).likelihoods(at(10, 50, 90)) for _ in range(2))

    assert np.array_equal(first.confidences, second.confidences)


def test_more_traffic_than_is_used_is_taken_from_all_over_it() -> None:
    rows = np.arange(10, dtype=np.float32)[:, None]

    assert spread_out(rows, 4)[:, 0].tolist() == [0, 3, 6, 9]
    assert spread_out(rows, 10) is rows


def test_what_is_like_no_example_is_not_named_but_still_has_a_likeliest_intent() -> None:
    elsewhere = np.array([[0.0, 0.0, 1.0]], np.float32)

    likelihoods = classifier().likelihoods(np.vstack([at(1), elsewhere]))

    assert likelihoods.named.tolist() == [True, False]
    assert likelihoods.shares.sum(axis=1) == pytest.approx([1.0, 1.0], abs=1e-5)
    assert likelihoods.confidences.sum(axis=1)[1] < 0.01


def test_a_classifier_of_no_intent_names_nothing() -> None:
    none = np.zeros((0, 3), np.float32)

    likelihoods = IntentClassifier((), none, np.zeros(0, np.int64), none).likelihoods(at(10, 20))

    assert likelihoods.shares.shape == (2, 0)
    assert likelihoods.named.tolist() == [False, False]


def test_one_intent_of_one_example_is_told_from_nothing() -> None:
    likelihoods = IntentClassifier(("only",), at(0), np.array([0]), at(5)).likelihoods(at(2, 180))

    assert likelihoods.named.tolist() == [True, False]


def test_confidence_is_lower_where_the_examples_of_two_intents_lie_mixed() -> None:
    owners = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    mixed = IntentClassifier(("a", "b"), at(0, 8, 16, 24, 4, 12, 20, 28), owners, at(12, 16))
    apart = IntentClassifier(("a", "b"), at(0, 2, 4, 6, 90, 92, 94, 96), owners, at(3, 93))

    assert mixed.likelihoods(at(2)).confidences.max() < 0.7 < apart.likelihoods(at(2)).confidences.max()


@pytest.mark.parametrize(
    ("name", "words"),
    [("late_delivery", "late delivery"), ("LateDelivery", "late delivery"), ("late-2", "late 2"), ("?", "?")],
)
def test_the_words_of_a_name_are_found_however_it_is_written(name: str, words: str) -> None:
    assert words_of(name) == words


async def test_questions_in_other_words_are_told_and_other_matters_are_left_alone(learner: IntentLearner) -> None:
    made = await learner.learn(EXAMPLES)

    assert await intent_names(
        learner,
        made,
        [
            "Could my loan be prolonged?",
            "Where would I find novels by that author?",
            "What is this overdue charge for?",
            "Is the library open on holidays?",
            "My bicycle has a flat tyre",
        ],
    ) == ["renew_loan", "find_book", "late_fee", "opening_hours", None]


async def test_an_intent_is_known_by_its_label_too(learner: IntentLearner) -> None:
    question = ["I would like to work here as a volunteer"]
    examples = {**EXAMPLES, "x1": ["Do you take people on?"]}

    without = (await learner.learn(examples)).likelihoods(await learner.embed(question))
    labelled = await learner.learn(examples, labels={"x1": "Work as a volunteer"})

    index = labelled.names.index("x1")
    assert labelled.likelihoods(await learner.embed(question)).shares[0, index] > without.shares[0, index]


@pytest.mark.parametrize(
    ("spoken", "typed"),
    [
        ("my card ending in four four seven one", "my card ending in 4471"),
        ("loan double seven three please", "loan 773 please"),
        ("the book is one two uh three four", "the book is 1234"),
        ("die Nummer ist null drei eins sieben vier", "die Nummer ist 03174"),
        ("the fee was sixty five euros", "the fee was 65 euros"),
        ("the one that I want", "the one that I want"),
        ("between eleven and twenty", "between 11 and 20"),
        ("order 4471 and 22", "order 4471 and 22"),
    ],
)
async def test_a_number_in_words_reads_like_its_digits(learner: IntentLearner, spoken: str, typed: str) -> None:
    assert with_digits(spoken) == typed
    assert np.array_equal(*await learner.embed([spoken, typed]))


def test_with_traffic_what_the_examples_do_not_know_fits_less_than_what_they_know() -> None:
    taught = classifier(np.vstack([between(0, 64), between(90, 100)]))

    fits = taught.likelihoods(np.vstack([at(99, 1), np.array([[0.0, 0.0, 1.0]], np.float32)])).fits

    assert fits[2] < fits[:2].min() / 2


async def test_a_reader_that_has_learnt_from_traffic_reads_by_it(learner: IntentLearner) -> None:
    catalogue = parse_catalogue(
        {
            "name": "library",
            "intents": [{"name": name, "label": words_of(name), "examples": own} for name, own in EXAMPLES.items()],
            "actions": [{"id": "renew", "label": "Renew", "intents": ["renew_loan"]}],
        }
    )
    case = snapshot([interaction(1, "Something about my card and the book, please?")])
    reader = IntentReader(catalogue, MiniLM())

    before = (await reader.read(wants(read_case(case)))).intent
    await reader.learn_from(
        await learner.embed([f"There is something about my card {count}" for count in range(2, 40)])
    )
    after = (await reader.read(wants(read_case(case)))).intent

    shares = [
        {candidate.name: candidate.confidence for candidate in (intent, *intent.alternatives)}
        for intent in (before, after)
    ]
    assert shares[0]["late_fee"] != shares[1]["late_fee"]


def wants_of(rows: Sequence[Interaction]) -> Mapping[str, float]:
    """What tells of the customer's wants, each text with its greatest weight."""
    weights: dict[str, float] = {}
    for want in wants(read_case(snapshot(rows))):
        weights[want.text] = max(want.weight, weights.get(want.text, 0.0))
    return weights


def test_however_long_a_case_is_only_the_most_telling_texts_are_compared() -> None:
    rows = [interaction(seq, f"Please order book number {seq} for me") for seq in range(1, 60)]
    weights = wants_of(rows)
    assert 0 < len(weights) <= 16
    assert rows[-1].text in weights


@pytest.mark.parametrize(
    "taken_back",
    [
        "I think I'll hold off on that for now.",
        "Never mind then.",
        "I would rather keep my loan as it is.",
        "I'm not going to make any changes.",
    ],
)
def test_a_wish_that_is_taken_back_counts_for_little(taken_back: str) -> None:
    rows = [interaction(1, "Please extend my loan of the atlas"), interaction(2, taken_back)]
    assert wants_of(rows).get(rows[0].text, 0.0) <= WITHDRAWN


@pytest.mark.parametrize("text", ["The app will not proceed.", "The colour was my husband's idea, that is why."])
def test_a_reason_or_a_fault_takes_no_wish_back(text: str) -> None:
    rows = [interaction(1, "Please extend my loan of the atlas"), interaction(2, text)]
    assert wants_of(rows)[rows[0].text] > WITHDRAWN


def test_a_wish_uttered_after_another_was_taken_back_stands() -> None:
    messages = ["Please extend my loan of the atlas", "Never mind that.", "Please order the new edition"]
    weights = wants_of([interaction(seq, text) for seq, text in enumerate(messages, 1)])
    assert weights[messages[-1]] > WITHDRAWN >= weights.get(messages[0], 0.0)


@pytest.mark.parametrize(
    "threat",
    ["If nobody explains this I'm closing my account.", "Wenn mir das keiner erklärt, kündige ich das Abo."],
)
def test_what_a_customer_only_threatens_to_do_weighs_as_little_as_what_nobody_asked_for(threat: str) -> None:
    rows = [interaction(1, "Why is the late fee 4 EUR?"), interaction(2, "It is 4 EUR.", actor="bot")]
    weights = wants_of([*rows, interaction(3, threat)])
    assert weights["Why is the late fee 4 EUR?"] > WITHDRAWN
    assert weights.get(threat, 0.0) <= WITHDRAWN


def test_what_was_done_since_it_was_asked_for_weighs_little_and_what_is_open_weighs_much() -> None:
    asked = interaction(1, "Please correct my surname. Also, why is the late fee 4 EUR?")
    done = interaction(2, "Your surname has been corrected.", actor="agent")
    weights = wants_of([asked, done])
    assert weights["Please correct my surname."] < weights["Also, why is the late fee 4 EUR?"]
    assert weights["Also, why is the late fee 4 EUR?"] > WITHDRAWN
