"""Suggestions of who may be one person: what is compared, what is found, and what somebody's decision does."""

import json
import random
import sys
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import pytest

from app.adapters.splink_linkage import LEARN_FROM, SplinkLinkage
from app.bootstrap import build
from app.errors import ConfigurationError, IdentityConflict, InvalidRequest, NotFound
from app.identity.profiles import MOST_HOLDERS, Profiles
from app.models import ComparedField, Identifier, Interaction, Kind, Likeness, Suggestion, SuggestionStatus
from app.ports import LinkageRecord
from app.services import App
from app.settings import Settings
from tests.conftest import WordEmbedder
from tests.support.builders import draft, interaction

TENANT = "default"
AT_LEAST = 0.9
PERSON = {"given_name": "Greta", "surname": "Muster", "birth_date": "1980-02-03", "postcode": "12345", "city": "Town"}
MISSPELT = PERSON | {"given_name": "Gretta", "city": "Towm"}
SOMEBODY = {"given_name": "Otto", "surname": "Normal", "birth_date": "1955-11-30", "postcode": "99999", "city": "Port"}
OPEN, CONFIRMED, DISMISSED = SuggestionStatus.OPEN, SuggestionStatus.CONFIRMED, SuggestionStatus.DISMISSED


def read(*rows: Interaction) -> dict[str, dict[str, str]]:
    """What is compared of each identity after these interactions."""
    profiles = Profiles()
    for row in rows:
        profiles.read(row)
    return {
        linkage_record.record_id: {str(field): value for field, value in linkage_record.fields.items()}
        for linkage_record in profiles.records()
    }


def of_data(data: Mapping[str, Any], **fields: Any) -> dict[str, str]:
    return read(interaction(1, data=data, **fields)).get("cus_1", {})


# --- what is compared ---


@pytest.mark.parametrize(
    ("data", "compared"),
    [
        ({"first_name": " Zoë "}, {"given_name": "zoe"}),
        ({"lastName": "O'Muster-Mann"}, {"surname": "o muster mann"}),
        ({"full_name": "Greta Anna Muster"}, {"given_name": "greta anna", "surname": "muster"}),
        ({"dob": "1980-02-03T00:00:00Z"}, {"birth_date": "19800203"}),
        ({"date_of_birth": 19800203}, {"birth_date": "19800203"}),
        ({"zip": "AB1 2cd"}, {"postcode": "ab12cd"}),
        ({"address": {"Town": "Town"}}, {"city": "town"}),
        ({"street_number": 8, "street": "High Street"}, {"street": "8 high street"}),
        ({"email": " Somebody@Example.COM "}, {"email": "somebody@example.com"}),
        ({"mobile": "+44 20 7946 0958"}, {"phone": "079460958"}),
        ({"mobile": "020 7946 0958"}, {"phone": "079460958"}),
        ({"ssn": "123-45-6789"}, {"national_id": "123456789"}),
    ],
)
def test_a_common_key_is_read_and_brought_into_one_form(data: Mapping[str, Any], compared: dict[str, str]) -> None:
    assert of_data(data) == compared


@pytest.mark.parametrize(
    "data",
    [
        {"people": [{"first_name": "Otto"}]},
        {"recipient": {"first_name": "Otto"}},
        {"dob": "03/02/1980"},
        {"phone": "12345"},
        {"first_name": None, "zip": True, "city": " "},
        {"name": "a thing"},
    ],
)
def test_what_may_be_somebody_elses_or_has_to_be_guessed_is_not_compared(data: Mapping[str, Any]) -> None:
    assert of_data(data) == {}


def test_the_result_of_a_tool_is_read_and_a_message_that_looks_like_one_is_not() -> None:
    text = json.dumps({"name": {"first_name": "Greta"}})

    assert read(interaction(1, text, kind=Kind.TOOL_RESULT)) == {"cus_1": {"given_name": "greta"}}
    assert read(interaction(1, text)) == {}
    assert read(interaction(1, "[1]", kind=Kind.TOOL_RESULT)) == {}


