"""The channels, one table: what a channel is called, how fast it goes, and what follows from that.

A new channel is one member of `Channel`. Its words in other languages than English are in the phrases of each language;
where a language has none, the English one stands.
"""

from enum import StrEnum
from typing import NamedTuple, Self

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


class Pace(NamedTuple):
    """What is usual on a channel, in seconds. A gap longer than `visit` is another visit, not a pause in this one."""

    hesitates: float
    reply: float
    silent: float
    visit: float


class ChannelTraits(NamedTuple):
    """What the service knows of one channel.

    `where` is how a sentence puts it: `in the chat`. `self_service`: customers act there alone, without bot or agent.
    `menu`: its main page is read out each time, so to hear it again is a step back. `letters`: texts have a greeting, a
    signature and a footer. `spoken`: texts are what a recogniser made of speech.

    `aliases` are other whole names of it in plain texts. Applications of other systems are recognised by `words`, which
    stand alone in the application's name, or by `stems`, which stand anywhere in it; a channel that is `general` yields
    to the others there (`WhatsApp chat` is WhatsApp).
    """

    where: str
    pace: Pace
    self_service: bool = False
    menu: bool = False
    letters: bool = False
    spoken: bool = False
    aliases: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    stems: tuple[str, ...] = ()
    general: bool = False


class Channel(StrEnum):
    """Where an interaction happened."""

    traits: ChannelTraits

    def __new__(cls, value: str, traits: ChannelTraits) -> Self:
        """A member is its name in interactions, and carries its traits."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.traits = traits
        return member

    APP = "app", ChannelTraits("in the app", Pace(60, 2 * _MINUTE, 5 * _MINUTE, 30 * _MINUTE), self_service=True)
    WEB = (
        "web",
        ChannelTraits(
            "on the website",
            Pace(60, 2 * _MINUTE, 5 * _MINUTE, 30 * _MINUTE),
            self_service=True,
            aliases=("website", "web site", "browser"),
        ),
    )
    CHAT = (
        "chat",
        ChannelTraits(
            "in the chat",
            Pace(2 * _MINUTE, 2 * _MINUTE, 5 * _MINUTE, 2 * _HOUR),
            aliases=("live chat", "web chat", "webchat", "livechat"),
            stems=("chat",),
            general=True,
        ),
    )
    VOICE = (
        "voice",
        ChannelTraits(
            "on the phone",
            Pace(20, 30, 30, 30 * _MINUTE),
            spoken=True,
            aliases=("phone", "call", "phone call", "telephone"),
            words=("call", "pstn", "sip"),
            stems=("voice", "phone", "telephon"),
            general=True,
        ),
    )
    IVR = (
        "ivr",
        ChannelTraits(
            "in the phone menu",
            Pace(15, 20, 30, 10 * _MINUTE),
            self_service=True,
            menu=True,
            spoken=True,
            aliases=("phone menu", "voice menu"),
            words=("ivr",),
        ),
    )
    EMAIL = (
        "email",
        ChannelTraits(
            "by e-mail",
            Pace(3 * _DAY, _DAY, 4 * _DAY, 21 * _DAY),
            letters=True,
            aliases=("e-mail", "mail"),
            words=("mail", "e mail", "e mails"),
            stems=("email", "gmail", "outlook"),
        ),
    )
    SMS = (
        "sms",
        ChannelTraits(
            "by text message",
            Pace(2 * _HOUR, 30 * _MINUTE, 6 * _HOUR, 3 * _DAY),
            aliases=("text message", "text messages"),
            words=("sms", "mms", "rcs", "text message", "text messages", "text messaging"),
        ),
    )
    WHATSAPP = (
        "whatsapp",
        ChannelTraits(
            "on WhatsApp", Pace(30 * _MINUTE, 15 * _MINUTE, 2 * _HOUR, _DAY), stems=("whatsapp", "whats app")
        ),
    )
    SOCIAL = (
        "social",
        ChannelTraits(
            "on social media",
            Pace(6 * _HOUR, 4 * _HOUR, _DAY, 7 * _DAY),
            aliases=("social media",),
            stems=("social", "facebook", "messenger", "instagram", "twitter", "telegram", "tiktok", "linkedin"),
        ),
    )
    IN_PERSON = (
        "in_person",
        ChannelTraits(
            "in person",
            Pace(_MINUTE, 2 * _MINUTE, 2 * _MINUTE, _HOUR),
            aliases=("in person", "in-person"),
            words=("in person", "walk in"),
            stems=("walkin",),
        ),
    )
    OTHER = "other", ChannelTraits("on another channel", Pace(10 * _MINUTE, 30 * _MINUTE, _HOUR, _DAY))

    @classmethod
    def called(cls, name: str) -> Self | None:
        """The channel that people write so: its own name or an alias, in any case and spacing."""
        wanted = " ".join(name.casefold().split())
        return next((channel for channel in cls if wanted in (channel.value, *channel.traits.aliases)), None)

    @classmethod
    def of_application(cls, name: str) -> Self | None:
        """The channel that the name of another system's application speaks of: `Twilio SMS gateway`."""
        wanted = name.strip().lower()
        if wanted in tuple(cls):
            return cls(wanted)
        parts = f" {' '.join(''.join(sign if sign.isalnum() else ' ' for sign in wanted).split())} "
        by_rank = sorted(cls, key=lambda channel: channel.traits.general)
        return next((channel for channel in by_rank if channel._is_named_in(parts)), None)

    def _is_named_in(self, parts: str) -> bool:
        return any(f" {word} " in parts for word in self.traits.words) or any(
            stem in parts for stem in self.traits.stems
        )
