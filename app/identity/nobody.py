"""Which identifiers name nobody: they stay in the ledger as text and join no customer, verified or not.

Platforms put words and codes where a number, an address or an id should be. What they send, as their documentation
and the standards have it:

- Twilio: a keypad's digits of the words ANONYMOUS (+266696687), RESTRICTED (+7378742833), UNAVAILABLE (+86282452253),
  BLOCKED (+2562533) and UNKNOWN (+8656696), or the words themselves; an SMS may come from a short code or from a
  sender's name in letters.
- SIP (RFC 3323, 3325, 5767): `"Anonymous" <sip:anonymous@anonymous.invalid>`, without a P-Asserted-Identity; the
  top-level domain `invalid` (RFC 2606) is nobody's.
- Asterisk, FreeSWITCH, Kazoo, Genesys, Amazon Connect: `anonymous`, `unavailable`, `restricted`, `private`, `unknown`,
  `0000000000`; national carriers send their own language's words.
- E-mail: names of an office and not of a person (RFC 2142), senders that take no answer, and bounces.
- Devices: an advertising id of zeros (tracking is switched off), the id shared by all Android emulators, the hardware
  address 02:00:00:00:00:00 that mobile systems give instead of the real one.

To take a real number for one of these costs one customer a recognition. To take one of these for a number joins
strangers, so the rules lean towards nobody.
"""

import re
import unicodedata
from itertools import pairwise
from typing import Literal

from app.caching import text_cache
from app.models import Identifier

Reason = Literal["names_nobody", "invalid_email", "invalid_phone"]

# Fewer digits reach a person only from inside one town or one company; E.164 has at most 15, a prefix may add two.
_SHORTEST_PHONE = 7
_LONGEST_PHONE = 17
_LONGEST_WORDS = 80

