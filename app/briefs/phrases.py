"""The sentences of our own that a brief is made of, beside the quotations: one table for each language."""

from collections.abc import Mapping
from typing import NamedTuple

from app.nlu.languages import LANGUAGES, Language


class Openings(NamedTuple):
    """What the agent may say first, by how the case stands. Nothing of the customer's words, and no promise."""

    blank: str
    first: str
    about: str
    failed: str
    overdue: str
    care: str
    settled: str


class Phrases(NamedTuple):
    """Sentences and labels around quotations and facts, with `{places}` for these."""

    wants_person: str
    earlier: str
    also: str
    withdrawn: str
    refused: str
    promised: str
    overdue: str
    answered: str
    named: str
    asks_person: str
    step_failed: str
    turned_down: str
    settled: str
    partly: str
    open: str
    openings: Openings


_PHRASES: Mapping[Language, Phrases] = {
    "en": Phrases(
        wants_person="The customer asks for a person.",
        earlier="Earlier, on {day} ({channel}): {quote}",
        also="Also said: {quote}",
        withdrawn="Taken back: {quote}",
        refused="Refused by {actor}: {quote}",
        promised="Promised by {actor} on {day}: {quote}",
        overdue="overdue",
        answered="Answered by {actor}: {quote}",
        named="Named: {things}.",
        asks_person="asks for a person",
        step_failed="{step} failed",
        turned_down="refused",
        settled="settled",
        partly="partly done",
        open="open",
        openings=Openings(
            blank="Hello, what can I do for you?",
            first="Hello, I have your conversation in front of me, so you need not repeat anything. "
            "May I take it from there?",
            about="Hello, I have your conversation about {thing} in front of me, so you need not repeat anything. "
            "May I take it from there?",
            failed="Hello, I can see what has not worked so far, so you need not repeat anything. "
            "May I take it from there?",
            overdue="Hello, I can see that something we promised you is overdue, and I am sorry. "
            "May I go through it with you now?",
            care="Hello, I have read the conversation, so you need not explain it again. "
            "Please take your time. May I go through it with you?",
            settled="Hello, I can see what has been done so far. What else would you like to go through?",
        ),
    ),
    "de": Phrases(
        wants_person="Der Kunde möchte mit einem Menschen sprechen.",
        earlier="Früher, am {day} ({channel}): {quote}",
        also="Außerdem gesagt: {quote}",
        withdrawn="Zurückgenommen: {quote}",
        refused="Abgelehnt, {actor}: {quote}",
        promised="Zugesagt am {day}, {actor}: {quote}",
        overdue="überfällig",
        answered="Antwort, {actor}: {quote}",
        named="Genannt: {things}.",
        asks_person="möchte einen Menschen sprechen",
        step_failed="{step} fehlgeschlagen",
        turned_down="abgelehnt",
        settled="erledigt",
        partly="teilweise erledigt",
        open="offen",
        openings=Openings(
            blank="Guten Tag, was kann ich für Sie tun?",
            first="Guten Tag, Ihr Gespräch liegt mir vor, Sie müssen nichts wiederholen. Darf ich dort weitermachen?",
            about="Guten Tag, Ihr Gespräch zu {thing} liegt mir vor, Sie müssen nichts wiederholen. "
            "Darf ich dort weitermachen?",
            failed="Guten Tag, ich sehe, was bisher nicht geklappt hat, Sie müssen nichts wiederholen. "
            "Darf ich dort weitermachen?",
            overdue="Guten Tag, ich sehe, dass eine Zusage von uns überfällig ist, das tut mir leid. "
            "Darf ich es jetzt mit Ihnen durchgehen?",
            care="Guten Tag, ich habe das Gespräch gelesen, Sie müssen es nicht noch einmal erklären. "
            "Lassen Sie sich bitte Zeit. Darf ich es mit Ihnen durchgehen?",
            settled="Guten Tag, ich sehe, was bisher erledigt wurde. Was möchten Sie noch durchgehen?",
        ),
    ),
    "fr": Phrases(
        wants_person="Le client demande à parler à une personne.",
        earlier="Auparavant, le {day} ({channel}) : {quote}",
        also="A dit aussi : {quote}",
        withdrawn="Demande retirée : {quote}",
        refused="Refusé, {actor} : {quote}",
        promised="Promis le {day}, {actor} : {quote}",
        overdue="en retard",
        answered="Réponse, {actor} : {quote}",
        named="Éléments cités : {things}.",
        asks_person="demande une personne",
        step_failed="{step} : échec",
        turned_down="refusé",
        settled="réglé",
        partly="réglé en partie",
        open="en cours",
        openings=Openings(
            blank="Bonjour, que puis-je faire pour vous ?",
            first="Bonjour, j’ai votre conversation sous les yeux, vous n’avez rien à répéter. "
            "Puis-je reprendre à partir de là ?",
            about="Bonjour, j’ai votre conversation au sujet de {thing} sous les yeux, vous n’avez rien à répéter. "
            "Puis-je reprendre à partir de là ?",
            failed="Bonjour, je vois ce qui n’a pas abouti jusqu’ici, vous n’avez rien à répéter. "
            "Puis-je reprendre à partir de là ?",
            overdue="Bonjour, je vois qu’un engagement de notre part est en retard et j’en suis désolé. "
            "Puis-je le reprendre avec vous maintenant ?",
            care="Bonjour, j’ai lu la conversation, vous n’avez pas à tout réexpliquer. Prenez votre temps. "
            "Puis-je la reprendre avec vous ?",
            settled="Bonjour, je vois ce qui a été fait jusqu’ici. Que souhaitez-vous revoir encore ?",
        ),
    ),
    "es": Phrases(
        wants_person="El cliente pide hablar con una persona.",
        earlier="Antes, el {day} ({channel}): {quote}",
        also="También dijo: {quote}",
        withdrawn="Retirado: {quote}",
        refused="Denegado, {actor}: {quote}",
        promised="Prometido el {day}, {actor}: {quote}",
        overdue="vencido",
        answered="Respuesta, {actor}: {quote}",
        named="Datos citados: {things}.",
        asks_person="pide una persona",
        step_failed="{step}: falló",
        turned_down="denegado",
        settled="resuelto",
        partly="resuelto en parte",
        open="pendiente",
        openings=Openings(
            blank="Hola, ¿en qué puedo ayudarle?",
            first="Hola, tengo su conversación delante, no hace falta que repita nada. ¿Me permite seguir desde ahí?",
            about="Hola, tengo delante su conversación sobre {thing}, no hace falta que repita nada. "
            "¿Me permite seguir desde ahí?",
            failed="Hola, veo lo que no ha funcionado hasta ahora, no hace falta que repita nada. "
            "¿Me permite seguir desde ahí?",
            overdue="Hola, veo que algo que le prometimos está vencido y lo siento. "
            "¿Me permite revisarlo ahora con usted?",
            care="Hola, he leído la conversación, no hace falta que lo explique otra vez. Tómese su tiempo. "
            "¿Me permite revisarla con usted?",
            settled="Hola, veo lo que se ha hecho hasta ahora. ¿Qué más quiere revisar?",
        ),
    ),
    "it": Phrases(
        wants_person="Il cliente chiede di parlare con una persona.",
        earlier="In precedenza, il {day} ({channel}): {quote}",
        also="Ha detto anche: {quote}",
        withdrawn="Ritirato: {quote}",
        refused="Rifiutato, {actor}: {quote}",
        promised="Promesso il {day}, {actor}: {quote}",
        overdue="scaduto",
        answered="Risposta, {actor}: {quote}",
        named="Dati indicati: {things}.",
        asks_person="chiede una persona",
        step_failed="{step}: non riuscito",
        turned_down="rifiutato",
        settled="risolto",
        partly="risolto in parte",
        open="aperto",
        openings=Openings(
            blank="Buongiorno, che cosa posso fare per Lei?",
            first="Buongiorno, ho davanti la Sua conversazione, non deve ripetere nulla. Posso proseguire da lì?",
            about="Buongiorno, ho davanti la Sua conversazione su {thing}, non deve ripetere nulla. "
            "Posso proseguire da lì?",
            failed="Buongiorno, vedo che cosa non ha funzionato finora, non deve ripetere nulla. "
            "Posso proseguire da lì?",
            overdue="Buongiorno, vedo che una nostra promessa è scaduta e me ne scuso. Posso rivederla ora con Lei?",
            care="Buongiorno, ho letto la conversazione, non deve spiegare di nuovo. Si prenda il tempo che serve. "
            "Posso rivederla con Lei?",
            settled="Buongiorno, vedo che cosa è stato fatto finora. Che cos’altro desidera rivedere?",
        ),
    ),
    "pt": Phrases(
        wants_person="O cliente pede para falar com uma pessoa.",
        earlier="Antes, em {day} ({channel}): {quote}",
        also="Também disse: {quote}",
        withdrawn="Retirado: {quote}",
        refused="Recusado, {actor}: {quote}",
        promised="Prometido em {day}, {actor}: {quote}",
        overdue="em atraso",
        answered="Resposta, {actor}: {quote}",
        named="Dados indicados: {things}.",
        asks_person="pede uma pessoa",
        step_failed="{step}: falhou",
        turned_down="recusado",
        settled="resolvido",
        partly="resolvido em parte",
        open="em aberto",
        openings=Openings(
            blank="Olá, em que posso ajudar?",
            first="Olá, tenho a sua conversa à minha frente, não precisa de repetir nada. "
            "Posso continuar a partir daí?",
            about="Olá, tenho à minha frente a sua conversa sobre {thing}, não precisa de repetir nada. "
            "Posso continuar a partir daí?",
            failed="Olá, vejo o que não funcionou até agora, não precisa de repetir nada. "
            "Posso continuar a partir daí?",
            overdue="Olá, vejo que algo que lhe prometemos está em atraso e peço desculpa. "
            "Posso ver isso consigo agora?",
            care="Olá, li a conversa, não precisa de explicar tudo outra vez. Leve o tempo que precisar. "
            "Posso revê-la consigo?",
            settled="Olá, vejo o que foi feito até agora. O que mais gostaria de rever?",
        ),
    ),
    "nl": Phrases(
        wants_person="De klant vraagt naar een medewerker.",
        earlier="Eerder, op {day} ({channel}): {quote}",
        also="Zei ook: {quote}",
        withdrawn="Ingetrokken: {quote}",
        refused="Geweigerd, {actor}: {quote}",
        promised="Beloofd op {day}, {actor}: {quote}",
        overdue="te laat",
        answered="Antwoord, {actor}: {quote}",
        named="Genoemd: {things}.",
        asks_person="vraagt naar een medewerker",
        step_failed="{step}: mislukt",
        turned_down="geweigerd",
        settled="opgelost",
        partly="deels opgelost",
        open="open",
        openings=Openings(
            blank="Goedendag, wat kan ik voor u doen?",
            first="Goedendag, ik heb uw gesprek voor me, u hoeft niets te herhalen. Mag ik daar verdergaan?",
            about="Goedendag, ik heb uw gesprek over {thing} voor me, u hoeft niets te herhalen. "
            "Mag ik daar verdergaan?",
            failed="Goedendag, ik zie wat er tot nu toe niet is gelukt, u hoeft niets te herhalen. "
            "Mag ik daar verdergaan?",
            overdue="Goedendag, ik zie dat een toezegging van ons te laat is, dat spijt me. "
            "Mag ik die nu met u doornemen?",
            care="Goedendag, ik heb het gesprek gelezen, u hoeft het niet opnieuw uit te leggen. Neem gerust de tijd. "
            "Mag ik het met u doornemen?",
            settled="Goedendag, ik zie wat er tot nu toe is gedaan. Wat wilt u nog doornemen?",
        ),
    ),
}


_BY_CODE: Mapping[str, Language] = {language: language for language in LANGUAGES}


def phrases_of(locale: str | None) -> Phrases:
    """The phrases of a locale's language, `de-CH` or `de_CH`; English where there are none, or no locale is named."""
    return _PHRASES[language_of_locale(locale)]


def language_of_locale(locale: str | None) -> Language:
    """The language of a locale that the phrases are in, else English."""
    code = (locale or "").replace("_", "-").partition("-")[0].lower()
    return _BY_CODE.get(code, "en")
