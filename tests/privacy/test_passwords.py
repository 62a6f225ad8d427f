"""A password or an API token that somebody pastes is masked for good; what only speaks of one stays."""

import json
import logging
import string
from typing import Any

import httpx
import pytest

from app.privacy import masked_among, masked_data
from app.privacy.context import Row
from app.privacy.secrets import mask
from app.services import App
from app.settings import Settings
from tests.interfaces.http import message, record
from tests.privacy.test_cards_spoken import VIEWS, bytes_below
from tests.support.builders import draft
from tests.support.stated_passwords import harmless, statements

WHO = [{"type": "account_id", "value": "acc-71", "verified": True}]


@pytest.mark.parametrize("seed", range(4))
def test_a_password_or_a_token_that_is_stated_is_masked_in_seven_languages(seed: int) -> None:
    shown = [(statement, mask(statement.text)) for statement in statements(seed, 500)]
    assert [(statement, text) for statement, text in shown if statement.secret in text or "•••" not in text] == []


@pytest.mark.parametrize("seed", range(4))
def test_what_only_speaks_of_a_password_and_every_other_number_stays(seed: int) -> None:
    assert [(text, mask(text)) for text in harmless(seed, 500) if mask(text) != text] == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Password: thistle", "Password: •••"),
        ("user anna, password: thistle and the site is down", "user anna, password: ••• and the site is down"),
        ("Password: thistle does not work", "Password: thistle does not work"),
        ("the passphrase is “otter lantern cobalt ferry”", "the passphrase is “•••”"),
        ('it says password "must have a sign"', 'it says password "must have a sign"'),
        ("Das WLAN-Passwort lautet wie folgt: Otter!77", "Das WLAN-Passwort lautet wie folgt: •••"),
        ("my password is wrong\nOrder: W4410027", "my password is wrong\nOrder: W4410027"),
        ("https://anna:Otter77@shop.example/x", "https://anna:•••@shop.example/x"),
        ("https://shop.example/x?id=Otter77", "https://shop.example/x?id=Otter77"),
        ("password: [password_1]", "password: [password_1]"),
        ("the customer is cus_NffrFeUfNV2Hib", "the customer is cus_NffrFeUfNV2Hib"),
        ("sk-learn-pipeline-for-texts-v2", "sk-learn-pipeline-for-texts-v2"),
    ],
)
def test_what_stands_around_a_name_tells_whether_a_word_is_the_password(text: str, shown: str) -> None:
    assert mask(text) == shown


def test_a_token_of_hundreds_of_signs_is_masked_whole() -> None:
    token = (string.ascii_letters + string.digits) * 10
    assert mask(f"the access token is {token}, see") == "the access token is •••, see"


def test_a_field_that_is_named_for_a_password_or_a_token_is_masked_and_one_about_it_stays() -> None:
    sent: dict[str, Any] = {
        "password": "Otter!Pond",
        "userPassword": "thistle",
        "login": {"passwords": ["a1b2", "thistle"]},
        "form": {"field": "password", "value": "thistle"},
        "api_key": "8f3a9c2b11d04e7788aa",
        "note": "my password is Otter!Pond",
        "password_reset": "failed",
        "token_type": "bearer",
        "reason": "wrong password",
        "old_password": "[password_1]",
        "order_id": "W4410027",
    }
    assert masked_data(sent) == sent | {
        "password": "•••",
        "userPassword": "•••",
        "login": {"passwords": ["•••", "•••"]},
        "form": {"field": "password", "value": "•••"},
        "api_key": "•••",
        "note": "my password is •••",
    }


def test_a_number_after_a_password_is_no_repeated_code() -> None:
    rows: list[Row] = []
    turns = (("customer", "My password is Otter!Pond58"), ("agent", "Thank you, I see."), ("customer", "5512"))
    for actor, text in turns:
        rows.append(masked_among(rows, draft(text, actor=actor, conversation_id="c")).row)
    assert [row.text for row in rows] == ["My password is •••", "Thank you, I see.", "5512"]


async def test_a_stated_password_or_token_stands_on_no_page_in_no_export_and_in_no_file(
    client: httpx.AsyncClient, app: App, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    stated = list(statements(5, 30))
    fields = {"password": "Gravel!Ferry7", "api_key": "q7Zt2Lm90ZxWc41PdKk8"}
    results = [
        (await record(client, message(f"I cannot log in. {statement.text}", conversation_id="c", identifiers=WHO)))[0]
        for statement in stated
    ]
    await record(client, message("", conversation_id="c", kind="event", name="login", data=fields, identifiers=WHO))
    vcon = {
        "vcon": "0.0.1",
        "uuid": "018f2b7e-1111-8111-8111-111111111111",
        "created_at": "2026-03-02T08:00:00Z",
        "parties": [{"name": "Anna", "mailto": "anna@mail.example", "role": "customer"}],
        "dialog": [
            {"type": "text", "start": "2026-03-02T08:00:00Z", "parties": [0], "mediatype": "text/plain",
             "encoding": "none", "body": f"My password is {fields['password']}."}
        ],
    }  # fmt: skip
    assert (await client.post("/v1/vcons", json=vcon)).status_code < 300
    handoff = await client.post("/v1/handoffs", json={"conversation_id": "c"})
    pages = [handoff.text]
    for accept in VIEWS:
        path = f"/v1/handoffs/{handoff.json()['handoff_id']}"
        pages.append((await client.get(path, headers={"accept": accept})).text)
    customer = results[0]["customer_id"]
    views = ("timeline?limit=100", "export", "search?q=password")
    pages += [(await client.get(f"/v1/customers/{customer}/{view}")).text for view in views]
    pages.append((await client.post("/v1/next-actions", json={"conversation_id": "c", "audience": "agent"})).text)
    pages += [entry.getMessage() for entry in caplog.records if entry.name.startswith(("warmline", "app"))]
    await app.close()
    pages.append(bytes_below(settings.data_dir))
    secrets = [*(statement.secret for statement in stated), *fields.values()]
    seen = "\n".join(pages)
    assert [secret for secret in secrets if secret in seen or json.dumps(secret)[1:-1] in seen] == []
    assert seen.count("•••") > len(secrets)
