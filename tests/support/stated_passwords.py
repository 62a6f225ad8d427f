"""Messages that state a password or a credential, made anew from a seed, in seven languages; and those that only speak
of one, or hold numbers and names which an agent needs."""

import string
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

_STATING = {
    "en": "My password is {}, try it yourself.|the password for the shop is {}|Password: {}|password={}"
    "|My old password was {}!|{} is my password|the passphrase is currently {}|login anna, pw: {}",
    "de": "Mein Passwort ist {}.|Passwort: {}|Das Kennwort lautet {} und es geht nicht|mein Kundenkennwort ist „{}“",
    "fr": "Mon mot de passe est {}.|mot de passe : {}|mdp: {} merci|le mot de passe pour le site est {}",
    "es": "Mi contraseña es {}.|contraseña: {}|la contraseña de la web es {}|la contrasena era {}",
    "it": "La mia password è {}.|password: {}|la parola segreta è {}",
    "nl": "Mijn wachtwoord is {}.|wachtwoord: {}|het wachtwoord voor de site is {}",
    "pt": "A minha senha é {}.|senha: {}|a palavra-passe é {}",
}
_NAMING_TOKENS = {
    "en": "our API token: {}|the API key is {}|access token {} stopped working|client_secret={}"
    "|Authorization: Bearer {}",
    "de": "unser API-Schlüssel: {}|der API-Token lautet {}",
    "fr": "notre clé API : {}|le jeton est {}",
    "es": "nuestra clave de API: {}|el token es {}",
    "it": "la nostra chiave API: {}|il token è {}",
    "nl": "onze API-sleutel: {}|het token is {}",
    "pt": "a nossa chave de API: {}|o token é {}",
}
_HARMLESS = {
    "en": "My password is wrong.|the password is not working|Password: required|Password: cannot log in"
    "|I forgot my password and my order is {order}|password reset for {order}|the password must have 8-12 characters"
    "|my password expired 3 days ago|I need a new password for account: {digits}|the token is expired, order {order}"
    "|The secret is that {order} was late|Where is parcel {parcel}?|see https://shop.example/o/{uuid}?ref={order}"
    "|reference {uuid}|pay to {iban}|model {product} is broken|password help please",
    "de": "mein Passwort ist abgelaufen|Passwort: vergessen|Das Passwort funktioniert nicht, Bestellung {order}"
    "|Mein Kennwort wurde zurückgesetzt|das Passwort ist 8-stellig|Überweisung an {iban}",
    "fr": "mon mot de passe est refusé|mot de passe : oublié|le mot de passe ne marche pas, commande {order}",
    "es": "mi contraseña es incorrecta|contraseña: olvidada|la contraseña no funciona, pedido {order}",
    "it": "la password è sbagliata|password: dimenticata|la password non funziona, ordine {order}",
    "nl": "mijn wachtwoord is verlopen|wachtwoord: vergeten|het wachtwoord werkt niet, bestelling {order}",
    "pt": "a minha senha é inválida|senha: esquecida|a senha não funciona, pedido {order}",
}
_WORDS = "kestrel pond maple otter lantern gravel thistle ferry cobalt magpie".split()
_LETTERS_AND_FIGURES = string.ascii_letters + string.digits
_PREFIXES = ("sk_live_", "rk_test_", "ghp_", "gho_", "glpat-", "xoxb-", "npm_", "tok_live_", "whsec_", "AIza", "sk-")


class Statement(NamedTuple):
    """A message, and the secret that stands in it."""

    text: str
    secret: str


def statements(seed: int, count: int) -> Iterator[Statement]:
    """So many messages that state a secret, always the same of one seed."""
    random = Random(seed)
    for _ in range(count):
        language = random.choice(list(_STATING))
        match random.randrange(3):
            case 0:
                frames, secret = _STATING[language], _password(random)
            case 1:
                frames, secret = _NAMING_TOKENS[language], _drawn(random, random.choice((20, 32, 48)))
            case _:
                frames, secret = "it says {}|use {} please|{}", _formed(random)
        yield Statement(random.choice(frames.split("|")).format(secret), secret)


def harmless(seed: int, count: int) -> Iterator[str]:
    """So many messages in which no secret stands."""
    random = Random(seed)
    for _ in range(count):
        frame = random.choice(random.choice(list(_HARMLESS.values())).split("|"))
        digits = "".join(random.choice("123456789") for _ in range(8))
        yield frame.format(
            order=f"{random.choice('WRK')}{digits}",
            digits=digits,
            parcel=f"1Z{digits}{random.choice('ABC')}{digits}",
            uuid=f"{_hex(random, 8)}-{_hex(random, 4)}-4{_hex(random, 3)}-a{_hex(random, 3)}-{_hex(random, 12)}",
            iban="DE89 3704 0044 0532 0130 00",
            product=f"{random.choice(('XC', 'KD'))}-{digits[:4]}/B",
        )


def _password(random: Random) -> str:
    first, second = random.sample(_WORDS, 2)
    sign, figures = random.choice("!#&+%=?"), random.randrange(10, 9999)
    return random.choice(
        (
            f"{first.title()}{sign}{second.title()}{figures}",
            f"{first}{sign}{second}{figures}",
            f"{first}{figures}{sign}x",
        )
    )


def _drawn(random: Random, length: int) -> str:
    # Of so few signs drawn by lot, some may be letters alone.
    return "".join(random.choice(_LETTERS_AND_FIGURES) for _ in range(length - 3)) + f"{random.randrange(10, 99)}q"


def _formed(random: Random) -> str:
    match random.randrange(4):
        case 0:
            return "AKIA" + "".join(random.choice(string.ascii_uppercase + string.digits) for _ in range(16))
        case 1:
            return f"eyJ{_drawn(random, 20)}.eyJ{_drawn(random, 60)}.{_drawn(random, 43)}"
        case 2:
            body = "\n".join(_drawn(random, 64) for _ in range(3))
            return f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----"
        case _:
            return random.choice(_PREFIXES) + _drawn(random, 36)


def _hex(random: Random, length: int) -> str:
    return "".join(random.choice("0123456789abcdef") for _ in range(length))
