"""The eval of faults: its figures over hand-worked handoffs, and every fault once against the real App."""

from datetime import timedelta
from typing import Any

import pytest

from app.models import Brief, Claim, FailureCode, Handoff, HandoffRequest, HandoffStatus, VerificationStatus
from app.settings import Settings
from evals.datasets.labelled import LIE_KINDS, dialogue, number_in
from evals.experiments.faults import CODES, REFUSED, FaultedHandoff, evaluate, figures, unsupported
from evals.experiments.small_model import is_good, is_labelled_rightly
from evals.servers.faulty import FAULTS
from tests.support.builders import START


def handoff(
    code: FailureCode | None, *, engine: Any = None, status: HandoffStatus | None = None, **brief: Any
) -> Handoff:
    """A handoff with this failure code, labelled as it should be unless told otherwise."""
    return Handoff(
        handoff_id="hnd_1",
        customer_id="cus_1",
        created_at=START + timedelta(seconds=1),
        as_of_seq=1,
        duration_ms=1,
        status=status or (HandoffStatus.PARTIAL if code else HandoffStatus.COMPLETED),
        failure_code=code,
        engine=engine or ("extractive" if code else "model"),
        verification_status=VerificationStatus.UNKNOWN,
        brief=Brief(**brief),
        request=HandoffRequest(conversation_id="c1"),
    )


def met(fault: str, of: Handoff, late_ms: float = -10.0, *wrong: str, first_late_ms: float = -200.0) -> FaultedHandoff:
    """That handoff at that fault."""
    return FaultedHandoff(fault, of, late_ms, first_late_ms, wrong)


def test_every_fault_of_the_server_has_the_code_it_must_be_reported_under() -> None:
    assert set(CODES) == {*FAULTS, REFUSED}


@pytest.mark.parametrize(
    ("fault", "of", "right"),
    [
        ("good", handoff(None), True),
        ("good", handoff(FailureCode.INVALID_MODEL_OUTPUT), False),
        ("hang", handoff(FailureCode.MODEL_TIMEOUT), True),
        ("hang", handoff(FailureCode.MODEL_UNAVAILABLE), False),
        ("hang", handoff(FailureCode.MODEL_TIMEOUT, engine="model"), False),
        ("hang", handoff(FailureCode.MODEL_TIMEOUT, status=HandoffStatus.COMPLETED), False),
        ("reset", handoff(FailureCode.MODEL_UNAVAILABLE), True),
        ("reset", handoff(None), False),
        ("lies", handoff(None), True),
        ("lies", handoff(FailureCode.INVALID_MODEL_OUTPUT), True),
        ("lies", handoff(FailureCode.MODEL_UNAVAILABLE), False),
    ],
)
def test_a_handoff_is_right_when_it_says_what_happened(fault: str, of: Handoff, right: bool) -> None:
    assert met(fault, of).is_right is right


def test_the_figures_are_those_of_hand_worked_handoffs() -> None:
    fault_figures = figures(
        [
            met("good", handoff(None), -500.0),
            met("good", handoff(FailureCode.MODEL_TIMEOUT), 49.0),
            met("good", handoff(FailureCode.INVALID_MODEL_OUTPUT), 51.0, "a lie", "another"),
            met("hang", handoff(FailureCode.MODEL_TIMEOUT), 100.0, first_late_ms=60.0),
        ],
        concurrency=2,
    )
    assert (
        fault_figures.n,
        fault_figures.in_time,
        fault_figures.late_before_model,
        fault_figures.wrong,
        fault_figures.no_time,
    ) == (4, 2, 1, 1, 1)
    assert (fault_figures.unsupported, fault_figures.late_p50_ms, fault_figures.late_max_ms) == (2, 50.0, 100.0)
    assert fault_figures.faults["hang"].n == 1
    assert fault_figures.faults["hang"].in_time == 0


def test_what_a_conversation_does_not_bear_out_is_found_in_a_brief() -> None:
    about = dialogue(0)
    ids = frozenset({"int_1"})
    claim = Claim(text=about.truths[0].text, evidence=("int_1",), support=1.0)
    assert unsupported(about, handoff(None, situation=about.truths[0].text, claims=(claim,)), ids) == []
    lie = about.lies[0].text
    assert lie in unsupported(about, handoff(None, situation=f"{about.truths[0].text} {lie}"), ids)
    strange = claim.model_copy(update={"evidence": ("int_9",)})
    assert unsupported(about, handoff(None, claims=(strange,)), ids) == [claim.text]
    assert unsupported(about, handoff(None, headline="About order ZX11111"), ids) == ["ZX11111"]


def test_a_dialogue_is_the_same_each_time_and_tells_its_number() -> None:
    assert dialogue(41, seed=3) == dialogue(41, seed=3)
    assert dialogue(41, seed=3).drafts != dialogue(41, seed=4).drafts
    assert number_in(dialogue(41).drafts[0].text) == 41


def test_the_labelled_lies_are_of_every_kind_and_none_of_them_is_said() -> None:
    dialogues = [dialogue(number) for number in range(12)]
    lies = [(lie, of) for of in dialogues for lie in of.lies]
    assert {lie.kind for lie, _ in lies} == set(LIE_KINDS)
    assert not [lie.text for lie, of in lies if lie.text in {truth.text for truth in of.truths}]
    assert all("{" not in sentence.text for of in dialogues for sentence in (*of.lies, *of.truths))


async def test_every_fault_leaves_a_handoff_that_says_rightly_what_happened(settings: Settings) -> None:
    fault_figures = await evaluate(settings, handoffs=len(CODES), concurrency=4)
    assert fault_figures.n == len(CODES)
    assert fault_figures.wrong == 0
    assert {fault: of.n for fault, of in fault_figures.faults.items()} == dict.fromkeys(CODES, 1)


def test_a_small_models_handoff_is_good_with_a_reason_a_situation_and_evidence() -> None:
    claim = Claim(text="The parcel is late.", evidence=("int_1",), support=1.0)
    assert is_good(handoff(None, contact_reason="The parcel is late.", situation="It is late.", claims=(claim,)))
    assert not is_good(handoff(None, contact_reason="The parcel is late."))
    assert is_labelled_rightly(handoff(FailureCode.MODEL_TIMEOUT))
    assert not is_labelled_rightly(handoff(FailureCode.MODEL_UNAVAILABLE))
    assert not is_labelled_rightly(handoff(FailureCode.MODEL_TIMEOUT, engine="model"))