def test_of_several_values_the_newest_counts_and_a_redacted_one_does_not() -> None:
    rows = [interaction(seq, data={"city": city}) for seq, city in enumerate(["Old", "New", "Gone"])]
    rows[2] = rows[2].model_copy(update={"redacted": True})

    assert read(*rows) == {"cus_1": {"city": "new"}}


def test_identifiers_are_compared_by_their_kind() -> None:
    given = [("email", "A@Example.com"), ("work_handle", "@Someone"), ("account_id", "A 1"), ("cookie_id", "c")]
    row = interaction(1).model_copy(
        update={"identifiers": tuple(Identifier(type=kind, value=value) for kind, value in given)}
    )

    assert read(row) == {"cus_1": {"email": "a@example.com", "handle": "someone", "account_id": "A 1"}}


def test_a_value_that_too_many_share_tells_nobody_apart() -> None:
    def held_by(count: int) -> dict[str, dict[str, str]]:
        rows = (interaction(n, data={"email": "jones@mailhost.net"}, identity_id=f"cus_{n}") for n in range(count))
        return read(*rows)

    assert len(held_by(MOST_HOLDERS)) == MOST_HOLDERS
    assert held_by(MOST_HOLDERS + 1) == {}


# --- what is found ---


def record(record_id: str, **fields: str) -> LinkageRecord:
    return LinkageRecord(record_id=record_id, fields={ComparedField(name): value for name, value in fields.items()})


def crowd(people: int) -> list[LinkageRecord]:
    """Two records of each person, the second with a slip in one field or another; the same on every run."""
    chance = random.Random(7)

    def word(length: int) -> str:
        return "".join(chance.choice("abcdefghijklmnoprstuvw") for _ in range(length))

    names, surnames, towns = [[word(6) for _ in range(size)] for size in (60, 150, 40)]
    records: list[LinkageRecord] = []
    for number in range(people):
        fields = {
            "given_name": chance.choice(names),
            "surname": chance.choice(surnames),
            "birth_date": f"{chance.randint(1930, 2005)}{chance.randint(1, 12):02}{chance.randint(1, 28):02}",
            "street": f"{chance.randint(1, 90)} {word(8)}",
            "city": chance.choice(towns),
        }
        slip = chance.choice(list(fields))
        records.append(record(f"{number}a", **fields))
        records.append(record(f"{number}b", **fields | {slip: fields[slip][1:]}))
    return records


async def test_few_records_are_weighed_as_is_typical_and_explained_field_by_field() -> None:
    records = [
        record("a", given_name="greta", surname="muster", birth_date="19800203", email="greta@example.com"),
        record("b", given_name="gretta", surname="muster", birth_date="19800203", email="other@example.org"),
        record("c", given_name="otto", surname="normal", birth_date="19551130"),
    ]

    (pair,) = await SplinkLinkage().pairs(records, at_least=AT_LEAST)

    assert (pair.first, pair.second) == ("a", "b")
    assert {agreement.field: agreement.likeness for agreement in pair.agreements} == {
        "given_name": Likeness.SIMILAR,
        "surname": Likeness.SAME,
        "birth_date": Likeness.SAME,
        "email": Likeness.DIFFERENT,
    }
    assert all(
        (agreement.weight > 0) == (agreement.likeness is not Likeness.DIFFERENT) for agreement in pair.agreements
    )
    assert pair.probability == pytest.approx(1 / (1 + 2**-pair.weight), abs=0.001)


async def test_plenty_of_records_are_learnt_from_the_same_way_on_every_run() -> None:
    records = crowd(LEARN_FROM * 2)

    pairs = await SplinkLinkage().pairs(records, at_least=AT_LEAST)
    again = await SplinkLinkage().pairs(records, at_least=AT_LEAST)

    right = [pair for pair in pairs if pair.first[:-1] == pair.second[:-1]]
    assert len(right) / len(pairs) > 0.98
    assert len(right) / (LEARN_FROM * 2) > 0.95
    assert pairs == again
    typical = await SplinkLinkage().pairs(records[:20], at_least=AT_LEAST)
    learnt = {(pair.first, pair.second): pair.agreements for pair in pairs}
    assert typical
    assert all(learnt[pair.first, pair.second] != pair.agreements for pair in typical)


