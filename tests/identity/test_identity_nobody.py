"""Words and codes that stand for no one are filed as text and join nobody, however they are written."""

import unicodedata
from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.identity import Rules
from app.identity.non_identifiers import reason_to_join_nobody
from app.models import Identifier, Match, VerificationStatus
from app.ports import Changes, NewHolding
from tests.interfaces.http import message, record
from tests.support.identity_world import ACCOUNT, COOKIE, EMAIL, World, claimed, proved, world_with

WITHHELD = """anonymous|Restricted|unknown|private|unavailable|withheld|blocked|undisclosed|No Caller ID|Private Number
|Unknown caller|Caller ID blocked|number withheld|not available|anonyme|anónimo|anonym|Rufnummer unterdrückt|unterdrückt
|unbekannt|privé|masqué|numéro masqué|inconnu|oculto|número oculto|desconocido|número privado|sconosciuto|onbekend
|anoniem|afgeschermd|ukendt|okänt|nieznany|zastrzeżony|неизвестный|非通知|匿名|null|n/a|N/A|none|test|-|???|xxxx"""
WORDS = [word.strip() for word in WITHHELD.split("|")]
CODES = """+266696687 266696687 +1266696687 7378742833 +7378742833 86282452253 +86282452253 2562533 +2562533 8656696
+8656696 464 0000000000 +10000000000 000 1111111 9999999999 +15555555555 1234567890 +11234567890 0123456789 9876543210
sip:anonymous@anonymous.invalid anonymous@anonymous.invalid sip:anonymous@10.1.2.3 tel:anonymous AMAZON 72345""".split()
ROLES = """noreply@shop.example no-reply@acme.com No_Reply+17@acme.com donotreply@acme.com support@acme.com
MAILER-DAEMON@mx.example bounces+anna=acme.com@lists.example postmaster@acme.com info@acme.com email@example.com
test@example.com anonymous@anonymous.invalid anna@host.invalid none@none.com""".split()
TYPED = """guest@shop.com walkin@shop.com cash@shop.com hidden@shop.com blank@shop.com noname@shop.com no@no.com a@a.com
redacted@redacted.com abc@abc.com xxx@xxx.com asdf@asdf.com dummy@dummy.com user@example.com customer@example.org
qwerty@a.com walk-in@shop.com no.name@shop.com aaa@gmail.com test@test.test unknown@host.localhost
deleted@hotel.fr""".split()
OFFICES = """kasse rezeption empfang bestellung ventas reservas atencionalcliente accueil commercial vendite
amministrazione atendimento sales.uk info.de support-fr sales2 info.en.2 klantenservice atencion.al.cliente
kundtjänst recepción info+17 sales.team supportteam orderservice kundensupport servicioalcliente receptions""".split()
DEVICES = """00000000-0000-0000-0000-000000000000 ffffffff-ffff-ffff-ffff-ffffffffffff 0 unknown 9774d56d682e549c
02:00:00:00:00:00 000000000000000""".split()
NOBODY = [
    *(("phone", value) for value in (*WORDS, *CODES)),
    *(("email", value) for value in (*ROLES, *WORDS)),
    *(("email", value) for value in TYPED),
    *(("email", f"{value}@acme.com") for value in OFFICES),
    *(("account_id", value) for value in ("cash customer", "walk-in", "Walk-in customer", "Laufkunde", "-1", "string")),
    *(("account_id", value) for value in ("consumidor final", "Consumidor-Final", "new", "NEW CUSTOMER", "true")),
    *(("cookie_id", value) for value in ("true", "false", "-1")),
    *(("social_handle", value) for value in ("u/[deleted]", "/u/deleted", "@deleted", "@null")),
    *(("phone", value) for value in ("+64636867", "+4977777777", "+3333333333")),
    *(("device_id", value) for value in DEVICES),
    *(("cookie_id", value) for value in ("null", "undefined", "0000-0000")),
    *(("account_id", value) for value in ("0", "000000", "guest", "n/a", "unknown", "••••4242")),
    *(("social_handle", value) for value in ("@anonymous", "Facebook User", "[deleted]")),
    *(("customer_number", value) for value in ("private", "9999999", "anonymous@anonymous.invalid")),
]
SOMEBODY = [
    *(("phone", value) for value in ("+4915112345678", "+1 555 010 9999", "0176 1234567", "004915112345678")),
    *(("phone", value) for value in ("+393331234567", "+49 30 123456 ext. 12", "+491701000000", "555-010-9998")),
    *(("email", value) for value in ("one@example.com", "user@mail.example", "anna@firm.de", "agent@intranet")),
    *(("email", value) for value in ("a..b@docomo.ne.jp", "privat@anna.de", "nora.ply@acme.com", "infante@acme.com")),
    *(("phone", value) for value in ("+441234567890", "+391234567890", "+4520000000", "+8613888888888")),
    *(("phone", value) for value in ("00441234567890", "+12025550000", "+919876543210")),
    *(("email", value) for value in ("noreply.fan@gmail.com", "bouncer@gmail.com", "bouncebackbetty@gmail.com")),
    *(("email", value) for value in ("sales+tim@tim.org", "tim@tim.org", "anna@anna.de", "info.anna@gmail.com")),
    *(("email", value) for value in ("bouncer@acme.com", "kasse.maria@web.de", "it.anna@acme.com", "secret@acme.com")),
    *(("email", value) for value in ("job@gmail.com", "mailin@acme.com", "presscott@acme.com", "ella.team@acme.com")),
    *(("social_handle", value) for value in ("@secret", "@private_user", "@el_de_la", "@walk", "u/anna")),
    *(("loyalty", value) for value in ("777777", "333333")),
    *(("device_id", value) for value in ("d1", "38400000-8cf0-11bd-b23e-10b96e40000d")),
    *(("account_id", value) for value in ("A1", "10001", "12345678", "ACC-000", "77")),
    *(("social_handle", value) for value in ("@ann", "@private_anna")),
]


