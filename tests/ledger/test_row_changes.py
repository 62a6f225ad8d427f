"""Edits, deletions and partial transcripts: what counts in the end is the same in whichever order they arrive."""

from collections.abc import AsyncGenerator, Sequence
from datetime import timedelta
from itertools import permutations

import pytest

from app.adapters.memory import MemoryLedger
from app.adapters.sql import SqlStore
from app.identity import Rules
from app.ledger import Recorder
from app.models import (
    Identifier,
    Interaction,
    InteractionDraft,
    Kind,
    Recorded,
    Visibility,
    resolved_ids,
    reworded,
    standing_rows,
)
from app.ports import Ledger
from tests.support.builders import START, draft, interaction

WHO = (Identifier(type="account_id", value="a-1", verified=True),)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def ledger(request: pytest.FixtureRequest) -> AsyncGenerator[Ledger]:
    store = MemoryLedger() if request.param == "memory" else SqlStore(request.getfixturevalue(request.param))
    yield store
    await store.close()


async def record(ledger: Ledger, *rows: InteractionDraft) -> Sequence[Recorded]:
    recorder = Recorder(ledger, Rules())
    results = await recorder.record("t", rows)
    await recorder.close()
    return results


async def timeline(ledger: Ledger) -> list[Interaction]:
    return [row for _, _, row in await ledger.after_position(0, 1000)]


def at(minute: int) -> dict[str, object]:
    return {"occurred_at": START + timedelta(minutes=minute), "conversation_id": "talk"}


MESSAGE = draft("pause it until July", id="m1", identifiers=WHO, **at(0))
FIRST_EDIT = draft("pause it until August", id="e1", kind="edit", target_id="m1", **at(1))
SECOND_EDIT = draft("pause it until May", id="e2", kind="edit", target_id="m1", **at(2))
DELETION = draft("", id="d1", kind="deletion", target_id="m1", **at(3))


@pytest.mark.parametrize("order", list(permutations([MESSAGE, FIRST_EDIT, SECOND_EDIT])))
async def test_the_newest_wording_counts_in_whichever_order_edits_arrive(
    ledger: Ledger, order: Sequence[InteractionDraft]
) -> None:
    for row in order:
        (result,) = await record(ledger, row)
        assert result.problem is None
    (standing,) = standing_rows(await timeline(ledger))
    assert standing.text == "pause it until May"
    assert [wording.text for wording in standing.revisions] == ["pause it until July", "pause it until August"]
    assert standing.edited_at == SECOND_EDIT.occurred_at


@pytest.mark.parametrize("order", list(permutations([MESSAGE, FIRST_EDIT, DELETION])))
async def test_a_deletion_blanks_the_message_and_its_edits_in_whichever_order_they_arrive(
    ledger: Ledger, order: Sequence[InteractionDraft]
) -> None:
    for row in order:
        await record(ledger, row)
    rows = await timeline(ledger)
    assert {row.text for row in rows} == {""}
    (standing,) = standing_rows(rows)
    assert standing.redacted
    assert standing.deleted_at == DELETION.occurred_at
    assert standing.revisions == ()


OWN_NAMES = [
    row.model_copy(update={"identifiers": WHO}) if row.kind in (Kind.EDIT, Kind.DELETION) else row
    for row in (MESSAGE, FIRST_EDIT, DELETION)
]


@pytest.mark.parametrize("order", list(permutations(OWN_NAMES)))
async def test_an_edit_or_deletion_names_nobody_by_itself_in_whichever_order_they_arrive(
    ledger: Ledger, order: Sequence[InteractionDraft]
) -> None:
    for row in order:
        await record(ledger, row)
    rows = {row.id: row for row in await timeline(ledger)}
    assert (rows["e1"].identifiers, rows["d1"].identifiers) == ((), ())
    assert len({row.identity_id for row in rows.values()}) == 1


HIDING = draft("", id="h1", kind="edit", target_id="m1", visibility="internal", **at(2))


@pytest.mark.parametrize("order", list(permutations([MESSAGE, HIDING, DELETION])))
async def test_a_message_that_was_hidden_and_deleted_is_internal_in_whichever_order_they_arrive(
    ledger: Ledger, order: Sequence[InteractionDraft]
) -> None:
    for row in order:
        await record(ledger, row)
    (standing,) = standing_rows(await timeline(ledger))
    assert (standing.text, standing.redacted, standing.visibility) == ("", True, Visibility.INTERNAL)


AGAIN = draft("pause it until July", id="r1", kind="edit", target_id="m1", **at(1))
THERE = draft("pause it until May", id="r2", kind="edit", target_id="m1", **at(2))
BACK = draft("pause it until July", id="r3", kind="edit", target_id="m1", **at(3))
BACK_AGAIN = draft("pause it until July", id="r4", kind="edit", target_id="m1", **at(4))
AFTER_ALL = draft("pause it until May", id="r5", kind="edit", target_id="m1", **at(5))


