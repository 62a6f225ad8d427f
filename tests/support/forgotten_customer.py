"""A customer with unmistakable words, and everybody who reads them, in a process of their own.

Run it as `python -m tests.support.forgotten_customer SEED`. It prints the address of a model's server and webhook
receiver that it runs itself, and then obeys lines on its standard input, answering each by one line of JSON: `file
URL`, `turn_to URL`, `read`, `erase`, `redact`. Its connections stay open until its input ends, as those of a caller
may.
"""

import json
import random
import sys
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple

import httpx

NAMES = ("surname", "mailbox", "matter", "second", "spoken", "page", "conversation", "caller", "key", "field", "typed")
CHANNELS = ("chat", "voice", "email", "app", "whatsapp")
# Long after the erasure: a timer that is set for so long must keep nothing of what was waited for.
PATIENT_MS = 60_000
HTML = {"accept": "text/html"}


class Words(NamedTuple):
    """What only this customer says and is known by."""

    surname: str
    mailbox: str
    matter: str
    second: str
    spoken: str
    page: str
    conversation: str
    caller: str
    key: str
    field: str
    typed: str
    phone: str
    order: str


def words_of(seed: int) -> Words:
    """The words that a seed makes: ten letters each, and two numbers."""
    chance = random.Random(seed)
    letters = ["".join(chance.choices("bcdfghjklmnpqrstvwxz", k=10)) for _ in NAMES]
    numbers = [f"301{chance.randrange(10**6, 10**7)}", f"ORD-{chance.randrange(10**8, 10**9)}"]
    return Words._make([*letters, *numbers])


