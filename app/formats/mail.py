"""E-mails out of mbox files and single messages (EML), read with the standard library's `email` under its new policy.

The headers say what a mail is and to which thread it belongs; what its body means is not read here. The text is the
plain part as it came, else the HTML, told by `data.headers["Content-Type"]`. Our side is told by our own addresses:
those of the options, or else a domain that many write to and whose people write as those who serve. The address of a
sender is never verified: a pass of DKIM or SPF in Authentication-Results proves the domain, not the person, and the
header proves something only on the server that wrote it. It is kept in `data.headers`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.errors import MessageError
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import getaddresses, parsedate_to_datetime
from hashlib import sha256
from itertools import islice
from math import exp
from typing import Any, NamedTuple, cast

from pydantic import ValidationError

from app.errors import WarmlineError
from app.formats.options import ReadingOptions
from app.formats.speakers import SURE
from app.formats.timestamps import placed
from app.models import Actor, Channel, Identifier, InteractionDraft, Kind, Participant
from app.nlu.calendars import APPOINTMENTS, Appointment, appointments_of
from app.nlu.markup import without_markup
from app.nlu.quoted_history import beginning_of_history
from app.nlu.sides import serving_odds
from app.validation import check_size_of_data, invalid_request

MAX_TEXT = 200_000
_SEPARATOR = b"From "
_HEADER = re.compile(rb"[!-9;-~]{1,80}:")
_FIRST_HEADERS = frozenset(
    b"received return-path delivered-to from to date subject message-id mime-version reply-to x-original-to".split()
)
_KEPT = (
    "Auto-Submitted",
    "Precedence",
    "X-Auto-Response-Suppress",
    "X-Autoreply",
    "X-Autorespond",
    "List-Id",
    "List-Unsubscribe",
    "List-Post",
    "Feedback-ID",
    "Return-Path",
    "Sender",
    "Reply-To",
    "In-Reply-To",
    "References",
    "Authentication-Results",
    "Content-Language",
)
_MOST_PARTS = 200
_FORWARDED = "---------- Forwarded message ----------"
_PASSED_ON = ("From", "Date", "Subject", "To")
_RECIPIENTS = ("To", "Cc", "Delivered-To", "X-Original-To")
_LONGEST_HEADER = 2000
_LONGEST_BEGINNING = 1000
_MOST_WEIGHED = 200
_MOST_ODDS = 3.0
_PER_WRITER = 1.5
_MOST_WRITERS = 5
_LONGEST_ID = 220
_REPLY = re.compile(r"^(?:\s*(?:[^\W\d_]{1,5}|[^\W\d_]{2,3}\s?\[\d{1,3}\])\s?[:：])+\s*")
_MESSAGE_ID = re.compile(r"<([^<>\s]{1,300})>")


class MailProblem(NamedTuple):
    """A mail that could not be read: the line it begins on, and why."""

    line: int
    detail: str


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail of a file, with the line it begins on."""

    line: int
    id: str
    parents: Sequence[str]
    subject: str
    sender: tuple[str, str]
    recipients: Sequence[tuple[str, str]]
    at: datetime | None
    text: str
    is_html: bool
    headers: Mapping[str, str]
    attachments: Sequence[Mapping[str, Any]]
    appointments: Sequence[Mapping[str, str]] = ()


class ReadMails(NamedTuple):
    """The interactions of a file of mails with their lines, those that could not be read, and what addresses are ours;
    `guessed` tells whether that was told from the mails.
    """

    drafts: Sequence[tuple[int, InteractionDraft]]
    problems: Sequence[MailProblem]
    ours: Sequence[str]
    guessed: bool


def is_mail(content: bytes) -> bool:
    """Whether a document is an mbox file or a mail: by its first lines, which are headers."""
    start = content.lstrip(b"\xef\xbb\xbf\r\n")
    if start.startswith(_SEPARATOR):
        start = start.partition(b"\n")[2]
    names: list[bytes] = []
    for line in start[:20_000].splitlines()[:40]:
        if not line.strip():
            break
        if line[:1] in (b" ", b"\t") and names:
            continue
        if not _HEADER.match(line):
            return False
        names.append(line.partition(b":")[0].strip().lower())
    # "From:" and "To:" alone may head a pasted text; a mail has a date or came by a server.
    headers = _FIRST_HEADERS.intersection(names)
    return b"from" in headers and len(headers) > 2


