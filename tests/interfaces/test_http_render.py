"""A handoff as Markdown and as a page."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from markdown_it import MarkdownIt

from app.interfaces import rendering
from app.interfaces.rendering.claims import sentences
from app.models import (
    ActionTaken,
    Actor,
    Brief,
    Channel,
    Claim,
    Commitment,
    Components,
    Decision,
    DroppedClaim,
    Entity,
    FiledFeedback,
    FiledOutcome,
    Handoff,
    HandoffRequest,
    HandoffStatus,
    HistoryItem,
    Intent,
    Intervention,
    InterventionLevel,
    OfferedAction,
    Outcome,
    Participant,
    Quote,
    Sentiment,
    SentimentLabel,
    Signal,
    SignalType,
    SuppressedAction,
    SuppressionReason,
    Trend,
    VerdictKind,
    Verification,
    VerificationStatus,
)
from app.services.handoffs import CardRevision
from tests.support.builders import interaction

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
VOID = {"meta", "link", "br", "hr", "img", "input"}


def brief(say: str) -> Brief:
    """A brief in which everything a customer may have said reads `say`."""
    return Brief(
        headline=f"Reset fails: {say}"[:120],
        contact_reason=say,
        intent=Intent(name="password_reset", confidence=0.8),
        situation=say,
        actions_taken=(
            ActionTaken(
                step="password reset",
                actor=Actor.CUSTOMER,
                channel=Channel.APP,
                outcome=Outcome.FAILED,
                at=AT,
                evidence=("int_1", "int_2"),
            ),
        ),
        customer_expectation=say,
        commitments=(Commitment(by=Actor.BOT, text=say, due="today", at=AT, evidence=("int_3",)),),
        open_questions=(say,),
        entities=(Entity(type="error_code", value=say, evidence=("int_1",)),),
        history=(HistoryItem(at=AT, channel=Channel.EMAIL, text=say, evidence=("int_0",)),),
        sentiment=Sentiment(label=SentimentLabel.NEGATIVE, trend=Trend.WORSENING),
        suggested_opening=say,
        custom_sections={say: say},
        claims=(Claim(text=say, evidence=("int_1", "int_2"), support=0.9),),
    )


def handoff(say: str = "It failed twice.") -> Handoff:
    """A handoff with something in every section."""
    action = OfferedAction(
        action_id="send_link",
        label="Send a link",
        script=say,
        score=0.5,
        propensity=0.5,
        components=Components(propensity=0.5, context=1, value=1, lever=1),
        reason=say,
        evidence=("int_2",),
        requires_approval=True,
    )
    suppressed_action = SuppressedAction(
        action_id="retry_reset", reason=SuppressionReason.ALREADY_TRIED, detail=say, evidence=("int_1",)
    )
    decision = Decision(
        decision_id="dec_1",
        customer_id="cus_1",
        created_at=AT,
        as_of_seq=3,
        duration_ms=3,
        audience="agent",
        intervention=Intervention(level=InterventionLevel.ROUTE, friction=0.5),
        actions=(action,),
        suppressed=(suppressed_action,),
    )
    return Handoff(
        handoff_id="hnd_1",
        customer_id="cus_1",
        created_at=AT,
        as_of_seq=3,
        duration_ms=12,
        status=HandoffStatus.COMPLETED,
        engine="extractive",
        verification_status=VerificationStatus.VERIFIED,
        verification=Verification(method="one_time_code", at=AT, evidence=("int_0",)),
        brief=brief(say),
        next_actions=decision,
        request=HandoffRequest(customer_id="cus_1"),
    )


def bare() -> Handoff:
    """A handoff of a customer of whom nothing is known."""
    return handoff().model_copy(update={"brief": Brief(), "next_actions": None, "verification": None})


class Outline(HTMLParser):
    """What a page is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action", "srcset")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "![pixel](https://evil.example/p.png) [click](javascript:alert(1))",
    "`code` *bold* __strong__ # no heading\n\n# heading\n- item\n> quote\n| a | b |",
    "{{ 7 * 7 }} {% raw %}",
    "# heading",
    "- item",
    "12. item",
    "> quote",
    "~~~ code",
    "===",
    "\u202etfel ot thgir\u202c \x00\x1b[31m",
]


def page_of(handoff: Handoff, *feedback: FiledFeedback, outcomes: Mapping[str, FiledOutcome] | None = None) -> str:
    """The card of a handoff whose evidence is all there."""
    rows = {
        interaction_id: interaction(number, f"Said as {interaction_id}.")
        for number, interaction_id in enumerate(handoff.evidence)
    }
    return rendering.card(handoff, rows, CardRevision(feedback, outcomes or {}), base="/console/cards/token")