class Customer:
    """Files one customer at a service and has everything read that can be."""

    def __init__(self, seed: int, helper: str) -> None:
        self._words = words_of(seed)
        self._helper = helper
        self._client = httpx.Client(timeout=60)
        self._base = ""
        self._customer_id = ""
        self._interaction_ids: list[str] = []
        self._others: set[str] = set()
        self.statuses: dict[str, int] = {}

    def file(self, base: str) -> Mapping[str, Any]:
        """Write over every way in, and a webhook that hears of it."""
        self._base = base
        words = self._words
        topics = ["signal.fired", "handoff.ready", "friction.threshold"]
        self._call("POST", "/v1/webhooks", json={"url": f"{self._helper}/hook", "events": topics})
        stream = Thread(target=self._listen, daemon=True)
        stream.start()
        who = [
            {"type": "email", "value": f"{words.mailbox}@kestrelpost.net", "verified": True, "method": "link"},
            {"type": "phone", "value": f"+49{words.phone}", "verified": True, "method": "otp"},
        ]
        rows: list[dict[str, Any]] = []
        for number, channel in enumerate(CHANNELS):
            talk = f"{words.conversation}-{channel}"
            who_and_what = f"I am {words.surname.title()}. The {words.matter} of order {words.order} broke,"
            sentence = f"{who_and_what} I need a refund of 250 EUR."
            rows.append(_row(channel, talk, sentence, identifiers=who, id=f"{words.caller}-{number}"))
            rows.append(_row(channel, talk, f"{sentence} I asked you about the {words.second} before!"))
            rows.append(_row(channel, talk, f"I will send you a new {words.matter} by Friday.", actor="agent"))
            rows.append(_row(channel, talk, f"Nobody answers. I want to talk to a person about the {words.second}."))
            seen = {"page": f"/{words.page}", words.field: {"typed": words.typed, "error": "E-42"}}
            rows.append(_row(channel, talk, "", kind="event", name="page_view", data=seen))
            tried = {"actor": "bot", "name": "refund", "outcome": "failed", "data": {"order": words.order}}
            rows.append(_row(channel, talk, "", kind="tool_call", **tried))
        once = {"idempotency-key": words.key}
        filed = self._call("POST", "/v1/interactions", json={"interactions": rows}, headers=once)
        hello = _row("chat", f"{words.conversation}-chat", f"Hello? Still the {words.matter}.")
        single = self._call("POST", "/v1/interactions", json=hello)
        dialog = {"type": "text", "start": "2026-03-02T09:00:00Z", "parties": [0], "mediatype": "text/plain"}
        vcon = {
            "vcon": "0.4.0",
            "uuid": "0190f5a8-7c1e-7000-8000-0123456789ab",
            "created_at": "2026-03-02T09:00:00Z",
            "parties": [{"mailto": f"{words.mailbox}@kestrelpost.net", "name": words.surname, "role": "customer"}],
            "dialog": [{**dialog, "encoding": "none", "body": f"On the phone: the {words.spoken} rattles."}],
        }
        vcon_filed = self._call("POST", "/v1/vcons", json=vcon)
        event = {"specversion": "1.0", "id": words.caller, "source": "/shop", "type": "page.seen"}
        event |= {"subject": f"{words.conversation}-app", "data": {"page": words.page}}
        media = {"content-type": "application/cloudevents+json"}
        event_filed = self._call("POST", "/v1/events", content=json.dumps(event), headers=media)
        self._customer_id = single["results"][0]["customer_id"]
        everybody = [*vcon_filed["results"], *event_filed["results"]]
        self._others = {each["customer_id"] for each in everybody} - {self._customer_id}
        self._interaction_ids = [each["interaction_id"] for each in (*filed["results"], *everybody)]
        return {"customer_id": self._customer_id, "interaction_ids": self._interaction_ids}

    def turn_to(self, base: str) -> Mapping[str, Any]:
        """Ask another worker of the service from now on, and listen to it too."""
        self._base = base
        Thread(target=self._listen, daemon=True).start()
        return {}

    def read(self) -> Mapping[str, Any]:
        """Ask everything that can be asked about the customer, and some things that are refused."""
        words, who = self._words, self._customer_id
        talk = f"{words.conversation}-chat"
        for path in ("", "/timeline", f"/search?q={words.matter}", f"/search?q={words.spoken}+broken", "/export"):
            self._call("GET", f"/v1/customers/{who}{path}")
        known_by = [{"type": "email", "value": f"{words.mailbox}@kestrelpost.net"}]
        self._call("POST", "/v1/customers/resolve", json={"identifiers": known_by})
        for path in (f"{talk}/signals", f"{talk}/friction", f"{words.typed}/signals"):
            self._call("GET", f"/v1/conversations/{path}")
        self._handoffs(talk)
        for audience in ("agent", "bot"):
            asked: dict[str, Any] = {"conversation_id": talk, "audience": audience, "deadline_ms": PATIENT_MS}
            asked["context"] = {words.field: words.typed}
            once = {"idempotency-key": f"{words.key}-{audience}"}
            decision = self._call("POST", "/v1/next-actions", json=asked, headers=once)
            action = [*decision["actions"], *decision["suppressed"]][0]
            outcome = {"action_id": action["action_id"], "displayed": True, "accepted": True, "outcome": "succeeded"}
            self._call("POST", f"/v1/next-actions/{decision['decision_id']}/outcome", json=outcome)
        claims = [
            f"The {words.matter} of order {words.order} broke.",
            f"{words.surname} was promised a {words.second}.",
        ]
        self._call("POST", "/v1/briefs/verify", json={"conversation_id": talk, "claims": claims})
        self._pages(talk)
        self._over_mcp(talk)
        self._refused()
        return self.statuses

    def erase(self) -> Mapping[str, Any]:
        """Erase the customer, and who was not taken for the same one."""
        for other in self._others:
            self._call("DELETE", f"/v1/customers/{other}")
        return self._call("DELETE", f"/v1/customers/{self._customer_id}")

    def redact(self) -> Mapping[str, Any]:
        """Blank all that was filed, one by one."""
        after, ids = 0, list[str]()
        while after is not None:
            page = self._call("GET", f"/v1/customers/{self._customer_id}/timeline?limit=1000&after_seq={after}")
            ids.extend(each["interaction_id"] for each in page["interactions"])
            after = page["next_after_seq"]
        ids.extend(each for each in self._interaction_ids if each not in ids)  # some were taken for another's
        for each in ids:
            self._call("POST", f"/v1/interactions/{each}/redact")
        return {"redacted": len(ids)}

    def _handoffs(self, talk: str) -> None:
        words = self._words
        asked: dict[str, Any] = {"conversation_id": talk, "to_channel": "voice", "deadline_ms": PATIENT_MS}
        asked["reason"] = {"code": "other", "detail": words.second}
        once = {"idempotency-key": f"{words.key}-handoff"}
        handoff = self._call("POST", "/v1/handoffs", json=asked, headers=once)
        in_stages = {"accept": "text/event-stream"}
        self._call("POST", "/v1/handoffs", json={"customer_id": self._customer_id}, headers=in_stages)
        filed = f"/v1/handoffs/{handoff['handoff_id']}"
        for media in ("application/json", "text/markdown", "text/html", "application/vcon+json"):
            self._call("GET", filed, headers={"accept": media})
        self._call("POST", f"{filed}/refresh")
        link = self._call("POST", f"{filed}/link", json={"ttl_s": 600})
        for path in ("", f"/evidence/{self._interaction_ids[0]}"):
            self._call("GET", f"/console/cards/{link['url'].rpartition('/')[2]}{path}", headers=HTML)
        feedback = {"accepted": True, "edited_brief": f"The {words.matter} broke.", "repeated_information": True}
        self._call("POST", f"{filed}/feedback", json=feedback)

    def _pages(self, talk: str) -> None:
        words = self._words
        period = "from=2020-01-01T00:00:00Z&to=2100-01-01T00:00:00Z"
        paths = ["/console/continuity", "/console/graph", "/console/journey", f"/console/journey?q={words.matter}"]
        paths += [f"/console/customers/{self._customer_id}", f"/console/journey?q={words.mailbox}@kestrelpost.net"]
        figures = ("continuity", "continuity/escalations", "graph", "moments")
        paths += [f"/v1/analytics/{figure}?{period}" for figure in figures]
        paths += [f"/v1/decisions?{period}", f"/v1/analytics/moments?conversation_id={talk}"]
        for path in paths:
            self._call("GET", path, headers=HTML if path.startswith("/console") else {})
        pasted = f"Customer: The {words.matter} is broken, I am {words.surname}.\nAgent: I will send a {words.second}."
        here = {"origin": self._base, **HTML}
        self._call("POST", "/console/playground", json={"content": pasted}, headers=here)

    def _over_mcp(self, talk: str) -> None:
        tools = {
            "customer_timeline": {"customer_id": self._customer_id},
            "get_handoff_brief": {"conversation_id": talk},
            "next_best_action": {"conversation_id": talk},
            "record_interaction": _row("chat", talk, f"Over MCP: {self._words.spoken}."),
        }
        for name, arguments in tools.items():
            asked = {"name": name, "arguments": arguments}
            call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": asked}
            accept = {"accept": "application/json, text/event-stream"}
            self._call("POST", "/mcp", json=call, headers=accept)

    def _refused(self) -> None:
        words = self._words
        self._call("POST", "/v1/interactions", json=_row(words.typed, words.conversation, words.matter))
        self._call("POST", "/v1/interactions", content=f'{{"text": "{words.matter}'.encode())
        self._call("GET", f"/v1/customers/{words.surname}/timeline?limit={words.typed}")
        self._call("GET", f"/nowhere/{words.page}?q={words.typed}")
        self._call("POST", "/v1/briefs/verify", json={"conversation_id": words.conversation, "claims": [words.matter]})

    def _call(self, method: str, path: str, **sent: Any) -> Any:
        answer = self._client.request(method, f"{self._base}{path}", **sent)
        self.statuses[f"{method} {path[:80]}"] = answer.status_code
        return answer.json() if answer.headers.get("content-type", "").startswith("application/json") else {}

    def _listen(self) -> None:
        with httpx.Client(timeout=None) as client, client.stream("GET", f"{self._base}/v1/signals/stream") as stream:
            for _ in stream.iter_bytes():
                pass


