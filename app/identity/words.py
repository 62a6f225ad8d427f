"""Words that name nobody, in the languages that carriers, forms and tills use, and what a value is made of."""

import unicodedata
from itertools import pairwise

WITHHELD = frozenset(
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
    walkin walkins laufkunde laufkundin laufkundschaft barverkauf barkunde passant cash contado consumidorfinal
    new string str text integer int float boolean bool object true false yes default optout opt out lmt noid
    noname anon guest gast invite invitado convidado ospite visitor visiteur visitante
    """.split()
)
# Words that stand beside those above, or that say only that somebody is there.
BESIDE = frozenset(
    """
    number numbers caller callers call calling id ids nr num phone telephone tel mobile line name user users customer
    client account contact person party sender from email mail e address handle device cookie value data provided
    given supplied specified set applicable known identified the is was by for in of facebook instagram whatsapp
    telegram unregistered nummer rufnummer anrufer anruferin kunde kundin teilnehmer nutzer benutzer telefonnummer
    keine angabe numero telephone appel appelant utilisateur client llamada llamante usuario cliente telefono
    numero chamada chamador utilizador telefone chiamata chiamante utente beller nummerweergave klant gebruiker
    nummer nummeret samtal walk in consumidor final comptoir passage opkald numer telefonu rozmowca cislo
    volajici номер абонент пользователь arayan numara
    de do da del le la el il et und de het der die das
    """.split()
)


def words_of(value: str) -> list[str]:
    """The words of a value in lower case and without accents."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", value) if not unicodedata.combining(sign))
    # Korean syllables fall apart above and are put together again; nothing else comes back.
    recomposed = unicodedata.normalize("NFC", plain).casefold()
    return "".join(sign if sign.isalnum() else " " for sign in recomposed).split()


def signs_of(value: str) -> str:
    """The letters and digits of a value in lower case."""
    return "".join(sign for sign in value.casefold() if sign.isalnum())


def is_monotonous(signs: str, least: int) -> bool:
    """The same sign over and over, at least so often."""
    return len(signs) >= least and bool(signs) and signs.count(signs[0]) == len(signs)


def is_run(digits: str) -> bool:
    """Digits that count up or down, as 1234567 and 9876543210 do."""
    if len(digits) < 6 or not digits.isascii() or not digits.isdigit():
        return False
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(digits)}
    return steps in ({1}, {9})