_WITHHELD = frozenset(
    """
    anonymous anonym anonyme anonymer anonymous1 anonimo anonima anoniem anonim anonymt anonymni anonimowy
    restricted private privat privee prive privado privada privato privata privatnummer prywatny
    withheld blocked hidden unavailable available unknown undisclosed unlisted unidentified suppressed secret
    masked redacted removed deleted disabled confidential unpublished invalid missing empty blank
    unterdruckt unterdrueckt unbekannt unbekannter unbekannte verborgen gesperrt geheim leer ungultig ungueltig
    masque masquee cache cachee inconnu inconnue secrete confidentiel indisponible
    oculto oculta desconocido desconocida restringido bloqueado disponible vacio ninguno
    desconhecido desconhecida restrito confidencial indisponivel vazio nenhum
    sconosciuto sconosciuta nascosto nascosta riservato riservata disponibile bloccato nessuno
    onbekend onbekende afgeschermd afgeschermde geblokkeerd prive geheim leeg
    okand okant ukendt ukjent hemlig hemligt hemmelig skjult dold tuntematon salainen
    nieznany nieznana zastrzezony ukryty neznamy neznama skryte skryty ismeretlen rejtett necunoscut ascuns
    bilinmeyen gizli ozel αγνωστος неизвестный неизвестно неизвестен скрыт скрытый аноним анонимный
    невідомий анонімний 非通知 匿名 未知 不明 隐藏 隱藏 未知号码 隐藏号码 私人号码 匿名者 非通知設定 発信者不明 알수없음
    발신번호표시제한 익명 مجهول محجوب אנונימי חסוי अज्ञात
    none null nil nan undefined na nobody noone niemand personne nadie ninguem niemand
    no not non nicht kein keine keiner pas aucun aucune sin sem senza geen ingen ei brak bez nao
    test tests testing tester dummy placeholder sample example todo tbd tba fake foo bar foobar asdf asdfgh qwerty
    default optout opt out lmt noid noname anon guest gast invite invitado convidado ospite visitor visiteur visitante
    """.split()
)
# Words that stand beside those above, or that say only that somebody is there.
_BESIDE = frozenset(
    """
    number numbers caller callers call calling id ids nr num phone telephone tel mobile line name user users customer
    client account contact person party sender from email mail e address handle device cookie value data provided
    given supplied specified set applicable known identified the is was by for in of facebook instagram whatsapp
    telegram unregistered nummer rufnummer anrufer anruferin kunde kundin teilnehmer nutzer benutzer telefonnummer
    keine angabe numero telephone appel appelant utilisateur client llamada llamante usuario cliente telefono
    numero chamada chamador utilizador telefone chiamata chiamante utente beller nummerweergave klant gebruiker
    nummer nummeret samtal opkald numer telefonu rozmowca cislo volajici номер абонент пользователь arayan numara
    de do da del le la el il et und de het der die das
    """.split()
)
# What those words are on a telephone's keys, where a system knows only digits.
_ON_KEYS = dict(
    zip("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999", strict=True),
)
_KEYED = frozenset(
    "".join(_ON_KEYS[letter] for letter in word)
    for word in (
        *("anonymous", "restricted", "unavailable", "blocked", "unknown", "private", "withheld", "undisclosed"),
        *("nocallerid", "noncallerid", "unidentified", "privatenumber", "unknownnumber", "unknowncaller"),
    )
)
_ROLES = frozenset(
    """
    abuse accounts accounting admin administrator alert alerts auto automailer automated billing booking bookings
    bounce bounces buchhaltung care careers contact contacto contactus contato contatti compliance customer
    customercare customerservice customersupport daemon desk devnull enquiries enquiry everyone feedback finance ftp
    hello help helpdesk hilfe hostmaster hr info infos information inquiries inquiry invoice invoices it jobs kontakt
    kundendienst kundenservice kundenbetreuung list listserv mail mailbox mailer mailerdaemon maildaemon majordomo
    marketing news newsletter noc nobody notification notifications notify office operations order orders payments
    postmaster press privacy reply reception returns root sales security service servicedesk serviceclient servicios
    shop soporte staff subscribe suporte support supporto support team updates unsubscribe usenet uucp verkauf vertrieb
    webmaster welcome www
    """.split()
)
_TAKES_NO_ANSWER = (
    *("noreply", "donotreply", "dontreply", "noresponder", "noresponda", "naoresponda", "nepasrepondre"),
    *("nichtantworten", "keineantwort", "nonrispondere", "nietantwoorden", "mailerdaemon", "bounce", "autoreply"),
)
# Addresses that forms show as an example; an ordinary name at example.com may be somebody in a trial.
_EXAMPLE_NAMES = frozenset(
    """email mail emailaddress youremail myemail yourmail name yourname firstnamelastname vornamename noemail nomail
    nomailprovided noemailprovided notprovided noaddress keineemail sansemail sinemail sinemail semmail""".split()
)
# A card's number as it is filed: the digest behind its last four tells it from every other.
_MASKED_CARD = re.compile(r"card:•{4}\d{4}:[0-9a-f]{32}")
_SHARED_DEVICES = frozenset({"9774d56d682e549c", "020000000000", "004999010640000", "012345678912345"})


@text_cache(maxsize=65_536)
def reason_to_join_nobody(kind: str, value: str) -> Reason | None:
    """Why an identifier of this type and value says nothing about who somebody is; None when it may name somebody."""
    kind = kind.strip().lower()
    plain = _inside(unicodedata.normalize("NFKC", value).strip())
    if _is_placeholder(plain) or _are_words_for_nobody(plain):
        return "names_nobody"
    if kind == "phone":
        return _phone(plain)
    if kind == "email":
        return _email(plain)
    signs = _signs(plain)
    if kind in ("device_id", "cookie_id"):
        nobody = signs in _SHARED_DEVICES or _is_monotonous(signs, 1 if signs[:1] in "0f" else 8)
        return "names_nobody" if nobody or (len(signs) >= 8 and _is_run(signs)) else None
    if "@" in plain and _email(plain) == "names_nobody":
        return "names_nobody"
    return "names_nobody" if _is_monotonous(signs, 1 if signs[:1] == "0" else 5) else None


def names_nobody(one: Identifier) -> bool:
    """Whether an identifier joins nobody."""
    return reason_to_join_nobody(one.type, one.value) is not None


