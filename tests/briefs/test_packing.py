"""What a prompt is filled with: each gets the inputs it declares, and those of released versions never change."""

import hashlib
import json
from datetime import timedelta

import pytest

from app.briefs.llm.output import LIMITS, answer_schema, parse
from app.briefs.llm.prompt_inputs import INTERACTION_TOKENS, pack
from app.models import (
    ActionTaken,
    Actor,
    Channel,
    HandoffReason,
    HandoffRequest,
    Outcome,
    Participant,
    Passage,
    Reason,
    SectionRequest,
    Snapshot,
)
from app.privacy import Redactor
from app.prompts import PromptLibrary, RenderedPrompt, count_tokens
from tests.support.builders import START, interaction, snapshot

PRIOR = tuple(
    interaction(
        n,
        f"Earlier contact number {n} about order W77{n:02d} and my lamp, reach me at ann@mail.example.",
        at=START - timedelta(days=40 - n),
        conversation_id="c0",
        channel="email",
    )
    for n in range(1, 30)
)
CONVERSATION = (
    interaction(100, "Hi, my lamp W7718 came broken."),
    interaction(101, "Sorry to hear that. I will look it up.", actor="bot"),
    interaction(102, actor="bot", kind="tool_call", name="get_order", data={"order_id": "W7718"}),
    interaction(
        103,
        '{"order_id": "W7718", "total": 49.9, "card": "4111 1111 1111 1111"}',
        actor="system",
        kind="tool_result",
        name="get_order",
    ),
    interaction(104, "A refund is not possible, but we can send another lamp.", actor="bot"),
    interaction(105, "No. I want a person.\nMy card is 4111 1111 1111 1111."),
)
ASKED = HandoffRequest(
    conversation_id="c1",
    to_channel=Channel.VOICE,
    reason=Reason(code=HandoffReason.CUSTOMER_REQUEST, detail="wants a person"),
    locale="de-AT",
    sections=(SectionRequest(name="equipment", instruction="Which devices?"),),
)
STEP = ActionTaken(
    step="get order: W7718",
    actor=Actor.BOT,
    channel=Channel.CHAT,
    outcome=Outcome.SUCCEEDED,
    at=START,
    evidence=("int_102", "int_103"),
)


def journey() -> Snapshot:
    """A customer with a long history, some of which was found again."""
    passages = tuple(Passage(interaction=row, score=0.5) for row in PRIOR[3:6])
    return snapshot(CONVERSATION, PRIOR).model_copy(update={"history": passages})


def rendered(version: str, of: Snapshot | None = None) -> RenderedPrompt:
    """The prompt of that version about a journey."""
    prompt = PromptLibrary().prompt("brief", version)
    packed = pack(of or journey(), ASKED, Redactor(), LIMITS, untrusted=prompt.untrusted, steps=(STEP,))
    return prompt.render(packed.inputs)


@pytest.mark.parametrize(
    ("version", "digest"),
    [
        ("v1", "4e3b4065d0d5fd518832dafd916e9396258d232d6e4d1925a1bce4ba29c0d4ec"),
        ("v2", "ad2700b75ad9ce528cdcaa6f827689a52316d745cc05b3b5826a9379d676556a"),
    ],
)
def test_a_released_prompt_renders_to_the_same_bytes_as_ever(version: str, digest: str) -> None:
    prompt = rendered(version)
    assert hashlib.sha256(f"{prompt.system}\0{prompt.user}".encode()).hexdigest() == digest


@pytest.mark.parametrize(
    ("sections", "digest"),
    [
        (0, "5e28c9c6a9c41a7bc57e1cbb4676a43d2e8cfef9050cdb936834d19871c48fc3"),
        (2, "c39f629d790a7239235cc24f932a381aca3a2166f8edf12c24b8babb3d9f2e91"),
    ],
)
def test_the_form_of_released_answers_stays_as_it_was(sections: int, digest: str) -> None:
    schema = json.dumps(answer_schema("ModelBrief", sections), sort_keys=True)
    assert hashlib.sha256(schema.encode()).hexdigest() == digest


def test_both_forms_of_evidence_are_read_into_one() -> None:
    read = parse('{"situation": [{"text": "So.", "evidence": ["t1", {"id": "t2", "quote": "so it is"}]}]}')
    assert [(citation.id, citation.quote) for citation in read.situation[0].evidence] == [
        ("t1", None),
        ("t2", "so it is"),
    ]
    items = answer_schema("QuotedBrief", 0)["$defs"]["Told"]["properties"]["evidence"]["items"]
    assert items["required"] == ["id", "quote"]


def test_the_newest_prompt_parts_earlier_contacts_from_the_conversation_at_hand() -> None:
    user = rendered("v3").user
    earlier, at_hand = user.index("Earlier contacts"), user.index("The conversation at hand")
    assert earlier < user.index("Earlier contact number 4 about") < at_hand < user.index("my lamp W7718 came broken")
    assert user.count("my lamp W7718 came broken") == 1


def test_the_newest_prompt_tells_what_was_done_and_what_was_refused() -> None:
    lines = rendered("v3").user.splitlines()
    assert any(line.endswith('| bot | "get order: W7718" | succeeded') for line in lines)
    assert any(line.endswith('"A refund is not possible, but we can send another lamp." | refused') for line in lines)


def test_who_acted_is_named_in_every_line_of_theirs() -> None:
    maria = Participant(name='Maria "M" | Lopez', id="u-7")
    of = journey()
    named = tuple(
        row.model_copy(update={"participant": maria}) if row.actor is Actor.CUSTOMER else row for row in of.conversation
    )
    user = rendered("v3", of.model_copy(update={"conversation": named})).user
    assert 'customer: "Maria \\"M\\" | Lopez", id "u-7", on chat' in user
    assert 'customer "Maria \\"M\\" | Lopez" message, chat | "Hi, my lamp' in user
    assert "Maria" not in rendered("v2", of.model_copy(update={"conversation": named})).user


def test_no_secret_and_no_address_is_in_any_prompt() -> None:
    for version in ("v1", "v2", "v3"):
        user = rendered(version).user
        assert "4111" not in user
        assert "ann@mail.example" not in user


def test_the_newest_prompt_stays_bounded_however_long_the_history() -> None:
    talk = tuple(interaction(1000 + n, "word " * 200, actor=("bot", "customer")[n % 2]) for n in range(400))
    assert count_tokens(rendered("v3", snapshot(talk, PRIOR)).user) < INTERACTION_TOKENS + 1500
