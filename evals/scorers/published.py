"""Published measures of summaries, computed without a model: by gold facts and by the check of sentences.

FineSurE (H. Song, H. Su, I. Shalyminov, J. Cai, S. Mansour, "FineSurE: Fine-grained Summarization Evaluation using
LLMs", ACL 2024, arXiv 2407.00908) looks at each sentence and each key fact: faithfulness is the share of sentences
without a factual error, completeness the share of key facts that the summary tells, conciseness the share of sentences
that tell a key fact. There a model does the matching; here the gold texts do. Key facts are those that a brief must
hold; for conciseness also what it may hold, the attempts and the promises, which are no idle words in a handoff.

Agent Assist (Google Cloud, "Summarization autoevaluation metrics") decomposes a summary into points and counts those
that the transcript bears out (accuracy), counts the points a summary should have that it has (completeness), and counts
the instructions for its form that it follows (adherence). The instructions here are those of the brief's contract.
"""

import re

from app.models import VerdictKind
from evals.datasets.dialogues import sentences_of
from evals.scorers.base import Score, Scorer, listed, not_applicable, share, unscored
from evals.scorers.facts import attempt_recall, commitment_recall, key_fact_recall
from evals.scorers.grounding import KNOWN_LANGUAGE, fabricated
from evals.scorers.judgements import resolution_accuracy
from evals.scorers.texts import holds_fact, moments_of, prose, told_in
from evals.suite.cases import ExpectedFact, GoldCase
from evals.suite.observing import Observation, sentences

HEADLINE_CHARACTERS = 120
SITUATION_SENTENCES = 4
SITUATION_WORDS = 80
_EMPTY_PHRASE = re.compile(r"\b(?:not mentioned|not specified|not provided|unknown|n/a)\b", re.IGNORECASE)
_MARKUP = re.compile(r"https?://|\*\*|^#|^- ", re.MULTILINE)


def finesure_faithfulness(case: GoldCase, seen: Observation) -> Score:
    """The share of sentences without a factual error."""
    if case.language != KNOWN_LANGUAGE:
        return unscored(f"The check of sentences does not know the language {case.language}.")
    wrong = [verdict.text for verdict in seen.verdicts if verdict.verdict is VerdictKind.REFUTED]
    return share(len(seen.verdicts) - len(wrong), len(seen.verdicts), listed(wrong) or "every sentence is borne out")


def finesure_completeness(case: GoldCase, seen: Observation) -> Score:
    """The share of key facts that the prose tells."""
    text = prose(seen.handoff.brief)
    missing = [fact.name for fact in case.expect.facts.must if not holds_fact(text, fact)]
    total = len(case.expect.facts.must)
    return share(total - len(missing), total, f"not in the prose: {'; '.join(missing)}" if missing else "all are told")


def finesure_conciseness(case: GoldCase, seen: Observation) -> Score:
    """The share of sentences that tell a key fact, an attempt or a promise."""
    statements = sentences(seen.handoff.brief)
    facts = _key_facts(case)
    if not facts:
        return not_applicable("The case names no key fact.")
    idle = [statement for statement in statements if not any(holds_fact(statement, fact) for fact in facts)]
    return share(
        len(statements) - len(idle), len(statements), f"idle: {listed(idle)}" if idle else "every sentence tells a fact"
    )


def agent_assist_accuracy(case: GoldCase, seen: Observation) -> Score:
    """The share of points, the headline among them, that are borne out and name nothing made up."""
    if case.language != KNOWN_LANGUAGE:
        return unscored(f"The check of sentences does not know the language {case.language}.")
    source, moments = told_in(case.interactions), moments_of(case.interactions)
    wrong = [
        verdict.text
        for verdict in seen.verdicts
        if verdict.verdict is VerdictKind.REFUTED or fabricated(verdict.text, source, moments)
    ]
    headline = seen.handoff.brief.headline
    if headline and fabricated(headline, source, moments, names=False):
        wrong.append(headline)
    total = len(seen.verdicts) + bool(headline)
    return share(total - len(wrong), total, listed(wrong) or "every point is right")


def agent_assist_completeness(case: GoldCase, seen: Observation) -> Score:
    """The mean of the shares of facts, attempts and promises told, and whether the resolution is."""
    parts = [part(case, seen) for part in (key_fact_recall, attempt_recall, commitment_recall, resolution_accuracy)]
    scores = [part for part in parts if part.value is not None]
    reason = listed(part.reason for part in scores if part.value != 1.0)
    return Score(value=sum(part.value or 0.0 for part in scores) / len(scores), reason=reason or "everything is told")


def agent_assist_adherence(_: GoldCase, seen: Observation) -> Score:
    """The share of the contract's instructions for the form of a brief that are followed."""
    brief = seen.handoff.brief
    text = prose(brief)
    situation = brief.situation or ""
    broken = {
        f"a headline of at most {HEADLINE_CHARACTERS} characters, on one line": not brief.headline
        or len(brief.headline) > HEADLINE_CHARACTERS
        or "\n" in brief.headline,
        "a contact reason in one sentence": len(sentences_of(brief.contact_reason or "")) != 1,
        "a situation of one to four sentences": not 1 <= len(sentences_of(situation)) <= SITUATION_SENTENCES,
        f"a situation of at most {SITUATION_WORDS} words": len(situation.split()) > SITUATION_WORDS,
        "no field that says that there is nothing to say": bool(_EMPTY_PHRASE.fullmatch(situation.strip(". "))),
        "no markup and no link": bool(_MARKUP.search(text)),
        "evidence for every claim": any(not claim.evidence for claim in brief.claims),
    }
    if not brief.situation and not brief.contact_reason:
        return not_applicable("The brief has nothing to say.")
    violations = [name for name, is_broken in broken.items() if is_broken]
    return share(
        len(broken) - len(violations),
        len(broken),
        f"not followed: {listed(violations)}" if violations else "all are followed",
    )


def _key_facts(case: GoldCase) -> list[ExpectedFact]:
    expect = case.expect
    return [
        *expect.facts.must,
        *expect.facts.may,
        *(ExpectedFact(name="attempt", any_of=attempt.step) for attempt in expect.attempts),
        *(ExpectedFact(name="promise", any_of=commitment.any_of) for commitment in expect.commitments),
    ]


SCORERS = (
    Scorer("finesure_faithfulness", 1, "a sentence holds a factual error", finesure_faithfulness),
    Scorer("finesure_completeness", 2, "the prose leaves key facts out", finesure_completeness),
    Scorer("finesure_conciseness", 2, "sentences tell nothing that matters", finesure_conciseness),
    Scorer("agent_assist_accuracy", 2, "a point of the brief is wrong", agent_assist_accuracy),
    Scorer("agent_assist_completeness", 2, "the brief lacks a part of the story", agent_assist_completeness),
    Scorer("agent_assist_adherence", 1, "the brief breaks the form that desktops rely on", agent_assist_adherence),
)
"""The scorers of this module."""
