"""The signals: one table, to which a signal is added as a module and a line."""

from pathlib import Path

from app.models import Signal, SignalType
from app.models.continuity import FrictionKind
from app.signals import SIGNALS
from tests.support.changed_copy import ChangedCopy

DETECTOR = '''"""Signals that lie in shouting."""

from collections.abc import Iterator

from app.signals.journey import Journey, Moment, quote


def shouting(journey: Journey) -> Iterator[Moment]:
    """Messages of the customer's in capitals."""
    for row in journey.customer_messages:
        if row.text.isupper():
            yield Moment(0.8, (row,), f"The customer shouts: “{quote(row.text)}”")
'''
ANSWER = """
import json
from app.models.continuity import FrictionKind
from app.signals import came_by_waiting, detect, explained
from tests.support.builders import interaction, snapshot

case = snapshot([interaction(1, "WHERE IS MY PARCEL")])
signals = detect(case)
print(json.dumps({
    "signals": [signal.model_dump(mode="json") for signal in signals],
    "friction": explained(signals, case.now).model_dump(mode="json"),
    "by_waiting": [came_by_waiting(signal, case) for signal in signals],
    "kind": FrictionKind("shouting").value,
}))
"""


def test_a_signal_is_added_by_a_module_and_a_line_under_its_public_name(tmp_path: Path) -> None:
    copy = ChangedCopy(tmp_path)
    (copy.app / "signals" / "shouting.py").write_text(DETECTOR, encoding="utf-8")
    copy.insert("models/signals.py", before="HUMAN_REQUEST =", lines='    SHOUTING = "shouting"\n')
    copy.insert("signals/table.py", before="SIGNALS:", lines="from app.signals.shouting import shouting\n\n")
    copy.insert(
        "signals/table.py",
        before="SignalRule(SignalType.HUMAN_REQUEST",
        lines="    SignalRule(SignalType.SHOUTING, shouting, 0.5, is_got_over=True),\n",
    )
    answer = copy.answer(ANSWER)
    (signal,) = answer["signals"]
    assert (signal["type"], signal["detail"]) == ("shouting", "The customer shouts: “WHERE IS MY PARCEL”")
    assert answer["friction"]["components"][0]["share"] == 0.4
    assert answer["by_waiting"] == [False]
    assert answer["kind"] == "shouting"
    handoff = copy.handoff({"id": "s", "turns": [{"role": "customer", "text": "WHERE IS MY PARCEL"}]})
    assert "shouting" in {signal["type"] for signal in handoff["signals"]}


def test_every_type_of_signal_has_one_line_in_the_table() -> None:
    assert sorted(rule.type for rule in SIGNALS) == sorted(SignalType)
    assert len({rule.detect for rule in SIGNALS}) == len(SIGNALS)
    assert all(0 < rule.weight < 1 for rule in SIGNALS)


def test_every_signal_may_be_what_went_wrong_at_a_moment() -> None:
    assert {signal.value for signal in SignalType} < {kind.value for kind in FrictionKind}
    assert Signal.model_fields["type"].annotation is SignalType
