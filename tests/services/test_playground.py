"""Trying a conversation out: the whole workflow, nothing kept, nothing of the tenant touched, a case for the suite."""

import asyncio
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from app.adapters.scripted import ScriptedModel
from app.bootstrap import build
from app.conversations import conversation_of
from app.errors import InvalidRequest, PayloadTooLarge, RateLimited, WarmlineError
from app.services import App, TrialRequest
from app.services.playground import MOST_CHARACTERS, MOST_WAITING
from app.settings import Settings
from evals.suite.cases import load_cases
from tests.conftest import WordEmbedder

TALK = """Channel: chat
Date: 2026-03-02
Account: acc-7
[08:50:00] Customer: I cannot return the lamp from order ORD-70331. I want my 59.00 EUR back.
[08:51:00] Bot: I will refund the 59.00 EUR within two days.
[08:52:00] Customer: That is too late. Can I talk to a real person?
"""


def statement(text: str, *evidence: str) -> dict[str, Any]:
    return {"text": text, "evidence": list(evidence)}


ANSWER = {
    "headline": statement("Cannot return the lamp from order ORD-70331", "t1"),
    "contact_reason": statement("The customer cannot return the lamp from order ORD-70331.", "t1"),
    "situation": [statement("The bot promised 75.00 EUR within two days.", "t2")],
    "customer_expectation": statement("The customer wants 59.00 EUR back.", "t1"),
    "commitments": [],
    "open_questions": [],
    "entities": [],
    "suggested_opening": "Hello, may I help with the lamp?",
    "custom_sections": [],
}


@pytest.fixture
async def with_model(settings: Settings) -> AsyncGenerator[App]:
    model = ScriptedModel(json.dumps(ANSWER), name="some/model")
    async with build(settings, embedder=WordEmbedder(), model=model) as opened:
        await opened.warm_up()
        yield opened


async def test_a_conversation_in_plain_text_goes_through_the_whole_workflow(app: App) -> None:
    trial = await app.playground.play("default", TrialRequest(content=TALK))
    assert (trial.format, trial.model, trial.handoff.engine) == ("text", "none", "extractive")
    assert "ORD-70331" in (trial.handoff.brief.headline or "")
    assert [interaction.seq for interaction in trial.interactions] == [1, 2, 3]
    interaction_ids = {interaction.interaction_id for interaction in trial.interactions}
    assert {
        interaction_id for claim in trial.handoff.brief.claims for interaction_id in claim.evidence
    } <= interaction_ids
    assert trial.handoff.next_actions is not None
    assert trial.handoff.next_actions.actions
    assert {"human_request"} <= {signal.type for signal in trial.handoff.signals}
    quoted_in = {field for sentence in trial.explanation.sentences for field in sentence.quoted_in}
    assert "contact_reason" in quoted_in


async def test_nothing_of_it_is_kept_and_nothing_of_the_tenants_is_read(app: App) -> None:
    theirs = list(
        conversation_of({"id": "c1", "customer_ref": "acc-7", "turns": [{"role": "customer", "text": "mine"}]}).drafts
    )
    await app.interactions.record("default", theirs)
    trial = await app.playground.play("default", TrialRequest(content=TALK))
    for tenant in ("default", "playground"):
        assert await app.journeys.find_customers(tenant, trial.interactions[0].interaction_id) == ()
        assert await app.journeys.find_customers(tenant, "ORD-70331") == ()
        with pytest.raises(WarmlineError):
            await app.handoffs.filed(tenant, trial.handoff.handoff_id)
    assert not [decision async for decision in app.decisions.decision_log("default")]
    assert "mine" not in trial.model_dump_json()


