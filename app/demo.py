"""A customer's journey, made up for the demonstration, and a service of its own to play it through.

The journey goes through the public HTTP API only, as a company's channels would send it.
"""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Any, cast
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

from app.errors import Unavailable
from app.models import Handoff, Interaction

START_WITHIN_S = 30.0
STOP_WITHIN_S = 10.0
ANSWER_WITHIN_S = 30.0
# What a model needs is kept, so that `WARMLINE_MODEL=… warmline demo` shows the model's words.
KEPT_SETTINGS = "WARMLINE_MODEL"


@dataclass(frozen=True, slots=True)
class Episode:
    """What happened on one channel: a line for people, and the steps of one conversation, `gap` apart."""

    channel: str
    conversation_id: str
    title: str
    ago: timedelta
    gap: timedelta
    identifiers: Sequence[Mapping[str, Any]]
    steps: Sequence[Mapping[str, Any]]
    asks_for_advice: bool = False

    def interactions(self, now: datetime) -> Sequence[Mapping[str, Any]]:
        """The steps as the channel sends them to `POST /v1/interactions`."""
        return [
            {
                "id": f"{self.conversation_id}-{index}",
                "occurred_at": (now - self.ago + index * self.gap).isoformat(),
                "channel": self.channel,
                "conversation_id": self.conversation_id,
                "identifiers": self.identifiers,
                **step,
            }
            for index, step in enumerate(self.steps)
        ]


@dataclass(frozen=True, slots=True)
class Scene:
    """An episode that has been filed: when it began, the friction it showed at once, and what its bot was advised."""

    episode: Episode
    at: datetime
    signals: Sequence[str]
    advice: str | None


@dataclass(frozen=True, slots=True)
class DemoOutcome:
    """How the journey ended: the handoff, and the interactions that its evidence names."""

    handoff: Handoff
    interactions: Sequence[Interaction]


def _event(name: str, outcome: str, text: str = "", **data: Any) -> Mapping[str, Any]:
    return {"actor": "customer", "kind": "event", "name": name, "outcome": outcome, "text": text, "data": data}


def _message(actor: str, text: str) -> Mapping[str, Any]:
    return {"actor": actor, "kind": "message", "text": text}


_ACCOUNT = {"type": "account_id", "value": "demo-1001", "verified": True, "method": "app login"}
_PHONE = {"type": "phone", "value": "+1 202 555 0142", "verified": True}
_PROVEN_PHONE = {**_PHONE, "method": "one-time code"}
_LABEL = {"page": "orders/ORD-48213/return", "error_code": "RET-4031"}

JOURNEY = (
    Episode(
        channel="app",
        conversation_id="demo-app",
        title="a return label fails twice, the refund form is given up",
        ago=timedelta(days=4, minutes=31),
        gap=timedelta(seconds=75),
        identifiers=(_ACCOUNT,),
        steps=(
            _event("open_order", "succeeded", order_id="ORD-48213", product="espresso machine"),
            _event("print_return_label", "failed", "The label could not be created.", **_LABEL),
            _event("print_return_label", "failed", "The label could not be created.", **_LABEL),
            _event("request_refund", "abandoned", "Left the refund form before sending it.", idle_ms=94_000),
        ),
    ),
    Episode(
        channel="chat",
        conversation_id="demo-chat",
        title="the bot knows only the label",
        ago=timedelta(days=4, minutes=20),
        gap=timedelta(seconds=40),
        identifiers=(_ACCOUNT, _PHONE),
        steps=(
            _message("customer", "The espresso machine from order ORD-48213 arrived with a cracked tank."),
            _message("customer", "I want to send it back and get my money back."),
            _message("bot", "I am sorry to hear that. You can print a return label in the app under Orders."),
            _message("customer", "I tried that twice. It says RET-4031 and no label comes."),
            _message("bot", "You can print a return label in the app under Orders."),
            _message("customer", "That does not work! How do I get my 129.00 EUR back?"),
        ),
        asks_for_advice=True,
    ),
    Episode(
        channel="whatsapp",
        conversation_id="demo-whatsapp",
        title="a person promises the refund within 48 hours",
        ago=timedelta(days=3),
        gap=timedelta(seconds=90),
        identifiers=(_PHONE,),
        steps=(
            _message("customer", "Hi, the return of ORD-48213 is still stuck and your bot is no help."),
            _message("agent", "Thank you for the photo of the tank. You need not send the machine back."),
            _message("agent", "I will refund the 129.00 EUR to your card within 48 hours."),
            _message("customer", "Thanks, that would be great."),
        ),
    ),
    Episode(
        channel="voice",
        conversation_id="demo-call",
        title="no money after three days; the customer asks for a person",
        ago=timedelta(seconds=50),
        gap=timedelta(seconds=9),
        identifiers=(_PROVEN_PHONE,),
        steps=(
            _event("verify_caller", "succeeded", method="one-time code"),
            _message("bot", "Welcome back. How can I help you today?"),
            _message(
                "customer", "I was promised my 129.00 EUR within 48 hours. It is three days now and nothing came!"
            ),
            _message("bot", "You can print a return label in the app under Orders."),
            _message("customer", "No. I have explained this three times now. Let me talk to a real person, please."),
        ),
    ),
)


