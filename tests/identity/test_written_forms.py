"""Forms of one number or address are one person, however platforms write them, and never two people."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from app.identity import Rules
from app.identity.normalise import key_of
from app.identity.written_forms import WHATSAPP_USER
from app.models import Channel, Identifier, Match
from app.ports import Changes, NewHolding
from tests.support.builders import draft
from tests.support.identity_world import ACCOUNT, World, claimed, proved, world_with

GERMAN = """+4915771112233|4915771112233|4915771112233@s.whatsapp.net|4915771112233:3@s.whatsapp.net|4915771112233@c.us
|whatsapp:+4915771112233|whatsapp:4915771112233|tel:+49-1577-111-2233|TEL:+49(1577)1112233|sip:+4915771112233@pbx.example
|sips:+4915771112233@pbx.example;user=phone|"Ida Roth" <sip:+4915771112233@pbx.example>|Ida Roth <+4915771112233>
|<tel:+4915771112233>|0049 1577 1112233|(0049) 1577/1112233|+49 (0)1577 111 22 33|+49.1577.111.2233|sms:+4915771112233
|tel:%2B4915771112233|\u202a+49 1577 1112233\u202c""".split("|")
PAIRS = [
    ("+5521998761234", "+552198761234"),
    ("552198761234@c.us", "+55 21 99876-1234"),
    ("+5213312345670", "+52 33 1234 5670"),
    ("5213312345670@s.whatsapp.net", "+523312345670"),
    ("5493514123456@c.us", "+54 351 412 3456"),
    ("+54 351 15 412 3456", "+5493514123456"),
    ("+22997123456", "+229 01 97 12 34 56"),
    ("+22548123456", "+225 07 48 12 34 56"),
    ("+49 30 123456;ext=12", "tel:+4930123456;ext=12"),
]
ADDRESSES = """ida@firma.de|IDA@Firma.DE|mailto:ida@firma.de|mailto:ida@firma.de?subject=Hi|<ida@firma.de>
|Ida <ida@firma.de>|"Roth, Ida" <Ida@firma.de>|ida@firma.de (Ida Roth)|Ida (ida@firma.de)|SMTP:ida@firma.de
|'ida@firma.de'|mailto:ida%40firma.de|Ida <ida@firma.de>;""".split("|")
APART = [
    ("+5511771234567", "+551171234567"),  # a land line has no ninth digit to lose
    ("+551131234567", "+5511931234567"),
    ("+49 30 123456", "+49 30 123456 ext. 7"),
    ("+49 30 123456 ext. 8", "+49 30 123456 ext. 7"),
    ("13051234567", "+13051234567"),  # so long a national number may be as well
    ("030 1234567", "+49 30 1234567"),
    ("4930123456", "+4930123456"),
    ("98765432109876@lid", "+98765432109876"),
    ("+525512345678", "+515512345678"),
    ("sip:4930123456@pbx.example", "+49301234567"),
]
OTHER_ADDRESSES = [
    ("ida@firma.de", "ida@firma.com"),
    ("i.da@firma.de", "ida@firma.de"),
    ("ida+kind@gmail.com", "ida@gmail.com"),
    ("Ida <otto@firma.de>", "ida@firma.de"),
]


@pytest.fixture
def world() -> World:
    return world_with(Rules())


async def on_whatsapp(world: World, value: str, *, verified: bool = True) -> str:
    identifier = Identifier(type="phone", value=value, verified=verified)
    [result] = await world.recorder.record("t", [draft("Hi.", identifiers=(identifier,), channel=Channel.WHATSAPP)])
    assert result.customer_id
    return result.customer_id


@pytest.mark.parametrize("prove", [proved, claimed])
async def test_every_form_of_one_number_leads_to_one_customer(
    world: World, prove: Callable[[str, str], Identifier]
) -> None:
    owners = {form: await world.whose(prove("phone", form)) for form in GERMAN}
    assert len(set(owners.values())) == 1, owners


@pytest.mark.parametrize(("one_form", "another"), [*PAIRS, *((b, a) for a, b in PAIRS)])
async def test_a_number_of_the_former_plan_and_of_todays_is_one(world: World, one_form: str, another: str) -> None:
    assert await world.whose(proved("phone", one_form)) == await world.whose(proved("phone", another))


@pytest.mark.parametrize("kind", ["email", "E-Mail", "email_address"])
async def test_every_form_of_one_address_leads_to_one_customer(world: World, kind: str) -> None:
    owners = {form: await world.whose(proved(kind, form)) for form in ADDRESSES}
    assert len(set(owners.values())) == 1, owners
    assert await world.whose(proved("email", "ida@firma.de")) in owners.values()


@pytest.mark.parametrize("value", ["i.d.a@gmail.com", "ida@googlemail.com", "Ida@GoogleMail.com"])
def test_a_mailbox_of_google_is_one_under_both_names_and_with_any_full_stop(value: str) -> None:
    assert key_of("email", value) == ("email", "ida@gmail.com")


@pytest.mark.parametrize(("one_person", "another"), APART)
async def test_two_numbers_that_only_look_alike_stay_two(world: World, one_person: str, another: str) -> None:
    assert await world.whose(proved("phone", one_person)) != await world.whose(proved("phone", another))


@pytest.mark.parametrize(("one_person", "another"), OTHER_ADDRESSES)
async def test_two_addresses_that_only_look_alike_stay_two(world: World, one_person: str, another: str) -> None:
    assert await world.whose(proved("email", one_person)) != await world.whose(proved("email", another))


async def test_on_whatsapp_digits_are_the_whole_number_and_on_the_phone_they_may_be_a_national_one(
    world: World,
) -> None:
    caller = await world.whose(proved("phone", "+13052345678"))
    assert await on_whatsapp(world, "13052345678") == caller
    assert await world.whose(proved("phone", "13052345678")) != caller
    assert await on_whatsapp(world, "0176 1234567") == await world.whose(proved("phone", "01761234567"))


@pytest.mark.parametrize("kind", ["wa_id", "whatsapp", "msisdn", "WhatsApp_ID"])
async def test_a_type_that_always_has_the_countrys_code_is_a_whole_number(world: World, kind: str) -> None:
    assert await world.whose(proved(kind, "12025550188")) == await world.whose(proved("phone", "+1 202 555 0188"))


@pytest.mark.parametrize("kind", ["phone", "wa_id", WHATSAPP_USER])
async def test_whatsapps_user_id_stands_in_for_a_hidden_number_and_joins_when_both_come_together(
    world: World, kind: str
) -> None:
    hidden = proved(kind, "DE.8842190077AbC")
    caller = await world.whose(proved("phone", "+4915771112233"))
    writer = await world.whose(hidden, conversation="c1")
    assert writer != caller
    together = await world.arrives(hidden, proved("phone", "4915771112233@c.us"))
    assert together.match is Match.MERGED
    assert together.customer_id == await world.whose(hidden) == await world.whose(proved("phone", "+4915771112233"))


@pytest.mark.parametrize("value", ["120363041234567890@g.us", "status@broadcast", "4915771112233-1490000000@g.us"])
async def test_a_room_of_many_is_nobody(world: World, value: str) -> None:
    first = await world.arrives(proved("phone", value), conversation="c1", text="Hi.")
    second = await world.arrives(proved("phone", value), conversation="c2", text="Hi.")
    assert first.customer_id != second.customer_id
    assert [warning.code for warning in second.warnings] == ["names_nobody"]


# --- what an earlier version filed ----------------------------------------------------------------------------------


async def filed_before(
    world: World, kind: str, value: str, *, verified: bool = True, account: str | None = None
) -> str:
    """A customer as an earlier version left them: under the form in which it compared identifiers."""
    identity_id = await world.whose(*([proved("account_id", account)] if account else []))
    at = datetime(2026, 1, 5, tzinfo=UTC) if verified else None
    former = Identifier(type=kind, value=value, verified=verified, verified_at=at)
    async with world.ledger.transaction("t") as transaction:
        holding = NewHolding(identity_id=identity_id, identifier=former, interaction_id=None)
        await transaction.apply(Changes(holdings=(holding,)))
    return identity_id


EARLIER = [
    ("phone", "4915771112233", "+49 1577 1112233"),
    ("phone", "4915771112233", "4915771112233@s.whatsapp.net"),
    ("phone", "+552198761234", "+5521998761234"),
    ("phone", "5213312345670", "+523312345670"),
    ("phone", "+5493514123456", "+54 351 412 3456"),
    ("email", "ida roth <ida@firma.de>", "Ida Roth <ida@firma.de>"),
    ("email", "mailto:ida@firma.de", "mailto:Ida@firma.de"),
    ("wa_id", "12025550188", "12025550188"),
]


@pytest.mark.parametrize(("kind", "before", "now"), EARLIER)
@pytest.mark.parametrize("verified", [True, False])
async def test_who_was_filed_under_an_earlier_form_is_found(
    world: World, kind: str, before: str, now: str, verified: bool
) -> None:
    earlier = await filed_before(world, kind, before, verified=verified)
    assert await world.whose(Identifier(type=kind, value=now, verified=verified)) == earlier
    owner = await world.identities.customer("t", earlier)
    assert [(identifier.type, identifier.value) for identifier in owner.identifiers] == [key_of(kind, now)]
    assert {holding.customer_id for holding in await world.identities.holders("t", now)} == {earlier}


async def test_two_whom_an_earlier_version_kept_apart_by_form_become_one_when_the_number_comes_again(
    world: World,
) -> None:
    first = await filed_before(world, "phone", "+552198761234")
    second = await filed_before(world, "phone", "+5521998761234")
    arrived = await world.arrives(proved("phone", "5521998761234@c.us"))
    assert (arrived.match, arrived.customer_id) == (Match.MERGED, first)
    assert (await world.identities.customer("t", second)).customer_id == first
    [merge] = world.merges()
    await world.identities.unmerge("t", first, merge.merge_id)
    assert (await world.identities.customer("t", second)).customer_id == second


async def test_two_accounts_on_one_number_stay_two_in_whichever_form_it_was_filed(world: World) -> None:
    mother = await filed_before(world, "phone", "+552198761234", account="A1")
    son = await filed_before(world, "phone", "+5521998761234", account="A2")
    third = await world.arrives(claimed("phone", "+5521998761234"))
    assert third.match is Match.AMBIGUOUS
    assert third.customer_id not in {mother, son}
    assert await world.whose(proved("phone", "+5521998761234")) not in {mother, son}
    assert await world.whose(ACCOUNT, proved("phone", "+5521998761234")) == mother


async def test_an_unproved_form_of_what_somebody_proved_opens_nothing_of_theirs(world: World) -> None:
    owner = await world.whose(proved("phone", "+5521998761234"))
    stranger = await world.arrives(claimed("phone", "552198761234@c.us"))
    assert stranger.match is Match.AMBIGUOUS
    assert stranger.customer_id != owner
    assert (await world.identities.resolve("t", [claimed("phone", "+552198761234")])).candidates == (owner,)


async def test_a_number_that_many_share_counts_in_all_its_forms_together() -> None:
    world = world_with(Rules(sharing_cap=2))
    for number, form in enumerate(("+552198761234", "+5521998761234")):
        await filed_before(world, "phone", form, account=f"A{number}")
    stranger = await world.whose(proved("email", "otto@firma.de"))
    arrived = await world.arrives(proved("email", "otto@firma.de"), proved("phone", "+5521998761234"))
    assert arrived.customer_id == stranger
    assert world.merges() == []
