"""The model engine: whatever the model does, a good brief is there in time and says rightly what it is."""

import json
import logging
from collections.abc import Sequence
from datetime import timedelta
from time import perf_counter
from typing import Any

import httpx
import pytest
import respx

from app.adapters.llm import LitellmModel
from app.adapters.memory import MemoryArchive
from app.adapters.scripted import ScriptedModel
from app.briefs import BriefWriter, TimelyWriter
from app.briefs.extractive import compose
from app.briefs.handoff import first_handoff
from app.briefs.llm.prompt_inputs import INTERACTION_TOKENS
from app.errors import ConfigurationError, InvalidModelOutput, ModelUnavailable
from app.models import (
    Brief,
    Decision,
    FailureCode,
    Handoff,
    HandoffReason,
    HandoffRequest,
    HandoffStatus,
    Intent,
    Interaction,
    Intervention,
    InterventionLevel,
    Passage,
    Reason,
    SectionRequest,
    Snapshot,
    VerdictKind,
)
from app.ports import LanguageModel
from app.prompts import PromptLibrary, count_tokens
from app.verification import RuleVerifier
from tests.support.builders import START, interaction, snapshot
from tests.support.model_server import small_model_url
from tests.support.model_wire import BASE_URL, FAULTS, completion

__all__ = ["small_model_url"]

CONVERSATION = (
    interaction(1, "Hello, my router ABX-2041 stopped working on 2 March and I want a refund of $49.90."),
    interaction(2, "I can send a technician on Friday.", actor="bot"),
    interaction(3, "No, I waited for a technician already. My order is W7718."),
    interaction(4, name="create_refund", actor="bot", kind="tool_call", data={"order_id": "W7718", "amount": 49.9}),
    interaction(5, "Error: refund window is closed", actor="system", kind="tool_result", name="create_refund"),
    interaction(6, "I will call you back tomorrow about the refund.", actor="agent"),
    interaction(7, "Can I talk to a person please? Mail me at user@mail.example."),
)


def statement(text: str, *evidence: str) -> dict[str, Any]:
    """A sentence of an answer with the ids it cites."""
    return {"text": text, "evidence": list(evidence)}


GOOD: dict[str, Any] = {
    "headline": statement("Router ABX-2041 stopped working, refund of $49.90 wanted", "t1"),
    "contact_reason": statement("The customer wants a refund of $49.90 for router ABX-2041.", "t1"),
    "situation": [
        statement("The router stopped working on 2 March.", "t1"),
        statement("The refund window is closed for order W7718.", "t4", "t5"),
    ],
    "customer_expectation": statement("The customer wants a refund of $49.90.", "t1"),
    "commitments": [
        {"by": "agent", "due": "tomorrow"} | statement("The agent will call back tomorrow about the refund.", "t6")
    ],
    "open_questions": [statement("Is a refund of $49.90 still possible?", "t1")],
    "entities": [{"type": "product", "value": "router ABX-2041", "evidence": ["t1"]}],
    "suggested_opening": "Hello, you want a refund of $49.90 for router ABX-2041, is that right?",
    "custom_sections": [],
}

TOLD = " ".join(sentence["text"] for sentence in GOOD["situation"])
"""The good situation as it is told: in the model's own words."""


def draft(of: Snapshot, **request: Any) -> Handoff:
    """The deterministic handoff of a snapshot."""
    fields: dict[str, Any] = {"deadline_ms": 60_000, "conversation_id": of.conversation_id} | request
    asked = HandoffRequest(**fields)
    decision = Decision(
        decision_id="dec_1",
        customer_id="cus_1",
        created_at=of.now,
        as_of_seq=of.as_of_seq,
        duration_ms=0,
        audience="agent",
        intervention=Intervention(level=InterventionLevel.ESCALATE, friction=0.5),
        actions=(),
        suppressed=(),
    )
    brief = compose(of, Intent(), asked)
    return first_handoff("hnd_1", of, brief, (), decision, asked, started=perf_counter())


