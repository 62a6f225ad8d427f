"""What the linter finds in catalogues that load: mistakes planted one by one, and nothing where there is none."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from app.actions import read_catalogue
from app.actions.intents import IntentLearner
from app.actions.lint import CatalogueLinter
from app.actions.lint.formulas import always_holds, can_hold
from app.actions.lint.linter import remarks_on
from app.actions.lint.terms import UnreadTerm, term_of
from app.adapters.embeddings import MiniLM
from app.models import CatalogueFinding, CatalogueReport

PLANTED = Path(__file__).parent / "planted"
LINTER = CatalogueLinter(IntentLearner(MiniLM()))
CLEAN: dict[str, CatalogueReport] = {}


def plantings(name: str) -> Sequence[Any]:
    """The mistakes to plant: each with what to write instead of what, and where it must be noticed."""
    return [pytest.param(entry, id=entry["mistake"]) for entry in json.loads((PLANTED / name).read_text("utf-8"))]


async def noticed(base: str, planting: Mapping[str, Any]) -> Sequence[CatalogueFinding]:
    """The errors and warnings at the planted mistake that are not there without it."""
    text = (PLANTED / base).read_text(encoding="utf-8")
    assert text.count(planting["old"]) == 1
    if base not in CLEAN:
        CLEAN[base] = await LINTER.check(text)
    before = {(finding.code, finding.what) for finding in CLEAN[base].findings}
    planted = await LINTER.check(text.replace(planting["old"], planting["new"]))
    return [
        finding
        for finding in planted.findings
        if (finding.code, finding.what) not in before
        and finding.severity != "hint"
        and any(finding.path.startswith(path) for path in planting["where"])
        and finding.code in planting.get("codes", [finding.code])
    ]


def small(*changes: tuple[str, str]) -> str:
    """The cycle hire's catalogue after some changes."""
    text = (PLANTED / "cycles.yaml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def codes(text: str) -> set[str]:
    """The codes of everything that is said of a catalogue, its examples apart."""
    return {remark.code for remark in remarks_on(read_catalogue(text))}


# --- planted mistakes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("base", ["cycles.yaml", "veterinary.yaml"])
async def test_a_clean_catalogue_has_neither_errors_nor_warnings(base: str) -> None:
    report = await LINTER.check((PLANTED / base).read_text(encoding="utf-8"))
    assert [finding for finding in report.findings if finding.severity != "hint"] == []
    assert report.examples_compared_by == "meaning"


@pytest.mark.parametrize("planting", plantings("cycles.json"))
async def test_ten_of_ten_kinds_of_planted_mistakes_are_noticed(planting: Mapping[str, Any]) -> None:
    assert await noticed("cycles.yaml", planting)


@pytest.mark.parametrize("planting", plantings("veterinary.json"))
async def test_mistakes_that_were_planted_before_there_were_rules_are_noticed(planting: Mapping[str, Any]) -> None:
    assert await noticed("veterinary.yaml", planting)


async def test_of_mistakes_that_only_the_trade_knows_four_of_ten_are_noticed() -> None:
    """A measure of what the linter does not see, so that nobody takes its silence for a proof."""
    found_at = [
        bool(await noticed("cycles.yaml", planting))
        for planting in json.loads((PLANTED / "cycles_subtle.json").read_text("utf-8"))
    ]
    assert (sum(found_at), len(found_at)) == (4, 10)


# --- how it is told ---------------------------------------------------------------------------------------------------


async def test_a_finding_names_its_line_its_path_what_is_wrong_and_how_to_mend_it() -> None:
    text = small(("label: Repair it together", "label: Repair it together while somebody holds the wheel"))
    (finding,) = (await CatalogueLinter().check(text)).findings
    line = text.splitlines().index("    label: Repair it together while somebody holds the wheel") + 1
    assert (finding.severity, finding.code, finding.name) == ("warning", "long_label", "guide_repair")
    assert (finding.path, finding.line) == ("actions[2].label", line)
    assert "49 characters" in finding.what
    assert finding.mend


async def test_what_does_not_load_is_told_as_errors_with_their_lines() -> None:
    report = await CatalogueLinter().check(small(("{hire_id}. It is yours", "{hire}. It is yours")))
    (finding,) = report.findings
    assert (report.name, finding.severity, finding.code, finding.path) == (
        *(None, "error", "does_not_load"),
        "actions[3].script",
    )
    assert finding.line is not None


async def test_without_an_embedder_shared_words_tell_which_examples_are_alike() -> None:
    text = small(("      - The gears are stuck\n", "      - How do I extend my hire please?\n"))
    report: CatalogueReport = await CatalogueLinter().check(text)
    assert report.examples_compared_by == "words"
    (finding,) = report.findings
    assert finding.code == "overlapping_examples"
    assert "breakdown" in finding.what
    assert "100% alike in words" in finding.what


async def test_the_same_sentence_under_two_intents_is_an_error() -> None:
    report = await CatalogueLinter().check(
        small(("      - The gears are stuck\n", "      - i will be an HOUR late!\n"))
    )
    assert [(finding.severity, finding.code) for finding in report.findings] == [("error", "overlapping_examples")]


# --- policies ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "expressions",
    [
        ["facts.a > 5 && facts.a < 3"],
        ["facts.a == 'x' && facts.a in ['y', 'z']"],
        ["facts.a >= 5", "facts.a < 5"],
        ["has(facts.a) && !has(facts.a)"],
        ["!has(facts.a)", "facts.a == 1"],
        ["!has(facts.a)", "facts.a.b == 1"],
        ["signals.silence > 1.0"],
        ["conversation.intents.hire >= 1.5"],
        ["customer.verification_status == 'confirmed'"],
        ["conversation.channel == 'letterbox'"],
        ["conversation.steps.get_order == 'done'"],
        ["conversation.messages < 0"],
        ["said('x') && !said('x')"],
        ["!(facts.a == true || facts.a == false) && facts.a == true"],
        ["now - facts.at <= duration('24h')", "now - facts.at > duration('2880m')"],
        ["double(facts.a) < 1.0 && facts.a > 2"],
        ["1 > 2 && false"],
    ],
)
def test_rules_that_can_never_hold_together_are_recognised(expressions: list[str]) -> None:
    assert not can_hold(map(term_of, expressions))