async def test_an_edit_that_says_what_the_row_says_changes_nothing(ledger: Ledger) -> None:
    await record(ledger, MESSAGE)
    (row,), seen = standing_rows(await timeline(ledger)), await ledger.last_position()
    (receipt,) = await record(ledger, AGAIN)
    assert receipt.problem is None
    (same,) = standing_rows(await timeline(ledger))
    assert same == row
    assert (same.revisions, same.edited_at) == ((), None)
    read_again = [row.kind for _, _, row in await ledger.after_position(seen, 10)]
    assert read_again == [Kind.EDIT]
    (again,) = await record(ledger, AGAIN)
    assert again.duplicate


@pytest.mark.parametrize("order", list(permutations([MESSAGE, AGAIN, THERE, BACK])))
async def test_words_that_are_taken_back_to_what_they_were_count_in_whichever_order_the_edits_arrive(
    ledger: Ledger, order: Sequence[InteractionDraft]
) -> None:
    for row in order:
        await record(ledger, row)
    (standing,) = standing_rows(await timeline(ledger))
    assert standing.text == "pause it until July"
    assert [wording.text for wording in standing.revisions] == ["pause it until July", "pause it until May"]
    assert standing.edited_at == BACK.occurred_at


@pytest.mark.parametrize("order", list(permutations([THERE, BACK, BACK_AGAIN, AFTER_ALL])))
async def test_repetitions_are_remembered_for_what_arrives_between_them(
    ledger: Ledger, order: Sequence[InteractionDraft]
) -> None:
    for row in (MESSAGE, *order):
        await record(ledger, row)
    (standing,) = standing_rows(await timeline(ledger))
    assert [wording.at for wording in standing.revisions] == [row.occurred_at for row in (MESSAGE, THERE, BACK)]
    assert (standing.text, standing.edited_at) == ("pause it until May", AFTER_ALL.occurred_at)


async def test_the_same_words_with_another_attachment_are_an_edit(ledger: Ledger) -> None:
    photo, other = ({"attachments": [{"type": "image", "url": f"https://shop.example/{name}"}]} for name in "ab")
    with_photo = {"kind": "edit", "target_id": "m1"}
    await record(
        ledger,
        draft("pause it until July", id="m1", identifiers=WHO, data=photo, **at(0)),
        draft("pause it until July", id="e1", data=photo, **with_photo, **at(1)),
    )
    (same,) = standing_rows(await timeline(ledger))
    assert same.edited_at is None
    await record(ledger, draft("pause it until July", id="e2", data=other, **with_photo, **at(2)))
    (standing,) = standing_rows(await timeline(ledger))
    assert (standing.data, len(standing.revisions)) == (other, 1)


async def test_the_same_words_made_internal_are_hidden_and_not_edited(ledger: Ledger) -> None:
    hidden = {"visibility": "internal", "kind": "edit", "target_id": "m1"}
    await record(ledger, MESSAGE, draft("pause it until July", id="e1", **hidden, **at(1)))
    (standing,) = standing_rows(await timeline(ledger))
    assert (standing.visibility, standing.edited_at) == (Visibility.INTERNAL, None)


async def test_a_message_its_edit_and_its_deletion_may_come_in_one_request(ledger: Ledger) -> None:
    await record(ledger, SECOND_EDIT, MESSAGE, FIRST_EDIT)
    (standing,) = standing_rows(await timeline(ledger))
    assert standing.text == "pause it until May"


async def test_an_edit_delivered_twice_is_a_duplicate(ledger: Ledger) -> None:
    await record(ledger, MESSAGE, FIRST_EDIT)
    (again,) = await record(ledger, FIRST_EDIT)
    assert again.duplicate
    (message_again,) = await record(ledger, MESSAGE)
    assert message_again.duplicate
    (standing,) = standing_rows(await timeline(ledger))
    assert len(standing.revisions) == 1


async def test_an_edit_that_names_only_its_target_belongs_to_whom_the_target_belongs_to(ledger: Ledger) -> None:
    (first,) = await record(ledger, MESSAGE)
    (edit,) = await record(ledger, draft("later", id="e9", kind="edit", target_id="m1"))
    assert edit.customer_id == first.customer_id


async def test_an_edited_row_is_read_again_by_whoever_follows_the_write_order(ledger: Ledger) -> None:
    await record(ledger, MESSAGE)
    seen = await ledger.last_position()
    await record(ledger, FIRST_EDIT)
    texts = [row.text for _, _, row in await ledger.after_position(seen, 10)]
    assert "pause it until August" in texts


async def test_what_was_redacted_stays_blank_when_an_edit_arrives(ledger: Ledger) -> None:
    (first,) = await record(ledger, MESSAGE)
    await ledger.redact("t", first.interaction_id or "")
    await record(ledger, FIRST_EDIT)
    assert {row.text for row in await timeline(ledger)} == {""}