def writer(model: LanguageModel | None) -> TimelyWriter:
    """A writer with the shipped prompt."""
    return TimelyWriter(BriefWriter(model, PromptLibrary().prompt("brief", "v2"), MemoryArchive(), RuleVerifier()))


async def worded(
    model: LanguageModel | None, interactions: Sequence[Interaction] = CONVERSATION, **request: Any
) -> tuple[Handoff, Handoff]:
    """The handoff with a model's words, and the one it was made from."""
    of = snapshot(interactions)
    first = draft(of, **request)
    return (await writer(model).word(of, first, started=perf_counter())).handoff, first


def answer(**fields: Any) -> str:
    """The good answer with some fields replaced."""
    return json.dumps(GOOD | fields)


async def test_what_the_model_wrote_and_the_evidence_bears_out_is_the_brief() -> None:
    handoff, first = await worded(ScriptedModel(answer()))
    brief = handoff.brief
    assert (handoff.engine, handoff.status, handoff.failure_code) == ("model", HandoffStatus.COMPLETED, None)
    assert brief.headline == GOOD["headline"]["text"]
    assert brief.contact_reason == GOOD["contact_reason"]["text"]
    assert brief.situation == TOLD
    assert brief.customer_expectation == GOOD["customer_expectation"]["text"]
    assert brief.commitments[0].model_dump() == {
        "by": "agent",
        "text": "The agent will call back tomorrow about the refund.",
        "due": "tomorrow",
        "at": CONVERSATION[5].occurred_at,
        "evidence": ("int_6",),
    }
    assert brief.open_questions == ("Is a refund of $49.90 still possible?",)
    assert brief.suggested_opening == GOOD["suggested_opening"]
    # `router ABX-2041` is the `ABX-2041` that was found already.
    assert [entity.value for entity in brief.entities] == [entity.value for entity in first.brief.entities]
    assert brief.dropped_claims == ()
    assert brief.actions_taken == first.brief.actions_taken
    assert brief.resolution_status == first.brief.resolution_status


async def test_every_sentence_of_the_models_brief_is_a_claim_with_its_evidence() -> None:
    handoff, _ = await worded(ScriptedModel(answer()))
    claims = {claim.text: claim.evidence for claim in handoff.brief.claims}
    assert claims["The router stopped working on 2 March."] == ("int_1",)
    for text in (handoff.brief.headline, handoff.brief.contact_reason, handoff.brief.customer_expectation):
        assert text in claims
    assert all(claim.text in all_text(handoff.brief) for claim in handoff.brief.claims)


async def test_the_handoff_records_model_prompt_usage_and_duration() -> None:
    handoff, _ = await worded(ScriptedModel(answer(), name="some/model"))
    assert handoff.model == "some/model"
    assert handoff.prompt == PromptLibrary().prompt("brief", "v2").reference
    assert handoff.usage is not None
    assert handoff.usage.completion_tokens > 0
    assert handoff.duration_ms >= 0


async def test_what_the_evidence_does_not_bear_out_is_dropped_and_the_extractive_words_stand() -> None:
    lies = answer(
        headline=statement("Refund of $94.90 promised", "t1"),
        contact_reason=statement("The customer wants a refund of $94.90 for router ABX-2041.", "t1"),
        customer_expectation=statement("The customer wants a new router and flowers.", "t1"),
        commitments=[{"by": "agent", "due": None} | statement("The agent will pay $500 tomorrow.", "t6")],
        entities=[{"type": "order", "value": "W7719", "evidence": ["t3"]}],
    )
    handoff, first = await worded(ScriptedModel(lies))
    assert handoff.engine == "model"  # the situation is still the model's
    for field in ("headline", "contact_reason", "commitments", "entities"):
        assert getattr(handoff.brief, field) == getattr(first.brief, field)
    dropped = {dropped_claim.text: dropped_claim.why for dropped_claim in handoff.brief.dropped_claims}
    assert dropped["Refund of $94.90 promised"] == (
        "the amount $94.90 stands nowhere in the conversation and does not follow from it"
    )
    assert len(dropped) == 4
    assert "94.90" not in all_text(handoff.brief)


