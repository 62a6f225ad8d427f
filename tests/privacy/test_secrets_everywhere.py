"""A card's number and its codes, told in every way, stand in no view, script, export, prompt, log, webhook or file."""

import logging
import re
import sqlite3
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.adapters.scripted import ScriptedModel
from app.adapters.webhook_sender import WebhookSender
from app.bootstrap import build
from app.services import App
from app.settings import Settings
from tests.conftest import WordEmbedder
from tests.interfaces.http import message, record
from tests.services.test_announcements import Receiver

ANNA = {"type": "email", "value": "anna@mail.example", "verified": True}
SPOKEN = "four two four two, um, four two four two, four two four two, then four two four two"
# Secrets that a row names, and what must be left of them.
SECRETS = ["7373", "591", "90417", "four two four two", "vier zwei", "nine oh four", "883201", "6759", "338"]
VIEWS = ["application/json", "text/markdown", "text/html", "application/vcon+json"]


def rows() -> list[dict[str, Any]]:
    """A customer's story over four channels in which numbers and codes are told."""
    voice = {"conversation_id": "call", "channel": "voice", "identifiers": [ANNA]}
    chat = {"conversation_id": "chat", "channel": "chat", "identifiers": [ANNA]}
    bot = {"actor": "bot"}
    return [
        message("I want a refund for the order 8839201, 49.90 EUR.", **voice),
        message(f"My card is {SPOKEN} and the security code is nine oh four.", **voice),
        message("Or 4242 4242 4242 4242, and the CVV is 591.", **voice),
        message("Please tell me your PIN.", **voice | bot),
        message("7373", **voice),
        message(" ".join(["vier zwei"] * 8) + ", die PIN ist 7373", **voice),
        message("I am filing a refund for 4242 4242 4242 4242.", **chat | bot),
        message("Refund it to 4242-4242-4242-4242, code on the back 591.", **chat),
        message(
            "",
            **chat | {"actor": "bot", "kind": "tool_call", "name": "issue_refund"},
            data={"order_id": "8839201", "card": {"number": "4242424242424242", "cvv": "591", "exp": "12/29"}},
        ),
        message(
            '{"ok": false, "card_number": "4242 4242 4242 4242", "otp": "883201"}',
            **chat | {"actor": "bot", "kind": "tool_result", "name": "issue_refund", "outcome": "failed"},
        ),
        message(
            "",
            **chat | {"kind": "event", "name": "enter_pin"},
            data={"fields": [{"name": "pin", "value": "90417"}], "dtmf": "4242424242424242#"},
        ),
        message(
            "Dear team, my maestro card is 6759649826438453 and the code from the bank was 883201. Regards, Anna",
            conversation_id="mail",
            channel="email",
            identifiers=[ANNA, {"type": "card_number", "value": "4242424242424242"}],
        ),
        message("What is the three-digit security code?", **chat | bot),
        message("it is 338", **chat),
        message("I still have no refund for order 8839201! Let me talk to a person.", **chat),
    ]


def secrets_in(text: str) -> list[str]:
    """The secrets that stand in a text; the last four digits of a card may."""
    plain = re.sub(
        r"(?:cus|int|hnd|dec|act|sig|mrg|fbk|evt|whk)_[0-9a-f]+|[0-9a-f]{24,}|T\d\d:\d\d:\d\d\.\d+", "", text
    )
    wholes = re.findall(r"4242\W{0,3}4242", plain)
    return [*wholes, *(secret for secret in SECRETS if re.search(rf"(?<![\w.-]){re.escape(secret)}(?![\w-])", plain))]


@pytest.fixture
def receiver() -> Generator[Receiver]:
    """A real receiver of webhooks."""
    started = Receiver()
    yield started
    started.close()


@pytest.fixture
def model() -> ScriptedModel:
    """A model whose answers are of no use, and which keeps what it was asked."""
    return ScriptedModel("{}")


@pytest.fixture
async def app(settings: Settings, model: ScriptedModel) -> AsyncGenerator[App]:
    """The service at default settings, with a model and webhooks that may lead to this machine."""
    courier = WebhookSender(private=True)
    async with build(settings, embedder=WordEmbedder(), model=model, courier=courier) as opened:
        await opened.warm_up()
        yield opened