@pytest.mark.parametrize(
    "records",
    [[], [record("a", email="a@example.com")], [record("a", city="town"), record("b", city="town")]],
    ids=["none", "one", "nothing-telling"],
)
async def test_where_nothing_can_be_compared_nothing_is_found(records: list[LinkageRecord]) -> None:
    assert await SplinkLinkage().pairs(records, at_least=AT_LEAST) == []


async def test_without_the_extra_it_is_told_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "splink", None)

    with pytest.raises(ConfigurationError, match=r"pip install 'warmline\[linkage\]'"):
        await SplinkLinkage().require()


# --- what becomes of it ---


@pytest.fixture
async def app(settings: Settings) -> AsyncGenerator[App]:
    """An App whose index is at rest."""
    built = build(settings, embedder=WordEmbedder())
    yield built
    await built.close()


async def filed(app: App, *people: Mapping[str, Any], tenant: str = TENANT, account: str | None = None) -> list[str]:
    """The customers whom these data made, with a verified account if one is given."""
    identifiers = [Identifier(type="account_id", value=account, verified=True)] if account else []
    answer = await app.interactions.record(
        tenant, [draft(data=dict(person), identifiers=identifiers) for person in people]
    )
    return [result.customer_id or "" for result in answer.results]


async def suggested(app: App, tenant: str = TENANT) -> tuple[Suggestion, ...]:
    return (await app.customers.suggest_identities(tenant, at_least=AT_LEAST)).suggestions


async def test_two_customers_who_look_alike_are_suggested_with_what_speaks_for_it(app: App) -> None:
    customer, _, other = await filed(app, PERSON, SOMEBODY, MISSPELT)
    heard: list[tuple[int, int]] = []

    def tell(done: int, total: int) -> None:
        heard.append((done, total))

    run = await app.customers.suggest_identities(TENANT, at_least=AT_LEAST, progress=tell)

    (suggestion,) = run.suggestions
    assert (run.compared, run.new, heard) == (3, 1, [(3, 3)])
    assert suggestion.customer_ids == (customer, other)
    assert suggestion.status is OPEN
    rows = (await app.interactions.timeline(TENANT, customer)).interactions + (
        await app.interactions.timeline(TENANT, other)
    ).interactions
    assert set(suggestion.evidence) == {row.interaction_id for row in rows}
    weights = [agreement.weight for agreement in suggestion.agreements]
    assert weights == sorted(weights, reverse=True)
    assert "Muster" not in suggestion.model_dump_json()
    assert "muster" not in suggestion.model_dump_json()
    assert await app.customers.suggestions(TENANT, OPEN) == [suggestion]
    assert (await app.customers.customer(TENANT, other)).customer_id == other


async def test_suggesting_again_files_nothing_twice(app: App) -> None:
    await filed(app, PERSON, MISSPELT)
    (first,) = await suggested(app)

    again = await app.customers.suggest_identities(TENANT, at_least=AT_LEAST)

    assert (again.new, again.suggestions) == (0, (first,))
    assert len(await app.customers.suggestions(TENANT, OPEN)) == 1


async def test_confirming_joins_under_the_older_customer_and_can_be_undone(app: App) -> None:
    customer, other = await filed(app, PERSON, MISSPELT)
    (suggestion,) = await suggested(app)

    confirmed = await app.customers.confirm_suggestion(TENANT, suggestion.suggestion_id)

    assert (confirmed.status, (await app.customers.customer(TENANT, other)).customer_id) == (CONFIRMED, customer)
    assert await app.customers.suggestions(TENANT, CONFIRMED) == [confirmed]
    assert confirmed.merge_id is not None
    undone = await app.customers.unmerge(TENANT, customer, confirmed.merge_id)
    assert undone.evidence == suggestion.evidence
    assert suggestion.suggestion_id in undone.reason
    assert "birth_date" in undone.reason
    assert (await app.customers.customer(TENANT, other)).customer_id == other
    assert await suggested(app) == ()