async def test_what_rules_leave_open_is_shown_and_its_claim_says_so() -> None:
    wanted = statement("The customer is fond of gardening.", "t1")
    handoff, _ = await worded(ScriptedModel(answer(customer_expectation=wanted)))
    assert handoff.brief.customer_expectation == wanted["text"]
    verdicts = {claim.text: claim.verdict for claim in handoff.brief.claims}
    assert verdicts[wanted["text"]] is VerdictKind.UNVERIFIED


async def test_what_the_customer_alone_says_is_no_supported_fact() -> None:
    handoff, _ = await worded(ScriptedModel(answer()))
    verdicts = {claim.text: claim.verdict for claim in handoff.brief.claims}
    assert verdicts["The router stopped working on 2 March."] is VerdictKind.UNVERIFIED


async def test_a_situation_loses_its_refuted_sentences_and_no_other() -> None:
    true, lie = GOOD["situation"], statement("The customer was promised $94.90.", "t2")
    for lies in (1, 3):
        handoff, _ = await worded(ScriptedModel(answer(situation=[*[lie] * lies, *true])))
        assert handoff.brief.situation == TOLD
    handoff, first = await worded(ScriptedModel(answer(situation=[lie], customer_expectation=None)))
    assert handoff.brief.situation == first.brief.situation


async def test_a_situation_keeps_within_its_length() -> None:
    many = [statement(f"The customer wants a refund of $49.90 {'again and ' * 20}{n}.", "t1") for n in range(6)]
    handoff, _ = await worded(ScriptedModel(answer(situation=many)))
    assert len((handoff.brief.situation or "").split()) <= 80


async def test_a_headline_that_is_too_long_ends_where_a_clause_ends() -> None:
    headline = statement(f"Router ABX-2041 stopped working, refund of $49.90 wanted; {'again and ' * 12}again", "t1")
    handoff, _ = await worded(ScriptedModel(answer(headline=headline)))
    assert handoff.brief.headline == "Router ABX-2041 stopped working, refund of $49.90 wanted"


async def test_a_second_sentence_hidden_behind_a_true_one_is_checked_too() -> None:
    hidden = statement("The customer wants a refund of $49.90. A refund of $94.90 was paid.", "t1")
    handoff, _ = await worded(ScriptedModel(answer(contact_reason=hidden, customer_expectation=None)))
    assert handoff.brief.contact_reason == "The customer wants a refund of $49.90."
    assert "94.90" not in all_text(handoff.brief)


async def test_an_id_with_the_rest_of_its_line_is_still_that_id() -> None:
    cited = statement("The customer wants a refund of $49.90.", "[t1 | 2026-03-02 | customer]")
    handoff, _ = await worded(ScriptedModel(answer(contact_reason=cited)))
    assert handoff.brief.contact_reason == cited["text"]


async def test_evidence_that_was_made_up_stands_for_nothing() -> None:
    made_up = statement("The customer wants a refund of $49.90.", "t99", "int_1")
    handoff, first = await worded(ScriptedModel(answer(contact_reason=made_up)))
    assert handoff.brief.contact_reason == first.brief.contact_reason
    assert handoff.brief.dropped_claims[0].why == "it cites no interaction of this customer"


@pytest.mark.parametrize("text", ["The [", "It is."])
async def test_a_sentence_with_next_to_nothing_in_it_is_not_taken(text: str) -> None:
    handoff, first = await worded(ScriptedModel(answer(contact_reason=statement(text, "t1", "t5"))))
    assert handoff.brief.contact_reason == first.brief.contact_reason


