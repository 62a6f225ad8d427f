"""Which e-mail addresses are nobody's own: offices, senders that take no answer, and what is typed to fill a form.

At a public provider anybody may own an address, so there only the whole of what stands before the @ tells; at any other
domain a role may be followed by its country or its number, as in `sales.uk@`. RFC 2142 names the roles in the first
line below, and every company names more in its own language: no list holds all, so names are read as they are put
together, `customersupport` from `customer` and `support`.
"""

from typing import Literal

from app.identity.phones import countries
from app.identity.words import WITHHELD, is_monotonous, signs_of, words_of

# The singular of each, and no name that is put together from two of them: `_names_role` reads those.
_ROLES = frozenset(
    """
    abuse hostmaster info marketing news noc postmaster sales security support usenet uucp webmaster www

    account accounting admin administrator alert auto automated billing booking bounce care career contact customer
    compliance daemon desk devnull enquiries enquiry everyone feedback finance front ftp hello help hr information
    inquiries inquiry invoice it jobs list listserv mail mailbox mailer majordomo newsletter nobody notification notify
    office operation order payment press privacy reception receptionist reply reservation return root service shop
    staff store subscribe team unsubscribe update welcome

    anfrage anfragen auftrag bestellung bestellungen betreuung buchhaltung buero buro center dienst empfang filiale
    geschaeftsstelle hilfe hotline kasse kontakt kunden personal praxis rechnung rechnungen rezeption sekretariat
    termin termine verkauf vertrieb verwaltung zentrale

    accueil achat administration caisse client commande commercial comptabilite contactez direction facturation magasin
    recrutement renseignement sav secretariat vente

    administracion atencion ayuda caja cliente comercial compra contacto contactus facturacion hola informacion oficina
    pedido recepcion reclamaciones reserva secretaria servicio soporte tienda venta

    acquisti amministrazione assistenza cassa clienti commerciale contabilita contatti fatturazione negozio ordini
    prenotazioni reclami segreteria servizio supporto ufficio vendite

    administracao ajuda atendimento caixa contabilidade contato encomenda faleconosco financeiro loja recepcao sac
    suporte venda

    administratie balie bestelling bestellingen boekhouding facturen inkoop klanten receptie reserveringen verkoop
    winkel

    bestallning bogholderi bokning ekonomi kassa kundeservise kunde kundtjanst ordre salg asiakaspalvelu myynti biuro
    faktury ksiegowosc obslugaklienta rezerwacje sklep sprzedaz zamowienia objednavky obchod podpora prodej
    zakaznickaservis destek iletisim musterihizmetleri satis siparis ugyfelszolgalat ertekesites comenzi vanzari
    """.split()
)
_WITH_PLURALS = _ROLES | {f"{role}s" for role in _ROLES}
# Shorter ones begin and end many names of people.
_PARTS = frozenset(role for role in _WITH_PLURALS if len(role) > 3)
_JOINTS = frozenset({"a", "al", "ao", "de", "di", "to"})
_LONGEST_ROLE = 40
# What stands beside a role: which of several it is. Countries come from the numbering plans.
_PLACES = frozenset(
    """uk eu int intl international global worldwide emea apac latam na north south east west
    en zh ja cs da sv el he""".split()
)
_TAKES_NO_ANSWER = (
    *("noreply", "donotreply", "dontreply", "noresponder", "noresponda", "naoresponda", "nepasrepondre"),
    *("nichtantworten", "keineantwort", "nonrispondere", "nietantwoorden", "mailerdaemon", "autoreply"),
)
_BOUNCES = frozenset({"bounce", "bounces"})
# Addresses that forms show as an example; an ordinary name at example.com may be somebody in a trial.
_EXAMPLE_NAMES = frozenset(
    """email mail emailaddress youremail myemail yourmail name yourname firstnamelastname vornamename noemail nomail
    nomailprovided noemailprovided notprovided noaddress keineemail sansemail sinemail semmail noname nonombre username
    walkin cash""".split()
)
# Words for nobody that are names, nicknames or ordinary words as well: alone before an @ they may be somebody's.
_ALSO_NAMES = frozenset(
    """private privat privado privada privato privata prive privee privatnummer prywatny secret secrete geheim gizli
    ozel cache cachee sin sem sans pas new in default invite invitado visitor visitante yes text object true
    available disponible disponibile cash foo bar out opt no not non ei nan nil nadie todo""".split()
)
_SPECIAL = frozenset({"invalid", "test", "localhost"})
_FOR_EXAMPLES = frozenset(
    "example.com example.org example.net test.com domain.com yourdomain.com mydomain.com email.com none.com".split()
)
_ANYBODY = frozenset("user users username customer client account caller".split())
_PROVIDERS = frozenset(
    """gmail googlemail outlook hotmail live msn passport yahoo ymail rocketmail aol aim icloud me mac gmx web t-online
    freenet arcor 1und1 proton protonmail pm tutanota tuta mailbox posteo fastmail zoho hey mail inbox yandex ya bk list
    rambler qq 163 126 sina foxmail naver hanmail daum kakao orange wanadoo free laposte sfr neuf bbox libero virgilio
    tiscali alice tin terra uol bol ig telefonica wp o2 onet interia seznam centrum email rediffmail comcast verizon
    att sbcglobal bellsouth cox charter btinternet btopenworld sky ntlworld talktalk virginmedia bigpond optusnet shaw
    rogers sympatico telenet skynet ziggo kpnmail planet home bluewin hispeed telia telenor docomo ezweb
    softbank""".split()
)
_ROWS = ("qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl", "zxcvbnm", "yxcvbnm", "abcdefghijkl", "1234567890")


