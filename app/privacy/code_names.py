"""The names of secret codes in seven languages, and the words that make another name of them."""

from collections.abc import Sequence

from app.privacy.spoken import Atom, Token
from app.privacy.vocabulary import (
    ARTICLES,
    CAME,
    CARDS,
    COUNTS,
    DIGITS,
    JOINS,
    OTHER_CARDS,
    PLACES,
    PREPOSITIONS,
    PRONOUNS,
    PROVING,
    THINGS,
)

# The name of what stands on a card's back, which has three or four digits.
PLACES_ONLY = 3

# Whatever of these is said, the number that follows is secret.
_STRONG = frozenset(
    """cvv cvv2 cvc cvc2 cvn csc cvd cav cav2 cid pin pincode pinnummer otp otps totp mtan smstan tan passcode mfa nip
    passcodes securitycode securecode accesscode verificationcode logincode authcode kartenprufnummer prufnummer
    prufziffer prufziffern sicherheitscode sicherheitsnummer sicherheitszahl geheimzahl geheimnummer geheimcode
    bestatigungscode verifizierungscode verifikationscode einmalcode einmalpasswort einmalkennwort zugangscode
    freischaltcode anmeldecode kartenpin cryptogramme kryptogramm beveiligingscode veiligheidscode verificatiecode
    toegangscode inlogcode pinnumber puk onetimecode onetimepasscode onetimepassword senha clave criptograma
    verificationvalue verificationnumber cardcode cvnumber cvvnumber cvcnumber codseg codigoseg codesecu
    securitynumber crittogramma""".split()
)
_STRONG_ENDS = (
    *("prufziffer", "prufziffern", "prufnummer", "prufzahl", "prufcode", "sicherheitscode", "geheimzahl", "geheimcode"),
    *("geheimnummer", "einmalcode", "bestatigungscode", "beveiligingscode", "verificatiecode", "sicherheitsnummer"),
)
# Of these some name so much else that nothing but small words may stand before the number.
NAMES_TOO = frozenset({"tan", "cid", "clave", "senha"})
# Of these some are words for other things too, so that a number must be joined to them.
_WORDS_TOO = frozenset({"tan", "pin", "cid", "puk", "nip", "otp", "otps"}) | NAMES_TOO
_LETTERS = {"see": "c", "cee": "c", "vee": "v", "pee": "p", "eye": "i", "en": "n", "tee": "t", "ess": "s", "dee": "d"}
_SPELLED = frozenset({"cvv", "cvc", "pin", "otp", "csc", "nip", "cvn"})
ANY_CODE = frozenset("code codes codigo codigos codice codici".split())
_CODE = ANY_CODE | DIGITS | frozenset("passcode word pin password value clave".split())
# Before (`security code`) or, in other languages, after the noun (`code de sécurité`).
SECRET = frozenset(
    """security secure verification verify authentication authenticator auth access login logon signin onetime time
    factor fa mfa sms texted secret pass unlock activation recovery backup reset securite secret
    confidentiel acces unique usage authentification seguridad seg verificacion acceso secreta secreto dinamica
    seguranca verificacao acesso sicurezza verifica accesso segreto veiligheid""".split()
)
_WEAK_NOUNS = DIGITS | {"word", "password", "value"}
_WEAK_SECRETS = frozenset(
    """security secret sicurezza seguridad seg seguranca securite verification verificacion verificacao verifica
    verificatie""".split()
)
_OF = frozenset("de d du di da del des dell delle do".split())
_SMALL = frozenset("de d da di del la a al the in on one of from".split())
# A code of these is a name for something, which the agent needs.
NAMING = frozenset(
    """error status fault reason response booking reservation confirmation reference order product item article
    tracking return post postal zip area country dialling dialing sort branch bank swift bic promo promotion
    promotional discount voucher coupon gift referral qr dress source tax bar barcode hs color colour exit social
    insurance morse building gate postale poste postleitzahl erreur reduction promotionnel reservation commande pays
    descuento postal pedido error erro desconto sconto errore prenotazione offer campaign store department airport
    airline flight ics vat naf ape serial part model batch door dealer client cliente produit producto prodotto
    produto""".split()
)
OTHER = THINGS | frozenset(
    """orders mobile balance total error rekening iban gate born since worked charged paid pay refund street road
    floor ending ends conta compte konto""".split()
)
_MAY_FOLLOW = SECRET | JOINS | CAME | CARDS | PLACES | PRONOUNS | frozenset("my your pin number please".split())
_MAY_PRECEDE = (
    ARTICLES
    | CAME
    | PREPOSITIONS
    | SECRET
    | JOINS
    | frozenset(
        """and or enter with here tell give new same right correct wrong digit use mit und oder et ou y e o und
    pass""".split()
    )
)
# A postal code is called so in India, and has six digits.
_POSTAL = frozenset("pin pincode code".split())
_BEHIND_POSTAL = frozenset("delivery deliver address area city shipping location".split())
_CLEAR = (
    _STRONG
    | ANY_CODE
    | frozenset({"password", "v", "vee", "p", "pee", "fa", "factor"})
    | PLACES
    | PROVING
    | {"security"}
)


def is_clear(words: Sequence[str]) -> bool:
    """Whether a text of these words can name a secret code at all: a first look, before its order is read."""
    if not _CLEAR.isdisjoint(words):
        return True
    if not _WEAK_NOUNS.isdisjoint(words) and not _WEAK_SECRETS.isdisjoint(words):
        return True
    return any(len(word) > 9 and is_strong(word) for word in words)