async def test_custom_sections_are_those_that_were_asked_for() -> None:
    sections = [
        {"name": "equipment", "statements": [statement("The router is ABX-2041.", "t1")]},
        {"name": "gossip", "statements": [statement("The router is ABX-2041.", "t1")]},
    ]
    asked = (SectionRequest(name="equipment", instruction="Which devices are concerned?"),)
    model = ScriptedModel(answer(custom_sections=sections))
    handoff, _ = await worded(model, sections=asked)
    assert handoff.brief.custom_sections == {"equipment": "The router is ABX-2041."}
    assert "- equipment: Which devices are concerned?" in model.questions[0].user


@pytest.mark.parametrize(
    "reply",
    ["{}", '{"hello": 1}', '{"situation": []}', '{"situation": "text"}', "[]", "", "not JSON", answer(headline=5)],
)
async def test_an_answer_of_another_schema_leaves_the_extractive_brief(reply: str) -> None:
    handoff, first = await worded(ScriptedModel(reply))
    assert handoff.brief == first.brief
    assert handoff.failure_code is FailureCode.INVALID_MODEL_OUTPUT


async def test_a_model_that_says_nothing_true_did_not_write_the_brief() -> None:
    nonsense = json.dumps({"situation": [statement("The employee was hired in 1999 for $12,000.", "t1")]})
    handoff, first = await worded(ScriptedModel(nonsense))
    assert (handoff.engine, handoff.status) == ("extractive", HandoffStatus.PARTIAL)
    assert handoff.failure_code is FailureCode.INVALID_MODEL_OUTPUT
    assert handoff.brief.situation == first.brief.situation
    assert [dropped_claim.text for dropped_claim in handoff.brief.dropped_claims] == [
        "The employee was hired in 1999 for $12,000."
    ]
    assert handoff.usage is not None  # it was paid for


@pytest.mark.parametrize("fault", FAULTS)
async def test_whatever_the_server_does_the_extractive_brief_is_there_and_says_why(fault: str) -> None:
    response, code = FAULTS[fault]
    is_response = isinstance(response, httpx.Response)
    with respx.mock(assert_all_called=False) as router:
        router.post(f"{BASE_URL}/chat/completions").mock(**{"return_value" if is_response else "side_effect": response})
        model = LitellmModel("hosted_vllm/a-model", base_url=BASE_URL)
        await model.warm_up()
        late = code == "model_timeout"
        handoff, first = await worded(model, deadline_ms=500 if late else 20_000)
    assert (handoff.engine, handoff.status) == ("extractive", HandoffStatus.PARTIAL)
    assert handoff.failure_code == code
    assert handoff.brief == first.brief
    assert handoff.model == "hosted_vllm/a-model"


@pytest.mark.parametrize("prefix", ["openai", "hosted_vllm"])
async def test_a_good_answer_over_the_wire_is_the_brief(prefix: str) -> None:
    with respx.mock() as router:
        router.post(f"{BASE_URL}/chat/completions").mock(return_value=completion(answer()))
        handoff, _ = await worded(LitellmModel(f"{prefix}/a-model", base_url=BASE_URL))
    assert (handoff.engine, handoff.status) == ("model", HandoffStatus.COMPLETED)
    assert handoff.usage is not None
    assert (handoff.usage.prompt_tokens, handoff.usage.completion_tokens) == (120, 30)


class Stubborn(ScriptedModel):
    """A model whose call neither ends in time nor lets itself be cancelled."""

    async def complete(self, *args: Any, **fields: Any) -> Any:
        """Goes on through the first cancellation."""
        import asyncio

        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            await asyncio.sleep(5)
        raise ModelUnavailable("too late for anybody to hear")


async def test_a_call_that_will_not_be_cancelled_is_not_waited_for() -> None:
    asked = writer(Stubborn())
    of = snapshot(CONVERSATION)
    first = draft(of, deadline_ms=300)
    started = perf_counter()
    handoff = (await asked.word(of, first, started=started)).handoff
    assert handoff.failure_code is FailureCode.MODEL_TIMEOUT
    assert handoff.duration_ms < 4000  # ten times the deadline, and less than the call takes
    await asked.close()