async def test_redacting_an_edited_message_forgets_what_it_said_before(ledger: Ledger) -> None:
    (first, _) = await record(ledger, MESSAGE, FIRST_EDIT)
    row = await ledger.redact("t", first.interaction_id or "")
    assert row is not None
    assert (row.text, row.revisions) == ("", ())


def spoken(text: str, *, partial: bool) -> InteractionDraft:
    return draft(text, id="u1", partial=partial, identifiers=WHO, **at(0))


async def test_the_whole_transcript_replaces_the_partial_ones(ledger: Ledger) -> None:
    await record(ledger, spoken("I want", partial=True))
    await record(ledger, spoken("I want my", partial=True))
    (whole,) = await record(ledger, spoken("I want my money back.", partial=False))
    assert not whole.duplicate
    assert [row.text for row in await timeline(ledger)] == ["I want my money back."]


async def test_a_partial_transcript_that_comes_late_changes_nothing(ledger: Ledger) -> None:
    (whole,) = await record(ledger, spoken("I want my money back.", partial=False))
    (late,) = await record(ledger, spoken("I want", partial=True))
    assert late.duplicate
    assert late.interaction_id == whole.interaction_id
    assert [row.text for row in await timeline(ledger)] == ["I want my money back."]


@pytest.mark.parametrize("together", [True, False])
async def test_of_two_partial_transcripts_the_newer_stands_whichever_comes_last(ledger: Ledger, together: bool) -> None:
    newer, older = (
        draft(text, id="u1", partial=True, identifiers=WHO, **at(minute)) for text, minute in (("I want", 2), ("I", 1))
    )
    results = await record(ledger, newer, older) if together else [*await record(ledger, newer)]
    results = results if together else [*results, *await record(ledger, older)]
    assert [result.duplicate for result in results] == [False, True]
    assert [row.text for row in await timeline(ledger)] == ["I want"]


async def test_partial_and_whole_transcripts_may_come_in_one_request(ledger: Ledger) -> None:
    results = await record(
        ledger, spoken("I", partial=True), spoken("I want it.", partial=False), spoken("I want", partial=True)
    )
    assert len({result.interaction_id for result in results}) == 1
    assert [row.text for row in await timeline(ledger)] == ["I want it."]


def test_a_partial_transcript_says_nothing_by_itself() -> None:
    partial = interaction(1, "I want").model_copy(update={"partial": True})
    assert standing_rows([partial]) == []


def test_what_agents_write_among_themselves_is_a_note() -> None:
    internal = interaction(1, "careful", actor="agent").model_copy(update={"visibility": Visibility.INTERNAL})
    (row,) = standing_rows([internal])
    assert row.kind is Kind.NOTE


def test_a_row_read_as_of_an_earlier_moment_has_the_wording_of_that_moment() -> None:
    row = interaction(0, "one", at=START)
    edited = reworded(row, [interaction(2, "three", at=START + timedelta(hours=2))])
    edited = reworded(edited, [interaction(1, "two", at=START + timedelta(hours=1))])
    wordings = [standing_rows([edited], START + timedelta(minutes=30 + 60 * hours))[0].text for hours in range(3)]
    assert wordings == ["one", "two", "three"]


def test_what_was_resolved_is_resolved_until_it_is_reopened() -> None:
    def step(seq: int, name: str) -> Interaction:
        return interaction(seq, kind="lifecycle", name=name, actor="system")

    rows = [interaction(1, "it is broken"), step(2, "resolved"), interaction(3, "and another thing")]
    assert resolved_ids(rows) == {"int_1", "int_2"}
    assert resolved_ids([*rows[:2], step(3, "reopened")]) == frozenset()


def test_the_end_of_a_conversation_leaves_it_resolved_unless_something_was_said_in_between() -> None:
    def step(seq: int, name: str) -> Interaction:
        return interaction(seq, kind="lifecycle", name=name, actor="agent")

    read = interaction(3, kind="event", name="message.read", actor="system", data={"bookkeeping": True})
    rows = [interaction(1, "it is broken"), step(2, "resolved"), read, step(4, "ended")]
    assert resolved_ids(rows) == {"int_1", "int_2", "int_3", "int_4"}
    assert resolved_ids([*rows[:2], interaction(3, "it is broken again"), step(4, "ended")]) == {"int_1", "int_2"}
    assert resolved_ids([rows[0], step(4, "ended")]) == frozenset()


def test_a_step_of_a_case_speaks_for_all_its_conversations() -> None:
    here = interaction(1, "it is broken").model_copy(update={"case_id": "k1"})
    there = interaction(2, kind="lifecycle", name="resolved", actor="system", conversation_id="c2")
    assert resolved_ids([here, there.model_copy(update={"case_id": "k1"})]) == {"int_1", "int_2"}