@pytest.fixture
def world() -> World:
    return world_with(Rules())


@pytest.mark.parametrize(("kind", "value"), NOBODY)
async def test_two_who_send_what_names_nobody_stay_two_even_when_attested(world: World, kind: str, value: str) -> None:
    first = await world.arrives(proved(kind, value), conversation="c1", text="I owe 900 EUR.")
    second = await world.arrives(proved(kind, value), conversation="c2", text="Hello.")
    assert first.customer_id != second.customer_id
    assert [warning.field for warning in second.warnings] == ["identifiers[0].value"]
    assert first.customer_id == (await world.arrives(proved(kind, value), conversation="c1")).customer_id
    resolution = await world.identities.resolve("t", [proved(kind, value)])
    assert (resolution.match, resolution.candidates) == (Match.NEW, ())
    assert resolution.verification_status is not VerificationStatus.VERIFIED


@pytest.mark.parametrize(("kind", "value"), SOMEBODY)
async def test_an_identifier_of_a_person_still_leads_to_them(world: World, kind: str, value: str) -> None:
    first = await world.arrives(proved(kind, value), conversation="c1")
    second = await world.arrives(proved(kind, value), conversation="c2", text="Hello.")
    assert first.customer_id == second.customer_id
    assert second.warnings == ()


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from([*WORDS, *CODES]),
    st.sampled_from([str.lower, str.upper, str.title, str.swapcase]),
    st.sampled_from(["NFC", "NFD", "NFKC"]),
    st.sampled_from(["{}", " {} ", "({})", "[{}]", "<{}>", "'{}'", "{}.", "{}\u00a0", '"Somebody" <sip:{}>']),
)
def test_case_accents_and_punctuation_around_it_make_nobody_a_person(
    value: str, case: "type[str]", form: str, frame: str
) -> None:
    spelled = frame.format(unicodedata.normalize(form, case(value)))  # type: ignore[arg-type, operator]
    assert reason_to_join_nobody("phone", spelled), spelled


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["phone", "email", "device_id", "account_id", "social_handle", "x"]), st.text(max_size=512))
def test_any_value_is_judged(kind: str, value: str) -> None:
    assert reason_to_join_nobody(kind, value) in (None, "names_nobody", "invalid_email", "invalid_phone")