@pytest.mark.parametrize("say", ["It failed twice.", *HOSTILE])
def test_a_page_is_whole_and_asks_for_nothing_beyond_the_service(say: str) -> None:
    page = page_of(handoff(say))

    outline = Outline(page)
    assert outline.open == []
    assert not {"img", "iframe", "object"} & outline.tags
    assert all(address.startswith(("#", "/console/")) for address in outline.addresses)
    assert len(re.findall("<script", page)) == 1  # our own file
    assert not re.search(r"url\(|@import|<style|\sstyle=|\son\w+=|javascript:", re.sub(r">[^<]*<|\"[^\"]*\"", "", page))
    assert "\u202e" not in page


@pytest.mark.parametrize("say", HOSTILE)
def test_what_a_customer_wrote_is_never_markup_in_a_note(say: str) -> None:
    plain = MarkdownIt("gfm-like", {"html": True, "linkify": False})

    written = plain.render(rendering.markdown(handoff(say)))
    quiet = plain.render(rendering.markdown(handoff("It failed twice.")))

    assert re.findall(r"</?\w+", written) == re.findall(r"</?\w+", quiet)
    assert "\u202e" not in written


def test_a_note_tells_the_story_with_its_evidence() -> None:
    note = rendering.markdown(handoff())

    assert note.startswith("# Reset fails: It failed twice.\n\n**Say first:** It failed twice.\n")
    assert "- **failed:** password reset (customer, app, 2026-03-02 09:00 UTC) [2] [3]\n" in note
    assert "- **bot:** It failed twice. (due today, said on 2026-03-02) [4]\n" in note
    assert "1. **Send a link** (needs approval): It failed twice. [3]\n   Say: It failed twice.\n" in note
    assert "- [2] int_1\n" in note


def test_note_and_card_say_in_the_language_of_the_brief_when_something_is_due_and_how_a_step_ended() -> None:
    german = "Die Kundin sagt, dass die Lampe nicht mit der Lieferung kam und sich auch nichts tut."
    made = handoff()
    made = made.model_copy(update={"brief": made.brief.model_copy(update={"situation": german, "claims": ()})})
    for shown in (rendering.markdown(made), page_of(made)):
        assert "Frist: today, gesagt am 2026-03-02" in shown
        assert "fehlgeschlagen" in shown


def test_a_note_marks_what_nobody_confirmed_and_quotes_what_bears_a_claim_out() -> None:
    claims = (
        Claim(
            text="It failed twice.",
            evidence=("int_1",),
            quotes=(Quote(interaction_id="int_9", text="It failed *twice* now!"),),
            support=0.9,
            checked_by="model",
        ),
        Claim(text="They give up.", evidence=("int_1",), support=0.5, verdict=VerdictKind.UNVERIFIED),
    )
    worded = {"claims": claims, "situation": "It failed twice. They give up. Why?"}
    brief = handoff().brief.model_copy(update=worded)
    note = rendering.markdown(handoff().model_copy(update={"brief": brief, "revision": 3, "drafted_ahead": True}))

    assert "\n\nIt failed twice. They give up. (not checked) Why?\n\n" in note
    assert "- It failed twice. [2]\n  - “It failed \\*twice\\* now!” [5]\n" in note
    assert "- They give up. (not checked) [2]\n" in note
    assert "· revision 3 · drafted ahead ·" in note


def test_a_quote_is_shown_while_its_interaction_is_kept_and_who_acted_by_name() -> None:
    quotes = tuple(Quote(interaction_id=f"int_{number}", text=f"word {number}") for number in (1, 2))
    claim = Claim(text="It failed twice.", evidence=("int_1", "int_2"), quotes=quotes, support=0.9)
    made = handoff().model_copy(update={"brief": Brief(claims=(claim,))})
    rows = {"int_1": interaction(1, "word 1").model_copy(update={"participant": Participant(name="Maria Lopez")})}

    page = rendering.card(made, rows, CardRevision((), {}), base="/console/cards/token")

    assert "“word 1”" in page
    assert "word 2" not in page
    assert '<b>customer</b> <span dir="auto">Maria Lopez</span>' in page


def test_a_claim_leads_to_the_words_it_stands_on() -> None:
    page = page_of(handoff())

    claims = page.partition("Claims (1)")[2].partition("</details>")[0]
    assert "It failed twice." in claims
    assert 'href="#int_1" data-evidence="int_1 int_2"' in claims
    evidence = page.partition('<li id="int_1">')[2].partition("</li>")[0]
    assert "Said as int_1." in evidence
    assert "<b>customer</b>" in evidence