async def test_a_model_words_it_and_what_the_evidence_does_not_bear_out_is_dropped(with_model: App) -> None:
    assert with_model.playground.options().models == ("none", "some/model")
    trial = await with_model.playground.play("default", TrialRequest(content=TALK, model="some/model", prompt="v1"))
    assert (trial.handoff.engine, trial.handoff.model) == ("model", "some/model")
    assert trial.handoff.prompt is not None
    assert trial.handoff.prompt.version == "v1"
    assert [
        "75.00" in dropped_claim.why or "75" in dropped_claim.text
        for dropped_claim in trial.handoff.brief.dropped_claims
    ] == [True]
    assert (await with_model.playground.play("default", TrialRequest(content=TALK))).handoff.engine == "extractive"
    again = await with_model.playground.play("default", TrialRequest(content=TALK, model="some/model"))
    assert again.handoff.engine == "model"


async def test_only_what_the_settings_and_the_release_name_can_be_chosen(app: App) -> None:
    options = app.playground.options()
    assert options.models == ("none",)
    assert options.prompts[0] == "v3"
    assert {"airline", "bank", "general", "retail", "telecom"} <= {*options.catalogues}
    for field, value in (("model", "openai/gpt-4o"), ("prompt", "../judge/v1"), ("catalogue", "/etc/passwd")):
        with pytest.raises(InvalidRequest, match=f"{field}: Use one of"):
            await app.playground.play("default", TrialRequest.model_validate({"content": TALK, field: value}))


async def test_a_catalogue_is_switched_and_by_default_is_the_tenants_own(app: App) -> None:
    own = (await app.decisions.catalogue("default")).catalogue
    own = {**own, "actions": [action for action in own["actions"] if action["id"] == "request_refund"]}  # type: ignore[union-attr, index, call-overload]
    await app.decisions.put_catalogue("default", json.dumps(own), as_json=True)

    async def action_ids(catalogue: str | None) -> set[str]:
        decision = (
            await app.playground.play("default", TrialRequest(content=TALK, catalogue=catalogue))
        ).handoff.next_actions
        assert decision is not None
        return {action.action_id for action in (*decision.actions, *decision.suppressed, *decision.candidates)}

    assert await action_ids(None) == {"request_refund"}
    assert "inform_no_change" in await action_ids("airline")


async def test_a_trial_becomes_a_case_that_the_suite_loads(app: App, tmp_path: Path) -> None:
    odd = TALK + "Customer: \"quotes\" 'single' # no comment: {a: 1} \\ tab\tend \u2028 🧾 \x85 - [x]\n"
    trial = await app.playground.play("default", TrialRequest(content=odd, catalogue="retail"))
    (tmp_path / "retail").mkdir()
    (tmp_path / "retail" / f"{trial.eval_case_id}.yaml").write_text(trial.eval_case, encoding="utf-8")
    (case,) = load_cases(tmp_path)
    assert case.now == trial.handoff.request.now
    assert [interaction.text for interaction in case.interactions] == [
        interaction.text for interaction in trial.interactions
    ]
    assert case.request().conversation_id == trial.conversation_id
    assert case.interactions[0].identifiers[0].value == "acc-7"
    assert case.expect.intent is None


async def test_what_cannot_be_tried_out_is_refused_in_words(app: App) -> None:
    for content, error, words in (
        ("hello", InvalidRequest, "line 1: nobody is named"),
        ('{"id": "a", "turns": []}', InvalidRequest, "no turn"),
        ("Customer: a\n" * 1001, PayloadTooLarge, "1,001 interactions"),
        ("x" * (MOST_CHARACTERS + 1), PayloadTooLarge, "characters"),
    ):
        with pytest.raises(error, match=words):
            await app.playground.play("default", TrialRequest(content=content))


async def test_of_many_who_come_at_once_a_few_wait_and_the_rest_are_sent_away(app: App) -> None:
    asked = TrialRequest(content=TALK)
    answers = await asyncio.gather(
        *(app.playground.play("default", asked) for _ in range(MOST_WAITING + 6)), return_exceptions=True
    )
    refused = [answer for answer in answers if isinstance(answer, RateLimited)]
    assert refused
    assert len(answers) - len(refused) >= MOST_WAITING
    assert not [
        answer for answer in answers if isinstance(answer, BaseException) and not isinstance(answer, RateLimited)
    ]
    assert (await app.playground.play("default", asked)).handoff.brief.headline