def read_mails(content: bytes, options: ReadingOptions) -> ReadMails:
    """The mails of an mbox file or of a single message. A broken one costs only itself."""
    mails: list[Mail] = []
    problems: list[MailProblem] = []
    for line, source in _messages(content):
        try:
            mails.append(_mail(line, source, options))
        except (ValueError, LookupError, RecursionError, MessageError, WarmlineError) as failure:
            words = failure.detail if isinstance(failure, WarmlineError) else str(failure)
            problems.append(MailProblem(line, f"this mail cannot be read: {words or type(failure).__name__}"))
    if options.customer and not options.our_addresses:
        options = options._replace(our_addresses=_beside_customer(mails, options.customer))
    guessed = not options.our_addresses
    if guessed:
        options = options._replace(our_addresses=_our_domain(mails))
    threads = _threads(mails)
    customers = _customers(mails, threads, options)
    drafts: list[tuple[int, InteractionDraft]] = []
    for mail in mails:
        try:
            drafts.append((mail.line, _draft(mail, threads[mail.id], customers, options)))
        except WarmlineError as failure:
            problems.append(MailProblem(mail.line, failure.detail))
    return ReadMails(drafts, sorted(problems), tuple(options.our_addresses), guessed)


def _messages(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The sources of the mails of a file, each with the line that it begins on."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    if not content.lstrip(b"\r\n").startswith(_SEPARATOR):
        yield 1, content
        return
    lines = content.splitlines(keepends=True)
    start = 0
    for index in range(1, len(lines) + 1):
        at_end = index == len(lines)
        # A line of text that begins with "From " has no blank line before it and headers after it.
        begins = (
            not at_end
            and lines[index].startswith(_SEPARATOR)
            and not lines[index - 1].strip()
            and index + 1 < len(lines)
            and _HEADER.match(lines[index + 1]) is not None
        )
        if at_end or begins:
            while start < index and not lines[start].strip():
                start += 1
            if start < index:
                body = lines[start + 1 : index]
                yield start + 2, b"".join(_unquoted(line) for line in body)
            start = index


def _unquoted(line: bytes) -> bytes:
    bare = line.lstrip(b">")
    return line[1:] if bare is not line and line[:1] == b">" and bare.startswith(_SEPARATOR) else line


def _mail(line: int, source: bytes, options: ReadingOptions) -> Mail:
    message: Any = BytesParser(policy=policy.default).parsebytes(source)
    senders = _addresses(message, "From")
    if not senders:
        raise ValueError("it has no From header with an address.")
    text, is_html = _text(message)
    if not is_html:
        text = "\n\n".join(filter(None, (text, *_letters_attached(message))))[:MAX_TEXT]
    subject = " ".join(str(message.get("Subject", "")).split())
    attachments = [_attachment(part) for part in message.iter_attachments()] if message.is_multipart() else []
    given = _MESSAGE_ID.search(str(message.get("Message-ID", "")))
    references = f"{message.get('References', '')} {message.get('In-Reply-To', '')}"
    headers = {
        name: " ".join(str(value).split())[:_LONGEST_HEADER]
        for name in _KEPT
        if (value := message.get(name)) is not None
    }
    return Mail(
        line=line,
        id=given[1][:_LONGEST_ID] if given else sha256(source).hexdigest()[:32],
        parents=[parent[:_LONGEST_ID] for parent in dict.fromkeys(_MESSAGE_ID.findall(references))],
        subject=subject,
        sender=senders[0],
        recipients=[
            pair for name in ("To", "Cc", "Delivered-To", "X-Original-To") for pair in _addresses(message, name)
        ],
        at=_date(message, options),
        text=text,
        is_html=is_html,
        headers=headers,
        attachments=attachments,
        appointments=list(_appointments(message)),
    )


def _addresses(message: EmailMessage, name: str) -> list[tuple[str, str]]:
    values = [" ".join(str(value).split()) for value in message.get_all(name, [])]
    pairs = getaddresses(values)
    return [
        (shown.strip(), address.strip()) for shown, address in pairs if "@" in address and " " not in address.strip()
    ]


def _date(message: EmailMessage, options: ReadingOptions) -> datetime | None:
    written = message.get("Date")
    if written is None:
        return None
    try:
        moment = parsedate_to_datetime(str(written))
    except (ValueError, TypeError, IndexError, OverflowError):
        raise ValueError(f"its Date header is no date: {str(written)[:60]!r}.") from None
    # "-0000" means a time in UTC of an unknown zone, which the library gives without a zone (RFC 5322, 3.3).
    return moment.replace(tzinfo=UTC) if str(written).strip().endswith("-0000") else placed(moment, options.naive_times)


def _text(message: Any) -> tuple[str, bool]:
    part = message.get_body(("plain",)) or message.get_body(("html",))
    if part is None:
        return "", False
    is_html = part.get_content_type() == "text/html"
    text = _content(part).replace("\r\n", "\n").replace("\0", "").strip("\n")
    if len(text) > MAX_TEXT:
        raise ValueError(f"its text has {len(text):,} characters; at most {MAX_TEXT:,} are taken.")
    return text, is_html


def _appointments(message: EmailMessage) -> Iterator[Mapping[str, str]]:
    """The appointments in a mail's own parts of type text/calendar; the same one in two parts counts once."""
    listed: dict[Appointment, None] = {}
    parts: Any = islice(message.walk(), _MOST_PARTS)
    for part in parts:
        if part.get_content_type() == "text/calendar":
            listed |= dict.fromkeys(appointments_of(_content(part)))
    yield from (each._asdict() for each in listed)


def _letters_attached(message: EmailMessage) -> Iterator[str]:
    """The mails that come as attachments, each as a program writes one that it passes on within a text."""
    for part in message.iter_attachments() if message.is_multipart() else ():
        if part.get_content_type() != "message/rfc822":
            continue
        inner = cast(Any, part).get_content()
        if hasattr(inner, "iter_attachments"):
            headers = [f"{name}: {' '.join(str(inner[name]).split())}" for name in _PASSED_ON if inner[name]]
            lines = without_markup(_text(inner)[0])
            yield "\n".join((_FORWARDED, *headers, "", lines))


def _content(part: Any) -> str:
    raw = part.get_payload(decode=True)
    if not isinstance(raw, bytes):
        return ""
    named = part.get_content_charset() or "utf-8"
    for charset in (named, "utf-8"):
        try:
            return raw.decode(charset)
        except (LookupError, UnicodeDecodeError):
            continue
    # Every byte is a character there; what is wrong about it shows, and nothing is lost.
    return raw.decode("cp1252", errors="replace")


def _attachment(part: Any) -> Mapping[str, Any]:
    raw = part.get_payload(decode=True)
    return {
        "filename": (part.get_filename() or "")[:256],
        "mediatype": part.get_content_type(),
        "bytes": len(raw) if isinstance(raw, bytes) else 0,
    }


def _our_domain(mails: Sequence[Mail]) -> Sequence[str]:
    """The domain that is ours, told by who writes to it and by how its own people write; none where it is not sure.

    A domain that many write to is ours, as is one whose mails are those of people who serve, and one that is written to
    by people who are served.
    """
    writers: dict[str, set[str]] = {}
    weights: dict[str, float] = {}
    for mail in mails:
        sender = _domain(mail.sender[1])
        odds = serving_odds([_beginning(mail.text)]) if len(weights) < _MOST_WEIGHED or sender in weights else 0.0
        odds = min(max(odds, -_MOST_ODDS), _MOST_ODDS)
        weights[sender] = weights.get(sender, 0.0) + odds / 2
        for domain in {_domain(address) for _, address in mail.recipients} - {sender}:
            weights[domain] = weights.get(domain, 0.0) - odds / 2
            writers.setdefault(domain, set()).add(mail.sender[1].casefold())
    for domain, addresses in writers.items():
        weights[domain] += _PER_WRITER * (min(len(addresses), _MOST_WRITERS) - 1)
    greatest = max(weights.values(), default=0.0)
    shares = {domain: exp(weight - greatest) for domain, weight in weights.items()}
    likeliest = max(shares, key=lambda domain: shares[domain], default=None)
    return (likeliest,) if likeliest and shares[likeliest] / sum(shares.values()) >= SURE else ()


def _beside_customer(mails: Sequence[Mail], customer: str) -> Sequence[str]:
    """The addresses that are ours where the customer is named: those they write to, and those that write to them."""
    named = customer.strip().casefold()
    ours: dict[str, None] = {}
    for mail in mails:
        people = (mail.sender, *mail.recipients)
        theirs = [person for person in people if named in (person[0].casefold(), person[1].casefold())]
        ours |= {address.casefold(): None for _, address in people if theirs and (_, address) not in theirs}
    return tuple(ours)


def _domain(address: str) -> str:
    return address.rpartition("@")[2].casefold()


def _beginning(text: str) -> str:
    """What a mail begins with, up to the letter that it repeats or passes on: enough to hear who writes."""
    lines = text[: 4 * _LONGEST_BEGINNING].splitlines()
    quotation = next((i for i, line in enumerate(lines) if line.lstrip().startswith((">", "<blockquote"))), len(lines))
    history = beginning_of_history(lines)
    end = quotation if history is None else min(quotation, history.start)
    return "\n".join(lines[:end])[:_LONGEST_BEGINNING]


def _threads(mails: Sequence[Mail]) -> Mapping[str, str]:
    """The first mail of its thread, for each: by what it answers, or else by its subject and who wrote to whom."""
    at_hand = {mail.id for mail in mails}
    root: dict[str, str] = {}
    by_subject: dict[tuple[str, frozenset[str]], str] = {}

    def root_of(name: str) -> str:
        while root.get(name, name) != name:
            root[name] = root.get(root[name], root[name])
            name = root[name]
        return name

    last = datetime.max.replace(tzinfo=UTC)
    for mail in sorted(mails, key=lambda each: (each.at or last, each.line)):
        # The oldest reference names the thread, also where that mail is not in the file.
        for parent in mail.parents:
            root.setdefault(root_of(mail.id), root_of(mail.id))
            root.setdefault(root_of(parent), root_of(parent))
            root[root_of(mail.id)] = root_of(parent)
        subject = _REPLY.sub("", mail.subject).strip().casefold()
        people = frozenset(address.casefold() for _, address in (mail.sender, *mail.recipients))
        is_reply = _REPLY.match(mail.subject) is not None
        for between in ((subject, people), (subject, frozenset((mail.sender[1].casefold(), *_first(mail))))):
            earlier = by_subject.get(between)
            if subject and is_reply and not (set(mail.parents) & at_hand) and earlier is not None:
                root.setdefault(root_of(mail.id), root_of(mail.id))
                root[root_of(mail.id)] = root_of(earlier)
                break
        by_subject.setdefault((subject, people), mail.id)
        by_subject.setdefault((subject, frozenset((mail.sender[1].casefold(), *_first(mail)))), mail.id)
    return {mail.id: root_of(mail.id) for mail in mails}


def _first(mail: Mail) -> Sequence[str]:
    return [mail.recipients[0][1].casefold()] if mail.recipients else []


def _customers(mails: Sequence[Mail], threads: Mapping[str, str], options: ReadingOptions) -> Mapping[str, str]:
    """The customer's address of every thread: of those who are not ours, who wrote first, or else was written to."""
    customers: dict[str, str] = {}
    last = datetime.max.replace(tzinfo=UTC)
    if not options.our_addresses:
        return customers
    ordered = sorted(mails, key=lambda each: (each.at or last, each.line))
    for by_sender in (True, False):
        for mail in ordered:
            people = [mail.sender] if by_sender else mail.recipients
            strangers = [address for _, address in people if not options.is_ours(address)]
            if strangers:
                customers.setdefault(threads[mail.id], strangers[0].casefold())
    return customers


def _draft(mail: Mail, thread: str, customers: Mapping[str, str], options: ReadingOptions) -> InteractionDraft:
    name, address = mail.sender
    ours = options.is_ours(address)
    customer = customers.get(thread)
    # Without any address of ours nobody's side is known.
    actor = Actor.AGENT if ours else Actor.CUSTOMER if options.our_addresses else Actor.SYSTEM
    data: dict[str, Any] = {
        "subject": mail.subject or None,
        "headers": {**mail.headers, "Content-Type": "text/html" if mail.is_html else "text/plain"},
        "to": [recipient for _, recipient in mail.recipients][:50] or None,
        "attachments": list(mail.attachments)[:50] or None,
        APPOINTMENTS: list(mail.appointments)[:20] or None,
        "side": None if actor is not Actor.SYSTEM else "unknown",
    }
    try:
        draft = InteractionDraft(
            id=f"mail-{mail.id}"[:256],
            occurred_at=mail.at,
            channel=Channel.EMAIL,
            actor=actor,
            kind=Kind.MESSAGE,
            conversation_id=f"mail-{thread}"[:256],
            participant=Participant(name=(name or address)[:256], id=address[:256]),
            identifiers=(Identifier(type="email", value=customer[:512]),) if customer else (),
            text=mail.text,
            data={key: value for key, value in data.items() if value is not None},
        )
    except ValidationError as failure:
        raise invalid_request(failure, inside="mail") from None
    check_size_of_data(draft, inside="mail")
    return draft