def is_strong(word: str) -> bool:
    """Whether a word alone names a secret code."""
    if word in _STRONG:
        return True
    if len(word) < 8:
        return False
    bare = word.replace("ue", "u").replace("ae", "a")
    return bare in _STRONG or bare.endswith(_STRONG_ENDS)


def is_word_too(tokens: Sequence[Token], index: int) -> bool:
    """Whether the name at a place is a word for something else too."""
    return tokens[index].word in _WORDS_TOO


def spelled(tokens: Sequence[Token], index: int) -> bool:
    """Whether a name of three letters is spelled out here: `C.V.V.`, `see vee vee`."""
    if index < 2:
        return False
    letters = [_LETTERS.get(token.word, token.word) for token in tokens[index - 2 : index + 1]]
    return all(len(letter) == 1 for letter in letters) and "".join(letters) in _SPELLED


def is_postal(tokens: Sequence[Token], index: int, run: Sequence[Atom]) -> bool:
    """Whether six figures behind `pin code` are an address's: they name a place that is told with them."""
    word = tokens[index].word
    if word not in _POSTAL or sum(len(atom.digits) for atom in run) != 6 or len(run) > 2:
        return False
    if word == "pin" and (index + 1 >= len(tokens) or tokens[index + 1].word != "code"):
        return False
    behind = tokens[run[-1].last + 1 : run[-1].last + 3]
    return any(token.word in _BEHIND_POSTAL or len(token.word) > 3 for token in behind)


def names_code_at(words: Sequence[str], index: int) -> bool:
    """Whether the noun at a place is a secret code's by the words beside it."""
    word = words[index]
    if word not in _CODE:
        return False
    if word == "number" and "social" in words[max(0, index - 2) : index]:
        return False
    before = [neighbour for neighbour in words[max(0, index - 3) : index] if neighbour not in _SMALL]
    after = next(
        (neighbour for neighbour in words[index + 1 : index + 5] if neighbour not in _SMALL and neighbour != "usage"),
        "",
    )
    if word == "password":
        return "time" in before or "onetime" in before
    if word in ANY_CODE and before and before[-1] in CARDS:
        return len(before) < 2 or before[-2] not in OTHER_CARDS
    secrets = _WEAK_SECRETS if word in _WEAK_NOUNS else SECRET
    follows = after in secrets and word not in ("number", "value") and after not in ("time", "secret", "sms")
    return bool(before and before[-1] in secrets) or follows


def names_thing(words: Sequence[str], index: int, *, certain: bool = False) -> bool:
    """Whether a code is the name of a thing: `dealer code`, `code client`, `the code on the box`.

    `certain`: it was told to be a secret, which only a word that surely makes a name of it can change.
    """
    before = words[index - 1] if index else ""
    if before == "s" and index > 1:
        before = words[index - 2]
    after = next((neighbour for neighbour in words[index + 1 : index + 3] if neighbour not in _OF), "")
    if before in NAMING or (words[index] in ANY_CODE and after in NAMING):
        return True
    if certain:
        return False
    if before and before not in _MAY_PRECEDE and len(before) > 1:
        return True
    for word in words[index + 1 :]:
        if not word or word in _MAY_FOLLOW:
            return False
        if word not in ARTICLES and word not in PREPOSITIONS:
            return True
    return False


def is_back_of_card(tokens: Sequence[Token], index: int, *, named: bool = False) -> bool:
    """Whether this is where a card's code stands, and digits are said to stand there.

    `named`: these digits were told right before.
    """
    if tokens[index].word not in PLACES or not _is_of_card(tokens, index):
        return False
    following = [token.word for token in tokens[index + 1 : index + 5]]
    if named or (not COUNTS.isdisjoint(following) and index and tokens[index - 1].word in ARTICLES):
        return True
    for at in range(index - 1, max(-1, index - 9), -1):
        token = tokens[at]
        if token.word in NAMING or token.word in THINGS:
            return False
        if _counts_digits(token) and _may_be_counted(tokens[at + 1].word):
            return True
        if token.word in DIGITS or token.word in ANY_CODE:
            before = tokens[at - 1] if at else None
            return before is None or before.word in ARTICLES or before.word in JOINS or _counts_digits(before)
    return False


def _may_be_counted(word: str) -> bool:
    """Whether this is what follows where a count means digits: `three digits on the back`, and not `three shirts`."""
    counted = word in DIGITS or word in COUNTS or word in PLACES or word in ANY_CODE
    return counted or word in PREPOSITIONS or word in SECRET


def _counts_digits(token: Token) -> bool:
    return token.word in COUNTS or token.digits in ("3", "4")


def _is_of_card(tokens: Sequence[Token], index: int) -> bool:
    """Whether what follows says that this is the back of nothing else than a card."""
    following = tokens[index + 1 : index + 5]
    if not following or not following[0].word:
        return True
    if following[0].word in PREPOSITIONS:
        thing = next(
            (token.word for token in following if token.word not in ARTICLES and token.word not in PREPOSITIONS), ""
        )
        return not thing or thing in CARDS or thing in JOINS or thing in PLACES
    return following[0].word in _AFTER_PLACE or following[0].word in JOINS or following[0].word in COUNTS


_AFTER_PLACE = (
    PLACES | CARDS | CAME | ARTICLES | frozenset({"and", "und", "et", "y", "e", "en", "please", "it", "steht", "staat"})
)