def reason_of_email(value: str) -> Literal["names_nobody", "invalid_email"] | None:
    """Why an address is nobody's own; None when it may be somebody's."""
    local, at, domain = value.rpartition("@")
    domain = domain.casefold().rstrip(".")
    if not at or not local or not domain or any(sign.isspace() for sign in domain) or domain.startswith("."):
        return "invalid_email"
    if "@" in local and not local.startswith('"'):
        return "invalid_email"
    before, plus, tag = local.partition("+")
    name, words, label = signs_of(before), words_of(before), domain.partition(".")[0]
    if not name or domain.rpartition(".")[2] == "invalid":
        return "names_nobody"
    is_public = label in _PROVIDERS and domain.count(".") >= 1
    if _takes_no_answer(name, words, is_public=is_public) or _fills_a_form(name, words, domain):
        return "names_nobody"
    # What a person puts behind the plus sign is a word; a number there is a case or a message of an office.
    own = bool(plus) and tag.isalpha() and not _names_role(tag.casefold())
    return "names_nobody" if not own and _is_role(name, words, is_public=is_public) else None


def _takes_no_answer(name: str, words: list[str], *, is_public: bool) -> bool:
    if is_public:
        return name.rstrip("0123456789") in (*_TAKES_NO_ANSWER, *_BOUNCES)
    return name.startswith(_TAKES_NO_ANSWER) or words[:1] == ["bounce"] or words[:1] == ["bounces"]


def _is_role(name: str, words: list[str], *, is_public: bool) -> bool:
    plain = "".join(words)
    if _names_role(name) or _names_role(plain):
        return True
    if is_public:
        return False
    roles = [_names_role(word.rstrip("0123456789")) for word in words]
    beside = [word in _PLACES or word.isdigit() or word in countries() for word in words]
    return any(roles) and all(role or qualifier for role, qualifier in zip(roles, beside, strict=True))


def _names_role(name: str) -> bool:
    """Whether a name is a role's, or put together from roles: `atencionalcliente`."""
    if name in _WITH_PLURALS:
        return True
    if len(name) > _LONGEST_ROLE:
        return False
    starts = {0}
    for end in range(1, len(name)):
        if any(name[start:end] in _PARTS or (start and name[start:end] in _JOINTS) for start in starts):
            starts.add(end)
    return any(name[start:] in _PARTS for start in starts)


def _fills_a_form(name: str, words: list[str], domain: str) -> bool:
    label, top = domain.partition(".")[0], domain.rpartition(".")[2]
    plain = "".join(words)
    if name in _EXAMPLE_NAMES or plain in _EXAMPLE_NAMES:
        return True
    if top in (*_SPECIAL, "example") or domain in _FOR_EXAMPLES:
        return all(word in WITHHELD or (word in _ANYBODY and label == "example") for word in words)
    if name == signs_of(label) and (len(name) <= 2 or name in WITHHELD or _is_typed(name, 3)):
        return True
    return _is_typed(name, 4) or (plain in WITHHELD and plain not in _ALSO_NAMES)


def _is_typed(name: str, least: int) -> bool:
    """One key over and over, or some of a row of keys in turn."""
    return is_monotonous(name, 3) or (len(name) >= least and any(name in row for row in _ROWS))