@pytest.mark.parametrize(
    "expressions",
    [
        ["facts.a > 3 && facts.a < 5"],
        ["!has(facts.a) || facts.a > 3", "!has(facts.a) || facts.a < 2"],
        ["facts.a == 'x' || facts.b == 'y'", "facts.a != 'x'"],
        ["!(facts.a in ['x', 'y'])", "facts.a == 'z'"],
        ["facts.flights.exists(f, f.date < today)", "facts.flights.exists(f, f.date >= today)"],
        ["facts.a ? facts.b > 1 : facts.b < 0"],
        ["facts['a b'] == 1 && -facts.c == -2"],
        ["now - facts.at <= duration('24h')", "now - facts.at > duration('2h')"],
        ["string(facts.a) == '5'", "facts.a == 5"],
        ["size(facts.list) > 2 && facts.list[0].x == 'y'"],
    ],
)
def test_rules_that_may_hold_together_are_left_alone(expressions: list[str]) -> None:
    assert can_hold(map(term_of, expressions))


def test_a_policy_with_very_many_alternatives_is_left_alone() -> None:
    wide = " && ".join(f"(facts.a{number} == 1 || facts.b{number} == 2)" for number in range(16))
    assert can_hold([term_of(wide), term_of("facts.c > 1 && facts.c < 1")])


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("!has(facts.a) || has(facts.a)", True),
        ("signals.silence >= 0.0", True),
        ("!has(facts.a) || facts.a < 5 || facts.a >= 5", True),
        ("facts.a < 5", False),
        ("!has(facts.a) || facts.a < 5", False),
    ],
)
def test_a_rule_that_closes_nothing_is_recognised(expression: str, *, holds: bool) -> None:
    assert always_holds(term_of(expression)) is holds