async def test_with_no_time_left_the_model_is_not_asked() -> None:
    model = ScriptedModel(answer())
    of = snapshot(CONVERSATION)
    handoff = (await writer(model).word(of, draft(of, deadline_ms=5000), started=perf_counter() - 4.9)).handoff
    assert model.questions == []
    assert handoff.failure_code is FailureCode.MODEL_TIMEOUT


async def test_without_a_model_the_handoff_stays_as_it_is() -> None:
    handoff, first = await worded(None)
    assert handoff == first.model_copy(update={"duration_ms": handoff.duration_ms})
    assert writer(None).check().status == "ok"


async def test_where_there_is_nothing_to_say_the_model_is_not_asked() -> None:
    model = ScriptedModel(answer())
    handoff, _ = await worded(model, ())
    assert model.questions == []
    assert (handoff.status, handoff.failure_code) == (HandoffStatus.FAILED, FailureCode.INSUFFICIENT_CONTENT)


async def test_a_brief_without_retrieval_stays_partial_when_a_model_words_it() -> None:
    of = snapshot(CONVERSATION).model_copy(update={"retrieval_available": False})
    handoff = (await writer(ScriptedModel(answer())).word(of, draft(of), started=perf_counter())).handoff
    assert handoff.engine == "model"
    assert (handoff.status, handoff.failure_code) == (HandoffStatus.PARTIAL, FailureCode.RETRIEVAL_UNAVAILABLE)


async def test_secrets_do_not_leave_and_what_an_agent_may_see_comes_back() -> None:
    model = ScriptedModel(
        answer(
            contact_reason=statement("The customer paid $49.90 with card [card_1], mail [email_1].", "t1"),
            situation=[statement("The password is [password_1].", "t2"), *GOOD["situation"]],
        )
    )
    talk = (
        interaction(1, "I paid $49.90 with card 4111 1111 1111 1111, mail user@mail.example, router stopped 2 March"),
        interaction(
            2, "my password is hunter2, my code is 482913", data={"cvv": "123", "iban": "GB82WEST12345698765432"}
        ),
        *CONVERSATION[2:],
    )
    asked = Reason(code=HandoffReason.CUSTOMER_REQUEST, detail="card 5555 5555 5555 4444 was charged")
    handoff, _ = await worded(model, talk, reason=asked)
    sent = model.questions[0].user
    for secret in ("4111", "hunter2", "482913", '"123"', "user@mail.example", "GB82", "5555"):
        assert secret not in sent
    assert handoff.brief.contact_reason == "The customer paid $49.90 with card ••••1111, mail user@mail.example."
    assert "hunter2" not in (handoff.brief.situation or "")


async def test_the_prompt_stays_the_same_size_however_long_the_history_is() -> None:
    model = ScriptedModel(answer())
    for count in (10, 100, 1000, 10_000):
        talk = [interaction(seq, f"Turn {seq}: my order {seq} is late, please help. " * 4) for seq in range(count)]
        past = [
            interaction(count + seq, f"Earlier call {seq}", conversation_id="c0", at=START - timedelta(days=9))
            for seq in range(count)
        ]
        of = snapshot(talk, past).model_copy(
            update={"history": tuple(Passage(interaction=row, score=0.5) for row in past[:20])}
        )
        await writer(model).word(of, draft(snapshot(CONVERSATION)), started=perf_counter())
    sizes = [count_tokens(question.user) for question in model.questions]
    assert sizes[0] < sizes[1]
    assert max(sizes[1:]) - min(sizes[1:]) < 100
    assert max(sizes) < INTERACTION_TOKENS * 1.2
    last = model.questions[-1].user
    assert "Turn 0:" in last  # what the customer came with
    assert "Turn 9999:" in last  # where they stand
    assert "Earlier call 0" in last  # what retrieval found


