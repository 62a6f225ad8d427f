"""A desk that speaks as Chatwoot does, for trying the connector without one: it needs nothing but Python.

It signs each event and sends it again when it is not taken within five seconds, as Chatwoot does. At the end its bot
opens the conversation for people, and the connector makes the handoff. The desk has the part of Chatwoot's API that a
brief is written back to, and a page for the agent with conversation, private note and card.

    python examples/chatwoot_desk.py connector.json           # play the conversation, print what came back, end
    python examples/chatwoot_desk.py connector.json --stay    # the same, then serve the page until Ctrl-C

`connector.json` is what `warmline connectors add chatwoot … --json` printed. Where the service is not at the address
in it, WARMLINE_URL says where it is:

    WARMLINE_URL=http://127.0.0.1:8123 python examples/chatwoot_desk.py connector.json
"""

import argparse
import hashlib
import hmac
import html
import json
import os
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit, urlunsplit

ACCOUNT, CONVERSATION = 1, 7
# Refusals that may be taken later: a time-out, or too many requests.
_FOR_NOW = (408, 429)
ANSWER_WITHIN_S, TRIES = 5.0, 4
CONTACT = {"id": 21, "name": "Ines Duarte", "email": "ines@example.com", "phone_number": None, "type": "contact"}
BOT = {"id": 4, "name": "Helper", "type": "agent_bot"}
TALK = [
    (CONTACT, "Hello, the heating in my flat has been off since Sunday. My contract is HC-4410."),
    (BOT, "I am sorry about that. Please restart the boiler with the red button."),
    (CONTACT, "I pressed the red button twice, it shows error E27 each time."),
    (BOT, "I have booked a technician for Thursday at 10:00."),
    (CONTACT, "Thursday is too late, I have a baby at home. I want to talk to a person."),
]