async def test_no_view_script_export_prompt_log_webhook_or_file_holds_a_secret(
    client: httpx.AsyncClient,
    app: App,
    model: ScriptedModel,
    receiver: Receiver,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    hook = {"url": receiver.url, "events": ["handoff.ready", "signal.fired", "friction.threshold"]}
    assert (await client.post("/v1/webhooks", json=hook)).status_code == 201
    results = [(await record(client, row))[0] for row in rows()]
    (customer_id,) = {result["customer_id"] for result in results}

    seen: dict[str, str] = {}
    handoff = await client.post("/v1/handoffs", json={"conversation_id": "chat", "reason": reason()})
    assert handoff.status_code == 201
    seen["handoff"] = handoff.text
    for accept in VIEWS:
        path = f"/v1/handoffs/{handoff.json()['handoff_id']}"
        seen[accept] = (await client.get(path, headers={"accept": accept})).text
    for audience in ("bot", "agent"):
        wanted = {"conversation_id": "chat", "audience": audience, "limit": 5, "context": {"card": "4242424242424242"}}
        seen[audience] = (await client.post("/v1/next-actions", json=wanted)).text
    seen["timeline"] = (await client.get(f"/v1/customers/{customer_id}/timeline?limit=100")).text
    for words in ("security code", "card number", "4242 4242", "PIN"):
        seen[f"search {words}"] = (await client.get(f"/v1/customers/{customer_id}/search", params={"q": words})).text
    seen["export"] = (await client.get(f"/v1/customers/{customer_id}/export")).text
    seen["customer"] = (await client.get(f"/v1/customers/{customer_id}")).text
    seen["signals"] = (await client.get("/v1/conversations/chat/signals")).text
    seen["decisions"] = (await client.get("/v1/decisions")).text
    seen["webhooks"] = "\n".join(map(str, await receiver.got(2)))
    seen["prompts"] = "\n".join(question.system + question.user for question in model.questions)
    # The test's own client logs what it asks for.
    seen["logs"] = "\n".join(
        log_record.getMessage() for log_record in caplog.records if log_record.name.startswith(("warmline", "app"))
    )
    assert model.questions
    assert {name: secrets_in(text) for name, text in seen.items() if secrets_in(text)} == {}
    assert "8839201" in seen["timeline"]
    assert "••••4242" in seen["timeline"]
    assert '"4242"' not in seen["bot"] + seen["agent"]
    assert not re.search(r"refund for •*4242", seen["bot"] + seen["agent"])

    await app.close()
    stored = files_below(settings.data_dir)
    assert "8839201" in stored
    assert secrets_in(stored) == []


async def test_rows_of_an_earlier_version_are_masked_when_they_are_read(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    [filed] = await record(client, message("placeholder", conversation_id="old", identifiers=[ANNA]))
    with sqlite3.connect(Path(settings.data_dir) / "ledger.db") as database:
        text = "My card is 4242 4242 4242 4242 and the CVV is 591, order 8839201."
        data = '{"card": {"number": "4242424242424242", "cvv": "591"}}'
        database.execute("UPDATE interactions SET text = ?, data = ?, masked = 0", (text, data))
    answers = [
        await client.get(f"/v1/customers/{filed['customer_id']}/timeline"),
        await client.get(f"/v1/customers/{filed['customer_id']}/export"),
        await client.get(f"/v1/customers/{filed['customer_id']}/search", params={"q": "card number"}),
        await client.post("/v1/handoffs", json={"conversation_id": "old"}),
    ]
    for answer in answers:
        assert answer.status_code in (200, 201)
        assert secrets_in(answer.text) == []
    assert "8839201" in answers[0].text


async def test_the_question_before_tells_a_code_in_the_rows_of_an_earlier_version(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    asked = message("placeholder", conversation_id="old", identifiers=[ANNA], actor="bot")
    [filed] = await record(client, asked)
    await record(client, message("other", conversation_id="old"))
    with sqlite3.connect(Path(settings.data_dir) / "ledger.db") as database:
        for text, seq in (("What is the security code?", filed["seq"]), ("591", filed["seq"] + 1)):
            database.execute("UPDATE interactions SET text = ?, masked = 0 WHERE seq = ?", (text, seq))
    answer = await client.get(f"/v1/customers/{filed['customer_id']}/timeline")
    assert [row["text"] for row in answer.json()["interactions"]] == ["What is the security code?", "•••"]


async def test_parts_of_a_card_number_stay_in_no_view_and_no_file(
    client: httpx.AsyncClient, app: App, settings: Settings
) -> None:
    views: list[httpx.Response] = []
    for index, text in enumerate(("It is 5425 2334", "3010", "9903")):
        filed = (await record(client, message(text, conversation_id="c", identifiers=[ANNA])))[0]
        views = [
            await client.get(f"/v1/customers/{filed['customer_id']}/timeline"),
            await client.get(f"/v1/customers/{filed['customer_id']}/search", params={"q": "5425"}),
            await client.post("/v1/handoffs", json={"conversation_id": "c"}),
        ]
        assert index == 2 or "5425 2334" in views[0].text
    assert not any(re.search("5425|2334|3010", re.sub(r"[a-z]{3}_[0-9a-f]+", "", view.text)) for view in views)
    await app.close()
    assert "5425 2334" not in files_below(settings.data_dir)


async def test_a_card_number_as_an_identifier_is_masked_and_leads_to_one_customer(client: httpx.AsyncClient) -> None:
    written = ("4242 4242 4242 4242", "4242424242424242", "4242-4242-4242-4242")
    cards = [{"type": "card_number", "value": number, "verified": True} for number in written]
    results = [
        (await record(client, message("Hi.", conversation_id=f"c{index}", identifiers=[card])))[0]
        for index, card in enumerate(cards)
    ]
    assert len({result["customer_id"] for result in results}) == 1
    resolved = (await client.post("/v1/customers/resolve", json={"identifiers": cards[:1]})).json()
    assert (resolved["match"], resolved["customer_id"]) == ("exact", results[0]["customer_id"])
    shown = (await client.get(f"/v1/customers/{results[0]['customer_id']}")).text
    assert "••••4242" in shown
    assert secrets_in(shown) == []
    other = {"type": "card_number", "value": "5105105000004242", "verified": True}
    assert (await client.post("/v1/customers/resolve", json={"identifiers": [other]})).json()["match"] == "new"


@pytest.mark.parametrize("kind", ["social_handle", "account_id", "loyalty_card", "meter_number"])
async def test_an_identifier_that_only_looks_like_a_card_number_stays(client: httpx.AsyncClient, kind: str) -> None:
    asked = {"identifiers": [{"type": kind, "value": "4539578763621486", "verified": True}]}
    first, second = [(await client.post("/v1/customers/resolve", json=asked)).json() for _ in range(2)]
    assert (first["match"], second["match"]) == ("new", "exact")
    assert first["customer_id"] == second["customer_id"]
    assert "4539578763621486" in (await client.get(f"/v1/customers/{first['customer_id']}")).text


@pytest.mark.parametrize("card", ["my card ending in 4242", "the last four digits are 4242", "card ••••4242"])
async def test_the_last_four_digits_of_a_card_are_no_reference(client: httpx.AsyncClient, card: str) -> None:
    await record(
        client, message(f"I want a refund to {card}, please refund me.", conversation_id="c", identifiers=[ANNA])
    )
    for audience in ("bot", "agent"):
        answer = await client.post("/v1/next-actions", json={"conversation_id": "c", "audience": audience, "limit": 5})
        for action in answer.json()["actions"]:
            assert "4242" not in (action["script"] or "")
            assert "4242" not in str(action["parameters"])


def files_below(folder: Path) -> str:
    """All bytes of all files, as text."""
    return "\n".join(file.read_bytes().decode(errors="replace") for file in sorted(folder.rglob("*")) if file.is_file())


def reason() -> dict[str, str]:
    """Why a bot gives up, in words that tell a number."""
    return {"code": "bot_failure", "detail": "Refund to 4242 4242 4242 4242 failed, CVV 591."}