async def test_the_log_holds_codes_and_no_text_of_a_customer(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await worded(ScriptedModel(InvalidModelOutput("router ABX-2041 said so")))
    assert "invalid_model_output" in caplog.text
    assert "ABX" not in caplog.text


async def test_the_check_follows_what_the_model_does() -> None:
    asked = writer(ScriptedModel(ModelUnavailable("down"), answer(), name="some/model"))
    of = snapshot(CONVERSATION)
    assert asked.check().status == "loading"
    await asked.warm_up()
    assert asked.check().status == "ok"
    await asked.word(of, draft(of), started=perf_counter())
    assert (asked.check().status, asked.check().detail) == (
        "degraded",
        "some/model: model_unavailable at the last call",
    )
    await asked.word(of, draft(of), started=perf_counter())
    assert asked.check().status == "ok"


def test_a_prompt_that_asks_for_other_inputs_is_refused_at_the_start() -> None:
    prompt = PromptLibrary().prompt("brief", "v2")
    prompt.trusted = prompt.trusted | {"weather"}
    with pytest.raises(ConfigurationError, match="weather"):
        BriefWriter(None, prompt, MemoryArchive(), RuleVerifier())


def test_a_prompt_for_another_form_of_answer_is_refused_at_the_start() -> None:
    prompt = PromptLibrary().prompt("check", "v1")
    prompt.trusted, prompt.untrusted = PromptLibrary().prompt("brief", "v2").trusted, frozenset({"case"})
    with pytest.raises(ConfigurationError, match="StatementChecks"):
        BriefWriter(None, prompt, MemoryArchive(), RuleVerifier())


def all_text(brief: Brief) -> str:
    return json.dumps(brief.model_dump(mode="json", exclude={"dropped_claims", "claims"}), ensure_ascii=False)


async def test_a_small_real_model_keeps_to_the_schema(small_model_url: str) -> None:
    model = LitellmModel("hosted_vllm/small", base_url=small_model_url)
    text = {"type": "string", "maxLength": 20}
    schema = {
        "type": "object",
        "properties": {"text": text, "ids": {"type": "array", "maxItems": 2, "items": text}},
        "required": ["text", "ids"],
        "additionalProperties": False,
    }
    reply = await model.complete("Write JSON.", "The order is late.", schema=schema, timeout_s=60, max_tokens=120)
    written = json.loads(reply.text)
    assert written.keys() == {"text", "ids"}
    assert len(written["text"]) <= 20
    assert reply.completion_tokens > 0


async def test_a_small_real_model_changes_nothing_for_the_worse(small_model_url: str) -> None:
    model = LitellmModel("openai/small", base_url=small_model_url)
    await model.warm_up()
    handoff, first = await worded(model, CONVERSATION[:3], deadline_ms=20_000)
    codes = (FailureCode.INVALID_MODEL_OUTPUT, FailureCode.MODEL_TIMEOUT)
    assert handoff.status is HandoffStatus.COMPLETED or handoff.failure_code in codes
    assert (handoff.engine == "model") is (handoff.status is HandoffStatus.COMPLETED)
    assert handoff.brief.contact_reason
    assert handoff.brief.entities[: len(first.brief.entities)] == first.brief.entities
    ids = {row.interaction_id for row in CONVERSATION}
    assert all(set(claim.evidence) <= ids and claim.evidence for claim in handoff.brief.claims)


async def test_a_small_real_model_that_is_too_slow_is_left_behind(small_model_url: str) -> None:
    model = LitellmModel("openai/small", base_url=small_model_url)
    await model.warm_up()
    handoff, first = await worded(model, deadline_ms=300)
    assert (handoff.engine, handoff.failure_code) == ("extractive", FailureCode.MODEL_TIMEOUT)
    assert handoff.brief == first.brief