def play(service: "Service", now: datetime, tell: Callable[[Scene], None]) -> DemoOutcome:
    """File the journey, escalate, and fetch what the evidence names; `tell` hears of each scene when it is filed."""
    for episode in JOURNEY:
        answer = service.post("/v1/interactions", {"interactions": episode.interactions(now)})
        tell(
            Scene(
                episode,
                at=now - episode.ago,
                signals=[signal["detail"] for signal in answer["signals"]],
                advice=_advice(service, episode, now) if episode.asks_for_advice else None,
            )
        )
    request = {
        "conversation_id": JOURNEY[-1].conversation_id,
        "from_channel": "voice",
        "to_channel": "voice",
        "from_actor": "bot",
        "to_queue": "returns",
        "reason": {"code": "customer_request"},
        "now": now.isoformat(),
    }
    handoff = Handoff.model_validate({**service.post("/v1/handoffs", request), "request": request})
    page = service.get(f"/v1/customers/{handoff.customer_id}/timeline?limit=1000")
    return DemoOutcome(handoff, [_row(interaction) for interaction in page["interactions"]])


def _advice(service: "Service", episode: Episode, now: datetime) -> str:
    judged_at = now - episode.ago + len(episode.steps) * episode.gap
    decision = service.post(
        "/v1/next-actions",
        {"conversation_id": episode.conversation_id, "audience": "bot", "now": judged_at.isoformat()},
    )
    best = decision["actions"][0]["label"] if decision["actions"] else "nothing"
    return f"{decision['intervention']['level']} · {best}"


class Service:
    """A client of the HTTP API, without any proxy in between."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.ready_after_s = 0.0
        self._opener = build_opener(ProxyHandler({}))

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a POST. Raises Unavailable with the service's own words."""
        request = Request(  # noqa: S310 - the address is ours
            self.address + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        return self._answer(request)

    def get(self, path: str) -> dict[str, Any]:
        """The answer to a GET. Raises Unavailable with the service's own words."""
        return self._answer(Request(self.address + path))  # noqa: S310 - the address is ours

    def readiness(self) -> Mapping[str, Any]:
        """How the service and its parts are; a service that does not answer yet is `starting`."""
        try:
            return self.get("/readyz")
        except Unavailable:
            return {"status": "starting", "checks": {}}

    def is_warm(self) -> bool:
        """Whether the service is ready and each of its parts is loaded, so that the first answer is as quick as any."""
        readiness = self.readiness()
        return readiness["status"] == "ready" and all(part["status"] == "ok" for part in readiness["checks"].values())

    def _answer(self, request: Request) -> dict[str, Any]:
        try:
            with self._opener.open(request, timeout=ANSWER_WITHIN_S) as answer:
                return cast(dict[str, Any], json.load(answer))
        except HTTPError as refusal:
            with refusal:
                raise Unavailable(f"{request.selector} answered {refusal.code}: {refusal.read().decode()}") from None
        except (URLError, OSError) as failure:
            raise Unavailable(f"The service at {self.address} does not answer: {failure}") from None


@contextmanager
def own_service() -> Generator[Service]:
    """A real service on a free port of this machine with a data folder of its own; both are gone afterwards.

    Raises Unavailable, with the end of its log, when it does not become ready.
    """
    with TemporaryDirectory(prefix="warmline-demo-") as folder:
        log = Path(folder, "service.log")
        service = Service(f"http://127.0.0.1:{_free_port()}")
        started = monotonic()
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-m", "app.interfaces.cli", "serve", "--port", service.address.rpartition(":")[2]],
                cwd=folder,
                env=_environment(folder),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            _wait_until(lambda: service.readiness()["status"] == "ready", process, log)
            service.ready_after_s = monotonic() - started
            _wait_until(service.is_warm, process, log)
            yield service
        finally:
            _stop(process)


def _environment(folder: str) -> dict[str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("WARMLINE_") or name.startswith(KEPT_SETTINGS)
    }
    return inherited | {"WARMLINE_DATA_DIR": str(Path(folder, "data")), "WARMLINE_CATALOGUE": "retail"}


def _wait_until(holds: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = monotonic() + START_WITHIN_S
    while not holds():
        if process.poll() is not None or monotonic() > deadline:
            end_of_log = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            raise Unavailable(f"The demonstration's service did not become ready. The end of its log:\n{end_of_log}")
        sleep(0.05)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return cast(int, probe.getsockname()[1])


def _row(seen: Mapping[str, Any]) -> Interaction:
    fields = {**seen, "identity_id": seen["customer_id"]}
    del fields["customer_id"]
    return Interaction.model_validate(fields)