@pytest.mark.parametrize("kind", ["phone", "email"])
@pytest.mark.parametrize("value", ["anna at acme dot com", "anna@", "@acme.com", "a@b@c", "anna@a b.com"])
async def test_what_is_no_address_and_no_number_joins_nobody(world: World, kind: str, value: str) -> None:
    results = [await world.arrives(claimed(kind, value), conversation=f"c{number}", text="Hi.") for number in range(2)]
    assert results[0].customer_id != results[1].customer_id
    assert {warning.code for warning in results[0].warnings} <= {"invalid_email", "invalid_phone", "names_nobody"}
    assert results[0].warnings


async def test_a_withheld_number_beside_a_cookie_leads_to_the_cookies_customer(world: World) -> None:
    visitor = await world.whose(COOKIE)
    assert await world.whose(COOKIE, proved("phone", "anonymous")) == visitor


async def test_a_withheld_number_beside_two_proofs_keeps_no_one_apart(world: World) -> None:
    caller = await world.whose(proved("phone", "anonymous"), conversation="c1")
    owner = await world.whose(ACCOUNT, EMAIL)
    assert await world.whose(EMAIL, conversation="c1") == owner
    assert (await world.identities.customer("t", caller)).customer_id == owner


async def test_what_an_earlier_version_let_somebody_hold_joins_no_more_and_proves_nothing(world: World) -> None:
    old = await world.whose(conversation="c0")
    withheld = Identifier(type="phone", value="anonymous", verified=True, verified_at=datetime.now(UTC))
    async with world.ledger.transaction("t") as transaction:
        holding = NewHolding(identity_id=old, identifier=withheld, interaction_id=None)
        await transaction.apply(Changes(holdings=(holding,)))
    assert await world.whose(proved("phone", "anonymous"), conversation="c1") != old
    customer = await world.identities.customer("t", old)
    assert (customer.verification_status, customer.identifiers) == (VerificationStatus.UNKNOWN, ())
    owner = await world.whose(EMAIL)
    assert await world.whose(EMAIL, conversation="c0") == owner
    assert (await world.identities.customer("t", old)).customer_id == owner


async def test_the_second_anonymous_callers_brief_holds_nothing_of_the_first(client: httpx.AsyncClient) -> None:
    withheld = {"type": "phone", "value": "anonymous", "verified": True}
    await record(
        client,
        message(
            "I still owe 912.40 EUR on loan L-77120.", conversation_id="a", channel="voice", identifiers=[withheld]
        ),
    )
    [second] = await record(
        client, message("Where is my parcel?", conversation_id="b", channel="voice", identifiers=[withheld])
    )
    [warning] = second["warnings"]
    assert (warning["field"], warning["code"]) == ("identifiers[0].value", "names_nobody")
    for body in ({"conversation_id": "b"}, {"identifiers": [withheld]}):
        answer = await client.post("/v1/handoffs", json=body)
        assert answer.status_code == 201
        assert "912.40" not in answer.text
        assert "L-77120" not in answer.text
    timeline = await client.get(f"/v1/customers/{second['customer_id']}/timeline")
    assert [row["text"] for row in timeline.json()["interactions"]] == ["Where is my parcel?"]
    assert timeline.json()["interactions"][0]["identifiers"][0]["value"] == "anonymous"


async def test_an_empty_message_is_filed_with_a_warning(client: httpx.AsyncClient) -> None:
    [empty, full] = await record(client, message("", conversation_id="a"), message("", data={"page": "help"}))
    assert [warning["code"] for warning in empty["warnings"]] == ["empty_message"]
    assert full["warnings"] == []