class Desk:
    """What the desk knows: the messages so far, and what was written back into the conversation."""

    def __init__(self, address: str, secret: str) -> None:
        self.address = address
        self.secret = secret
        self.messages: list[dict[str, Any]] = []
        self.attributes: dict[str, str] = {}
        self.written = threading.Event()

    @property
    def notes(self) -> list[str]:
        """The private notes of the conversation."""
        return [message["content"] for message in self.messages if message["private"]]

    @property
    def card(self) -> str:
        """The link to the agent's card, as it was written back."""
        return self.attributes.get("warmline_card_url", "")

    def play(self) -> None:
        """Say what stands in TALK, telling Warmline of each message; then the bot hands over to people."""
        begun = time.time() - 60 * len(TALK)
        for number, (sender, content) in enumerate(TALK):
            kind = "incoming" if sender is CONTACT else "outgoing"
            self.tell(self.add(content, kind, sender, at=begun + 60 * number))
        opened = {"status": {"previous_value": "pending", "current_value": "open"}}
        change = {"event": "conversation_status_changed", "updated_at": time.time(), "changed_attributes": [opened]}
        self.tell({**self.messages[-1]["conversation"], "status": "open", **change})

    def add(self, content: str, kind: str, sender: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """A new message of the conversation, as the body of an event."""
        at = more.pop("at", time.time())
        message = {
            "event": "message_created",
            "id": 100 + len(self.messages),
            "content": content,
            "message_type": kind,
            "content_type": "text",
            "content_attributes": {},
            "private": False,
            "created_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at)),
            "sender": dict(sender),
            "account": {"id": ACCOUNT, "name": "Example"},
            "inbox": {"id": 1, "name": "Website"},
            "conversation": {
                "id": CONVERSATION,
                "channel": "Channel::WebWidget",
                "status": "pending",
                "contact_inbox": {"contact_id": CONTACT["id"], "hmac_verified": False},
                "meta": {"sender": CONTACT, "assignee": None},
                "timestamp": int(at),
            },
            **more,
        }
        self.messages.append(message)
        return message

    def tell(self, event: Mapping[str, Any]) -> None:
        """Send an event until it is taken."""
        body = json.dumps(event).encode()
        for attempt in range(TRIES):
            at = str(int(time.time()))
            signature = hmac.new(self.secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
            signed = {"X-Chatwoot-Signature": f"sha256={signature}", "X-Chatwoot-Timestamp": at}
            try:
                asked(self.address, body, signed)
            except HTTPError as refusal:
                if refusal.code < 500 and refusal.code not in _FOR_NOW:
                    sys.exit(f"Warmline refused the event with {refusal.code}: {reason_of(refusal)}")
                print(f"not taken, sent again: {refusal.code}", file=sys.stderr)
                time.sleep(2**attempt)
            except URLError as failure:
                print(f"not taken, sent again: {failure.reason}", file=sys.stderr)
                time.sleep(2**attempt)
            else:
                return
        sys.exit(
            f"Warmline took none of it at {urlsplit(self.address).netloc}. Does it run there? "
            "WARMLINE_URL says where it runs, if not there."
        )


def reason_of(refusal: HTTPError) -> str:
    """What Warmline says of a request that it refused."""
    try:
        return str(json.loads(refusal.read())["detail"])
    except (ValueError, KeyError, TypeError):
        return str(refusal.reason)


def asked(url: str, body: bytes, headers: Mapping[str, str] | None = None) -> bytes:
    """The answer to a POST. Raises URLError for a refusal, ValueError for an address that is not of the web."""
    if urlsplit(url).scheme not in {"http", "https"}:
        raise ValueError(f"not an address of the web: {url}")
    sent = {"Content-Type": "application/json", **(headers or {})}
    request = urllib.request.Request(url, data=body, headers=sent, method="POST")  # noqa: S310 - http or https alone
    with urllib.request.urlopen(request, timeout=ANSWER_WITHIN_S) as answer:  # noqa: S310 - http or https alone
        return answer.read()


def handler_of(desk: Desk, token: str) -> type[BaseHTTPRequestHandler]:
    """The desk's API and its page."""

    class Handler(BaseHTTPRequestHandler):
        """One request."""

        def do_POST(self) -> None:
            """A message or the attributes of the conversation, from whoever has the token."""
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            base = f"/api/v1/accounts/{ACCOUNT}/conversations/{CONVERSATION}"
            if self.headers.get("api_access_token") != token:
                self.reply(401, b"{}")
            elif self.path == f"{base}/messages":
                more = {"private": body["private"], "content_attributes": body.get("content_attributes", {})}
                message = desk.add(body["content"], "outgoing", {"id": 9, "name": "Warmline", "type": "user"}, **more)
                self.reply(200, json.dumps({"id": message["id"]}).encode())
                # As everything that is said, the note is told to all who listen.
                threading.Thread(target=desk.tell, args=(message,), daemon=True).start()
            elif self.path == f"{base}/custom_attributes":
                desk.attributes = body["custom_attributes"]
                self.reply(200, b"{}")
                desk.written.set()
            else:
                self.reply(404, b"{}")

        def do_GET(self) -> None:
            """The agent's page."""
            self.reply(200, "".join(page(desk)).encode(), "text/html; charset=utf-8")

        def reply(self, status: int, content: bytes, media: str = "application/json") -> None:
            """Send an answer."""
            self.send_response(status)
            self.send_header("Content-Type", media)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


def page(desk: Desk) -> Iterator[str]:
    """Conversation and notes on the left, the card on the right."""
    yield "<!doctype html><title>Desk</title><style>body{display:flex;margin:0;font:15px sans-serif}"
    yield "main{width:40%;padding:1em}iframe{flex:1;height:100vh;border:0}pre{background:#ffd;white-space:pre-wrap}"
    yield "</style><main><h1>Conversation 7</h1>"
    for message in desk.messages:
        name, content = html.escape(message["sender"]["name"]), html.escape(message["content"])
        yield f"<pre>{content}</pre>" if message["private"] else f"<p><b>{name}</b> {content}</p>"
    yield f"</main><iframe src='{html.escape(desk.card)}'></iframe>"


def service_address(connector: Mapping[str, Any]) -> str:
    """The connector's address; WARMLINE_URL says where the service is, if not where it was added."""
    own, service = urlsplit(connector["url"]), urlsplit(os.environ.get("WARMLINE_URL") or connector["url"])
    return urlunsplit((service.scheme, service.netloc, own.path, own.query, ""))


def main() -> None:
    """Play the conversation, which the bot hands over, and show what came back."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("connector", type=Path)
    parser.add_argument("--secret", default="desk-secret")
    parser.add_argument("--token", default="desk-token")
    parser.add_argument("--port", type=int, default=3300)
    parser.add_argument("--stay", action="store_true")
    chosen = parser.parse_args()
    address = service_address(json.loads(chosen.connector.read_text(encoding="utf-8")))
    desk = Desk(address, chosen.secret)
    server = ThreadingHTTPServer(("127.0.0.1", chosen.port), handler_of(desk, chosen.token))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    desk.play()
    if not desk.written.wait(30):
        sys.exit("Nothing was written back. Was the service started with WARMLINE_WEBHOOKS_PRIVATE=true?")
    if not desk.card:
        sys.exit("No link to the card was written back. Was the service started with WARMLINE_PUBLIC_URL?")
    print(f"Private note:\n{desk.notes[0]}\n\nAttributes:")
    for name, value in desk.attributes.items():
        print(f"{name}: {value}")
    if chosen.stay:
        print(f"\nThe agent's page: http://127.0.0.1:{chosen.port}/ (Ctrl-C ends it)")
        threading.Event().wait()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(0)