def _inside(value: str) -> str:
    """What an address of SIP or a display name with one is about: the part in angle brackets, without its scheme."""
    opened = value.rfind("<")
    if opened >= 0 and value.endswith(">"):
        value = value[opened + 1 : -1].strip()
    scheme, colon, rest = value.partition(":")
    if colon and scheme.lower() in ("sip", "sips", "tel", "mailto", "callto", "whatsapp"):
        return rest.partition(";")[0].strip()
    return value


def _is_placeholder(value: str) -> bool:
    """No letter or digit, the same letter over and over, or signs that stand for what was taken out."""
    signs = _signs(value)
    if not signs or "***" in value or ("•" in value and not _MASKED_CARD.fullmatch(value)):
        return True
    return _is_monotonous(signs, 3) and signs[0] == "x"


def _are_words_for_nobody(value: str) -> bool:
    if len(value) > _LONGEST_WORDS:
        return False
    address, at, domain = value.partition("@")
    if at and domain.count(".") and not domain.casefold().rstrip(".").endswith(".invalid"):
        return False
    words = _words(address or domain if at else value)
    # Spelled out in single letters it is the same word.
    return "".join(words) in _WITHHELD or (bool(words) and all(word in _WITHHELD or word in _BESIDE for word in words))


def _phone(value: str) -> Reason | None:
    number, _, host = value.partition("@")
    if host and host.casefold().rstrip(".").endswith(".invalid"):
        return "names_nobody"
    bare = number.partition(";")[0]
    digits = "".join(str(unicodedata.digit(sign)) for sign in bare if sign.isdigit())
    significant = digits.removeprefix("00").removeprefix("+")
    if {significant, significant.removeprefix("1"), digits} & _KEYED:
        return "names_nobody"
    if not len(digits) >= _SHORTEST_PHONE:
        return "invalid_phone"
    if _is_monotonous(digits, 5) or _is_run(digits) or digits.endswith(("1234567890", "0123456789", "9876543210")):
        return "names_nobody"
    if _is_monotonous(digits[-8:], 8) or digits.endswith("0000000"):
        return "names_nobody"
    # An extension is written behind the number, so the whole may be longer than a number is.
    longest = _LONGEST_PHONE + 8 if any(sign.isalpha() or sign in "#," for sign in bare) else _LONGEST_PHONE
    return "invalid_phone" if len(digits) > longest else None


def _email(value: str) -> Reason | None:
    local, at, domain = value.rpartition("@")
    domain = domain.casefold().rstrip(".")
    if not at or not local or not domain or any(sign.isspace() for sign in domain) or domain.startswith("."):
        return "invalid_email"
    if "@" in local and not local.startswith('"'):
        return "invalid_email"
    name = _signs(local.partition("+")[0])
    if domain == "invalid" or domain.endswith(".invalid") or name.startswith(_TAKES_NO_ANSWER):
        return "names_nobody"
    reserved = domain.rpartition(".")[2] in ("example", "test", "localhost") or domain in (
        *("example.com", "example.org", "example.net", "test.com", "domain.com", "email.com", "none.com"),
    )
    if name in _ROLES or name in _EXAMPLE_NAMES or not name:
        return "names_nobody"
    words = _words(local.partition("+")[0])
    empty = {"none", "null", "na", "nil", "undefined", "unknown", "anonymous", "anonym", "anonyme", "anonimo"}
    if name in empty or (reserved and words and all(word in _WITHHELD for word in words)):
        return "names_nobody"
    return None


def _words(value: str) -> list[str]:
    """The words of a value in lower case and without accents."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", value) if not unicodedata.combining(sign))
    return "".join(sign if sign.isalnum() else " " for sign in _recomposed(plain)).split()


def _recomposed(value: str) -> str:
    # Korean syllables fall apart above and are put together again; nothing else comes back.
    return unicodedata.normalize("NFC", value).casefold()


def _signs(value: str) -> str:
    return "".join(sign for sign in value.casefold() if sign.isalnum())


def _is_monotonous(signs: str, least: int) -> bool:
    return len(signs) >= least and bool(signs) and signs.count(signs[0]) == len(signs)


def _is_run(digits: str) -> bool:
    """Digits that count up or down, as 1234567 and 9876543210 do."""
    if len(digits) < 6 or not digits.isascii() or not digits.isdigit():
        return False
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(digits)}
    return steps in ({1}, {9})