class Helper(BaseHTTPRequestHandler):
    """A model's server whose brief quotes what it was asked, and a receiver that takes every webhook."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer a chat completion, or take a message."""
        asked = self.rfile.read(int(self.headers["content-length"])).decode()
        quote = asked[asked.find("refund") - 150 : asked.find("refund")].replace('"', "").replace("\\", "")
        statement = {"text": quote, "evidence": ["i1"]}
        brief = {"headline": {**statement, "text": quote[:100]}, "situation": [statement], "contact_reason": statement}
        message = {"role": "assistant", "content": json.dumps(brief)}
        body = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_770_000_000,
            "model": "a-model",
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
            "usage": {"prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150},
        }
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the library gives it
        """Say nothing."""


def _row(channel: str, conversation: str, text: str, **fields: Any) -> dict[str, Any]:
    defaults = {
        "channel": channel,
        "actor": "customer",
        "kind": "message",
        "text": text,
        "conversation_id": conversation,
    }
    return defaults | fields


def main(seed: int) -> None:
    """Obey until the input ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Helper)
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    customer = Customer(seed, address)
    print(json.dumps({"address": address}), flush=True)
    for line in sys.stdin:
        verb, *arguments = line.split()
        print(json.dumps(getattr(customer, verb)(*arguments)), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
