"""Finds what proves who somebody is and has no shape of its own: card security codes, PINs, TANs, one-time codes.

They are told by the words around them: by a name before them (`CVV 123`, `the security code is one two three`), by
what is said of them after (`123 is your code`, `123 on the back`), or by the question that they answer. A code of
which the word before says that it names a thing (an order, an error, a country) is none.
"""

from collections.abc import Iterator, Sequence

from app.privacy.spoken import FILLERS, Atom, Token, plain, tokens

# Whatever of these is said, the number that follows is secret.
_STRONG = frozenset(
    """cvv cvv2 cvc cvc2 cvn csc cvd cav2 pin pins pincode pinnummer otp otps totp mtan smstan tan tans passcode
    passcodes securitycode securecode accesscode verificationcode logincode authcode kartenprufnummer prufnummer
    prufziffer prufziffern sicherheitscode sicherheitsnummer sicherheitszahl geheimzahl geheimnummer geheimcode
    bestatigungscode verifizierungscode verifikationscode einmalcode einmalpasswort einmalkennwort zugangscode
    freischaltcode anmeldecode kartenpin cryptogramme kryptogramm beveiligingscode veiligheidscode verificatiecode
    toegangscode inlogcode pinnumber puk onetimecode onetimepasscode onetimepassword""".split()
)
_CODE = frozenset(
    "code codes passcode word pin number numbers digits digit password codigo codice codici clave cifras numero".split()
)
_ANY_CODE = frozenset("code codes codigo codice".split())
# Before (`security code`) or, in other languages, after the noun (`code de sécurité`).
_SECRET = frozenset(
    """security secure verification verify authentication authenticator auth access login logon signin onetime time
    factor fa mfa sms texted secret pass unlock activation recovery backup reset card securite verification secret
    confidentiel acces unique authentification seguridad verificacion acceso secreta secreto dinamica seguranca
    verificacao acesso sicurezza verifica accesso segreto veiligheid your my mon ma votre mi su tu meu seu mio tuo mein
    dein ihr mijn uw""".split()
)
_WEAK_NOUNS = frozenset({"number", "numbers", "numero", "word", "digits", "digit", "cifras", "password"})
_WEAK_SECRETS = frozenset("security secret sicurezza seguridad seguranca securite".split())
_OF = frozenset("de d du di da del des dell delle do".split())
_SMALL = frozenset("de d da di del la a al the in on one of from card".split())
# A code of these is a name for something, which the agent needs.
_NAMING = frozenset(
    """error status fault reason response booking reservation confirmation reference order product item article
    tracking return post postal zip area country dialling dialing sort branch bank swift bic promo promotion
    promotional discount voucher coupon gift referral qr dress source tax bar barcode hs color colour exit social
    insurance morse building gate postale poste postleitzahl erreur reduction promotionnel reservation commande pays
    descuento postal pedido error erro desconto sconto errore prenotazione offer campaign store department airport
    airline flight ics vat naf ape""".split()
)
_OTHER = frozenset(
    """order orders booking tracking parcel invoice account phone mobile telephone customer ticket case reference
    amount balance total price bestellung bestellnummer rechnung konto kontonummer telefon commande facture compte
    pedido factura cuenta fatura conta ordine fattura conto bestelling rekening iban error flight room gate born since
    worked charged paid pay refund street road floor ending ends""".split()
)
_IS = frozenset("is was are s ist war lautet est es son e sono zijn luidt reads says being like".split())
_TELLS = (
    FILLERS
    | _IS
    | frozenset(
        """it its that this here goes the a my your our code number you got sent me received from bank was just now by
        text sms for card on back of and den der die das mein meine dein ihr ist hier et voici c le la mon ma votre
        aqui el mi su meu minha seu il mio ecco het mijn uw de three four six digit digits value field as follows
        login app new again still today""".split()
    )
)
_ON_BACK = frozenset(
    "back reverse behind hinten ruckseite dos verso dorso retro achterkant rugzijde atras tras reverso".split()
)
_UNITS = frozenset(
    """dollars dollar euros euro eur usd gbp chf pounds pound cents percent times time days day weeks week hours hour
    minutes minute mins seconds second months month years year attempts tries people items mal tage tag stunden minuten
    sekunden wochen jahre fois jours heures minutes veces dias horas minutos vezes volte giorni ore minuti keer dagen
    uur uren kg km gb mb ml cm st street am pm uhr st nd rd th prozent""".split()
)
_OR = frozenset({"or", "oder", "ou", "o", "of"})
_BEFORE_BACK = frozenset("the au al no auf der sul op de en el dem".split())
_BETWEEN = frozenset("your my the a one time new dein ihr mein der die das le la mon il el su tu mi seu".split())
_FURTHEST = 8
_WIDEST = 24
_LEAST, _MOST = 3, 8

