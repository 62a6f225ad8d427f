"""What every ledger does with the analysis of an interaction, which it keeps beside the row."""

from app.ports import Ledger, NewAnalysis
from tests.contracts.test_ledger import ledger, new, rows, write

__all__ = ["ledger"]


async def test_what_was_read_off_a_text_comes_with_the_row_wherever_it_is_read(ledger: Ledger) -> None:
    who = ["cus_1"]
    await write(ledger, "t", rows(new("int_1", text="Hello there", conversation_id="c"), identities=who))
    await ledger.file_analyses("t", [NewAnalysis("int_1", "Hello there", '["1"]')])
    lately = await ledger.lately("t", who, conversation_id="c", limit=5, most=5)
    read = [
        *await ledger.by_ids("t", ["int_1"]),
        *await ledger.interactions("t", who),
        *(row for _, row in await ledger.windows("t", ["c"], limit=5)),
        *(row for _, _, row in await ledger.after_position(0, 5)),
        *await ledger.last_of_conversations("t", limit=5),
        *await ledger.mentioning("t", "hello", among=5, limit=5),
        *lately.newest,
        *lately.conversation,
    ]
    assert [getattr(row, "analysis", None) for row in read] == ['["1"]'] * 8
    assert all("analysis" not in row.model_dump() for row in read)


async def test_what_was_blanked_or_erased_since_it_was_read_is_not_told_again(ledger: Ledger) -> None:
    await write(ledger, "t", rows(new("int_1", text="secret"), new("int_2"), new("int_3"), identities=("cus_1",)))
    await ledger.lately("t", ["cus_1"], conversation_id=None, limit=9, most=9)
    await ledger.redact("t", "int_1")
    await ledger.erase_rows("t", ["int_2"])
    lately = await ledger.lately("t", ["cus_1"], conversation_id=None, limit=9, most=9)
    assert [(interaction.interaction_id, interaction.redacted) for interaction in lately.newest] == [
        ("int_1", True),
        ("int_3", False),
    ]
    assert lately.newest[0].text == ""