@pytest.mark.parametrize("expression", ["a b", "(", "a ?", "[1"])
def test_what_is_no_expression_is_said_to_be_none(expression: str) -> None:
    with pytest.raises(UnreadTerm):
        term_of(expression)


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("conversation.steps.SendMechanic == 'succeeded'", "unknown_step"),
        ("!has(conversation.steps.fetch_van)", "unknown_step"),
        ("conversation.intents['hires'] > 0.2", "unknown_field"),
        ("signals['anger'] > 0.2", "unknown_field"),
        ("customer.tier == 'gold'", "unknown_field"),
        ("facts.van_colour == 'red'", "unknown_fact"),
        ("facts.deposit >= '50'", "type_mismatch"),
        ("facts.deposit in []", "never_opens"),
    ],
)
def test_a_rule_that_asks_for_what_nothing_gives_is_noticed(expression: str, code: str) -> None:
    assert code in codes(small(("\"!said('brake*')\"", f'"{expression}"')))


# --- what can come up, and what it needs ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("audience: [bot]", "audience: []", "no_audience"),
        ("    intents: {deposit: 0.7}\n    instead_of: {release_deposit: 0.9}", "    value: 1.0", "never_called"),
        ("    intents: {deposit: 0.7}", "    propensity: 0\n    intents: {deposit: 0.7}", "score_is_zero"),
        ("{breakdown: 0.7}", "{breakdown: 0.7, hire: 0.01}", "fit_too_small"),
        ("instead_of: {send_mechanic: 0.8}", "instead_of: {guide_repair: 0.8}", "stands_in_for_itself"),
        ("aliases: [prolong_hire]", "aliases: [Book cycle]".replace(" c", "_c"), "name_used_twice"),
        ("    intents: {hire: 1.0}", "    intents: {deposit: 0.1}", "unserved_intent"),
        ("intents:\n", "friction_ladder: {escalate: 0.99}\nintents:\n", "unreachable_level"),
        ("levels: {route: 0.7, escalate: 1.0}", "levels: {route: 0.7}", "empty_level"),
        ("from: [mention.date], required: false", "required: true", "no_source"),
        (
            "{name: arrival, from",
            "{name: arrival, type: boolean, from: [mention.date], required: false}\n      - {name: x, from",
            "type_mismatch",
        ),
        ("type: number, from: [fact.deposit]", "type: number, from: [identifier.phone]", "type_mismatch"),
        (
            "{name: until, type: date, from: [mention.date]",
            "{name: until, type: date, from: [mention.code]",
            "type_mismatch",
        ),
        ('pattern: "HIRE-[0-9]{5}", ', "", "loose_pattern"),
        ('pattern: "HIRE-[0-9]{5}"', 'pattern: ".*"', "loose_pattern"),
        ("Let us look at it together.", "Your order is on its way.", "missing_parameter"),
        ("It is yours until {until}.", "It is yours until {until}. You pay 20 EUR.", "promised_amount"),
        ("It is yours until {until}.", "You will get all your money back.", "promised_outcome"),
        ("It is yours until {until}.", "Which hire number is it?", "asks_for_filled"),
        ("It is yours until {until}.", "It is yours until {the date}.", "bad_placeholder"),
        ("    script: Let us look at it together. What do you see?\n", "", "no_script"),
        ("    repeatable: true\n", "    contact_policy: {max_offers: 1, per_days: 0.01}\n", "idle_cap"),
    ],
)
def test_each_kind_of_slip_has_its_code(old: str, new: str, code: str) -> None:
    assert codes(small()) == set()
    assert code in codes(small((old, new)))


def test_what_is_only_asked_or_ordered_promises_no_time() -> None:
    asked = small(("Let us look at it together.", "Please wait for ten minutes. Shall we talk tomorrow?"))
    assert "promised_time" not in codes(asked)


def test_an_action_that_scores_below_three_open_ones_everywhere_is_noticed() -> None:
    others = "".join(
        f"  - {{id: look_{number}, label: Look {number}, intents: {{deposit: 0.9}}, script: Let me look.}}\n"
        for number in range(3)
    )
    faint = "  - {id: faint, label: Faint, intents: {deposit: 0.1}, script: Let me see.}\n"
    assert "never_among_three" in codes(small() + others + faint)
    assert "never_among_three" not in codes(small() + faint)