_CLEAR = _STRONG | (_CODE - _WEAK_NOUNS) | {"digit", "digits", "cifras", "password"} | _ON_BACK


def may_name_code(words: Sequence[str]) -> bool:
    """Whether a text of these words can name a secret code at all: a first look, before its order is read."""
    return not _CLEAR.isdisjoint(words) or not (_WEAK_NOUNS.isdisjoint(words) or _WEAK_SECRETS.isdisjoint(words))


def codes(text: str, found: Sequence[Token], run: Sequence[Atom], *, asked: bool) -> Iterator[tuple[int, int]]:
    """The atoms of a run that are a secret code, as (first, after the last). `asked`: somebody just asked for one."""
    place = 0
    named = _is_named(text, found, run[0].first) or (asked and not _is_other(found, run[0].first))
    while place < len(run):
        after = _code_from(text, run, place)
        secret = (
            after > place
            and not _is_measure(text, found, run, place, after)
            and (named or _is_called_code(text, found, run[place].first, run[after - 1].last))
        )
        if secret:
            yield place, after
        if not asked or after == place:
            # Of several numbers the first is the code: what follows it is told for something else.
            return
        place = after


def is_code_name(words: str) -> bool:
    """Whether a field's name says that its value is a secret code: `cvv`, `securityCode`, `one_time_pin`."""
    bare = plain("".join(sign for sign in words if sign.isalnum()))
    if bare in _STRONG:
        return True
    parts = [plain(one) for one in words.replace("-", " ").replace("_", " ").split()]
    if any(one in _STRONG for one in parts):
        return True
    return any(_names_code_at(parts, place) for place in range(len(parts)))


def _code_from(text: str, run: Sequence[Atom], place: int) -> int:
    """Where the code ends that begins with an atom; the atom's own place if none can begin there."""
    total, after = 0, place
    while after < len(run):
        size = len(run[after].digits)
        if after > place and (total >= _LEAST and not _goes_on(text, run, place, after)):
            break
        if total + size > _MOST:
            break
        total, after = total + size, after + 1
    return after if total >= _LEAST else place


def _goes_on(text: str, run: Sequence[Atom], place: int, after: int) -> bool:
    """Whether an atom belongs to the same code: digits told one by one, or two groups of one size."""
    gap = text[run[after - 1].end : run[after].start]
    before, size = len(run[after - 1].digits), len(run[after].digits)
    if run[after].value is not None or run[after - 1].value is not None:
        return True
    if size <= 2 and before <= 2:
        return len(gap.strip()) <= 1 or not gap.strip(" ,.-")
    return after == place + 1 and size == before and gap in (" ", "-", "\u00a0", ".")


def _is_named(text: str, found: Sequence[Token], first: int) -> bool:
    """Whether the words before a number name it as a secret code, the nearest name first."""
    crossed = False
    for step in range(1, min(first, _FURTHEST + 4) + 1):
        place = first - step
        word, gap = found[place].word, text[found[place].end : found[place + 1].start]
        crossed = crossed or any(sign in gap for sign in ".!;\n")
        if not word and step == 2 and found[place + 1].word in _OR:
            continue
        if not word or "?" in gap or len(gap) > _WIDEST:
            return False
        strength = _strength(found, place)
        if strength == 2 and step <= _FURTHEST:
            return True
        if strength == 1 and _connects(text, found, place, first) and _has_four(found, first):
            return True
        ends = strength == -1 or word in _OTHER
        if ends or ((crossed or step >= _FURTHEST) and word not in _TELLS):
            return False
    return False