async def test_a_dismissed_pair_is_not_suggested_again_not_even_under_another_id(app: App) -> None:
    customer, other = await filed(app, PERSON, MISSPELT)
    (suggestion,) = await suggested(app)

    dismissed = await app.customers.dismiss_suggestion(TENANT, suggestion.suggestion_id)

    assert (dismissed.status, await suggested(app)) == (DISMISSED, ())
    assert (await app.customers.customer(TENANT, other)).customer_id == other
    (survivor,) = await filed(app, SOMEBODY)
    await app.customers.merge(TENANT, survivor, customer)
    assert await suggested(app) == ()
    assert await app.customers.suggestions(TENANT, OPEN) == []


async def test_customers_of_different_accounts_are_neither_suggested_nor_joined(app: App) -> None:
    await filed(app, PERSON, account="A1")
    (other,) = await filed(app, MISSPELT)
    (suggestion,) = await suggested(app)
    second = draft(conversation_id="c", data=dict(MISSPELT))
    (filed_in,) = (await app.interactions.record(TENANT, [second])).results
    assert filed_in.customer_id
    await app.customers.merge(TENANT, other, filed_in.customer_id)
    await app.interactions.record(
        TENANT, [draft(conversation_id="c", identifiers=[Identifier(type="account_id", value="A2", verified=True)])]
    )

    with pytest.raises(IdentityConflict):
        await app.customers.confirm_suggestion(TENANT, suggestion.suggestion_id)
    assert await suggested(app) == ()
    (still,) = await app.customers.suggestions(TENANT, OPEN)
    assert still == suggestion


async def test_customers_whom_somebody_took_apart_are_not_suggested(app: App) -> None:
    customer, other = await filed(app, PERSON, MISSPELT)
    merge = await app.customers.merge(TENANT, customer, other)
    assert await suggested(app) == ()
    await app.customers.unmerge(TENANT, customer, merge.merge_id)

    assert await suggested(app) == ()


async def test_an_open_suggestion_is_gone_once_its_customers_are_one(app: App) -> None:
    customer, other = await filed(app, PERSON, MISSPELT)
    await suggested(app)

    await app.customers.merge(TENANT, customer, other)

    assert await app.customers.suggestions(TENANT, OPEN) == []


async def test_a_confirmed_suggestion_is_not_dismissed_and_an_unknown_one_not_found(app: App) -> None:
    await filed(app, PERSON, MISSPELT)
    (suggestion,) = await suggested(app)
    await app.customers.confirm_suggestion(TENANT, suggestion.suggestion_id)

    with pytest.raises(InvalidRequest, match="undo the merge"):
        await app.customers.dismiss_suggestion(TENANT, suggestion.suggestion_id)
    with pytest.raises(IdentityConflict):
        await app.customers.confirm_suggestion(TENANT, suggestion.suggestion_id)
    for decide in (app.customers.confirm_suggestion, app.customers.dismiss_suggestion):
        with pytest.raises(NotFound, match="identities suggestions"):
            await decide(TENANT, "sug_0")


async def test_two_tenants_never_meet_in_a_suggestion(app: App) -> None:
    await filed(app, PERSON, tenant="one")
    await filed(app, MISSPELT, tenant="two")

    assert await suggested(app, "one") == ()
    await filed(app, MISSPELT, tenant="one")
    (suggestion,) = await suggested(app, "one")
    assert await app.customers.suggestions("two", OPEN) == []
    with pytest.raises(NotFound):
        await app.customers.confirm_suggestion("two", suggestion.suggestion_id)