def test_what_is_uncertain_is_marked_as_such() -> None:
    brief = handoff().brief
    sure = page_of(handoff())
    doubtful = brief.model_copy(
        update={
            "intent": Intent(name="password_reset", confidence=0.41),
            "claims": (
                Claim(text="It failed twice.", evidence=("int_1",), support=0.5, verdict=VerdictKind.UNVERIFIED),
            ),
        }
    )
    claimed = {"brief": doubtful, "verification_status": VerificationStatus.CLAIMED, "verification": None}
    unsure = page_of(handoff().model_copy(update=claimed))

    assert "Identity verified" in sure
    assert "perhaps" not in sure
    assert "Identity only claimed." in unsure
    assert "perhaps password reset, 41% sure" in unsure
    assert "not checked" not in sure
    assert "not checked" in unsure


def test_what_the_model_said_and_nothing_bears_out_can_be_looked_at() -> None:
    dropped = (DroppedClaim(text="The link was sent at noon.", why="no interaction says so"),)
    page = page_of(handoff().model_copy(update={"brief": Brief(dropped_claims=dropped)}))

    assert "The link was sent at noon." in page
    assert "no interaction says so" in page


def test_evidence_that_is_gone_or_was_blanked_says_so() -> None:
    made = handoff()
    rows = {"int_1": interaction(1, "Secret.").model_copy(update={"redacted": True, "text": ""})}

    page = rendering.card(made, rows, CardRevision((), {}), base="/console/cards/token")

    assert "The text was blanked." in page.partition('<li id="int_1">')[2].partition("</li>")[0]
    assert "This is not kept any more." in page.partition('<li id="int_2">')[2].partition("</li>")[0]


def test_the_agents_last_word_is_what_a_card_shows() -> None:
    def filed_feedback(**fields: Any) -> FiledFeedback:
        return FiledFeedback(feedback_id="fbk_1", handoff_id="hnd_1", customer_id="cus_1", filed_at=AT, **fields)

    page = page_of(
        handoff(),
        filed_feedback(accepted=True, repeated_information=True),
        filed_feedback(edited_brief={"headline": "Cannot reset", "unknown": "x", "situation": 5}),
        filed_feedback(repeated_information=False),
        filed_feedback(edited_brief="free text of another desktop"),
    )

    assert '<h1 dir="auto">Cannot reset</h1>' in page
    assert "✓ Accepted" in page
    assert re.search(r'value="true" id="repeated" aria-pressed="false"', page)


def test_prose_is_cut_where_it_makes_claims() -> None:
    claims = [Claim(text=text, evidence=("int_1",), support=1.0) for text in ("It failed.", "It failed. Twice.", "No.")]

    pieces = sentences("It failed. Twice. Why? It failed.", claims)

    assert [(piece.text, piece.claim is not None) for piece in pieces] == [
        ("It failed. Twice.", True),
        ("Why? It failed.", False),
    ]


def test_a_handoff_of_any_size_makes_a_small_page() -> None:
    crowd = tuple(Claim(text=f"Claim {number}.", evidence=(f"int_{number}",), support=1.0) for number in range(120))
    big = handoff().model_copy(update={"brief": Brief(claims=crowd)})
    rows = {interaction_id: interaction(1, "word " * 2000) for interaction_id in big.evidence}

    page = rendering.card(big, rows, CardRevision((), {}), base="/console/cards/token")

    assert len(page.encode()) < 80_000


def test_a_handoff_with_nothing_to_say_has_no_empty_sections() -> None:
    note, page = rendering.markdown(bare()), page_of(bare())

    assert "##" not in note
    assert re.findall("<h2>([^<]*)", page) == ["What this stands on"]
    assert "None" not in note + page


def test_what_was_said_often_is_told_once_with_how_often() -> None:
    evidence = tuple(f"int_{number}" for number in range(9))
    signals = tuple(
        Signal(
            signal_id=f"sig_{number}",
            customer_id="cus_1",
            type=SignalType.REPETITION,
            severity=0.5,
            at=AT,
            evidence=evidence[number : number + 2],
            detail=f"asked again, time {number}",
        )
        for number in range(3)
    )
    often = Brief(entities=(Entity(type="order", value="A-1", evidence=evidence),))
    crowded = bare().model_copy(update={"brief": often, "signals": signals})

    note, page = rendering.markdown(crowded), page_of(crowded)

    assert "- order: A-1 [1] [2] [3] [4] +5\n" in note
    assert "- repetition × 3: asked again, time 2 [3] [4]\n" in note
    assert "repetition × 3" in page
    assert "Evidence (9)" in page


def test_a_stale_handoff_says_so() -> None:
    stale = handoff().model_copy(update={"stale": True})

    assert "make it anew" in rendering.markdown(stale)
    assert "Make the brief anew" in page_of(stale)
    assert "Make the brief anew" not in page_of(handoff())