def _strength(found: Sequence[Token], place: int) -> int:
    """2: the word at this place ends the name of a secret; 1: it is some code; -1: a code that names a thing."""
    word = found[place].word
    if word in _STRONG:
        return -1 if place and found[place - 1].word in _NAMING else 2
    words = [one.word for one in found[max(0, place - 4) : place + 5]]
    here = min(place, 4)
    if word not in _CODE:
        return 2 if word in _ON_BACK and not _CODE.isdisjoint(words[:here]) else 0
    if _names_thing(words, here):
        return -1
    if _names_code_at(words, here):
        return 2
    return 1 if word in _ANY_CODE else 0


def _names_thing(words: Sequence[str], place: int) -> bool:
    before = words[place - 1] if place else ""
    after = next((one for one in words[place + 1 : place + 3] if one not in _OF), "")
    return before in _NAMING or (words[place] in _ANY_CODE and after in _NAMING)


def _names_code_at(words: Sequence[str], place: int) -> bool:
    word = words[place]
    if word not in _CODE:
        return False
    before = [one for one in words[max(0, place - 3) : place] if one not in _SMALL]
    after = next((one for one in words[place + 1 : place + 4] if one not in _SMALL), "")
    secrets = _WEAK_SECRETS if word in _WEAK_NOUNS else _SECRET
    if word == "number" and "social" in words[max(0, place - 2) : place]:
        return False
    if word == "password":
        return "time" in before or "onetime" in before
    own = after in ("my", "your", "mi", "su", "mio", "meu") or after in ("card", "time")
    return bool(before and before[-1] in secrets) or (after in secrets and not own and word != "number")


def _is_other(found: Sequence[Token], first: int) -> bool:
    return any(one.word in _OTHER for one in found[max(0, first - 3) : first])


def _connects(text: str, found: Sequence[Token], place: int, first: int) -> bool:
    between = text[found[place].end : found[first].start]
    return ":" in between or "=" in between or any(one.word in _IS for one in found[place + 1 : first])


def _has_four(found: Sequence[Token], first: int) -> bool:
    token = found[first]
    return len(token.digits) != 3 or (first + 1 < len(found) and len(found[first + 1].digits) == 3)


def _is_called_code(text: str, found: Sequence[Token], first: int, last: int) -> bool:
    """`482913 is your login code`, `123 on the back`."""
    after = found[last + 1 : last + 9]
    for step, one in enumerate(after):
        before = found[last + step]
        gap = text[before.end : one.start]
        if len(gap) > 4 or any(sign in gap for sign in "?!;\n") or (step and "." in gap):
            return False
        if one.digits or one.word in _OTHER or one.word in _NAMING:
            return False
        if one.word in _ON_BACK:
            on_it = before.word in _BEFORE_BACK and (one.word != "back" or found[last + step - 1].word == "on")
            return on_it and len(found[first].digits or "123") in (1, 3, 4)
        if after[0].word in _IS and _strength(found, last + 1 + step) > 0:
            return step > 0 and not _is_other(found, first)
        if step and after[0].word in _IS and one.word not in _BETWEEN and one.word not in _SECRET:
            return False
    return False


def _is_measure(text: str, found: Sequence[Token], run: Sequence[Atom], place: int, after: int) -> bool:
    """An amount, a share, a duration or a part of a longer name is no code."""
    start, end, last = run[place].start, run[after - 1].end, run[after - 1].last
    before = text[max(0, start - 2) : start].strip()[-1:]
    behind = text[end : end + 2]
    if before in ("$", "€", "£", "#") or behind.strip()[:1] in ("$", "€", "£", "%"):
        return True
    if behind[:1] in (".", ",", "-", "/", ":") and behind[1:2].isdigit():
        return True
    if text[max(0, start - 1) : start] == "_":
        return True
    if text[start].isdigit() and start and (text[start - 1].isalpha() and not _ends_name(found, run[place].first)):
        return True
    if behind[:1].isalpha() or behind[:1] == "_":
        return True
    follows = found[last + 1] if last + 1 < len(found) else None
    return bool(follows and follows.word in _UNITS and len(text[end : follows.start]) <= 2)


def _ends_name(found: Sequence[Token], first: int) -> bool:
    return first > 0 and found[first - 1].word in _STRONG


def names_code(text: str) -> bool:
    """Whether a text names a secret code, or some code that is not the name of a thing."""
    found = tokens(text)
    return any(_strength(found, place) > 0 for place in range(len(found)))
