"""The words by which secrets are told apart from other numbers, one table a meaning with a row for each language.

Words are written as `spoken.plain` gives them: in lower case and without accents.
"""

from collections.abc import Mapping

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl")

Table = Mapping[str, frozenset[str]]


def _table(rows: str) -> Table:
    lines = rows.strip().replace("\n        ", " ").splitlines()
    named = (line.partition(":") for line in lines)
    return {language.strip(): frozenset(words.split()) for language, _, words in named}


def _all(table: Table) -> frozenset[str]:
    return frozenset(word for words in table.values() for word in words)


# What a short code is called when it is told by its digits.
DIGITS_OF = _table(
    """
    en: digit digits number numbers figure figures
    de: ziffer ziffern zahl zahlen stellen nummer nummern
    fr: chiffre chiffres numero numeros
    es: digito digitos cifra cifras numero numeros
    it: cifra cifre numero numeri
    pt: digito digitos algarismos numero numeros
    nl: cijfer cijfers getal getallen nummer nummers
    """
)
# How many they are, or which.
COUNTS_OF = _table(
    """
    en: three four last final
    de: drei vier letzte letzten dreistellige dreistelligen
    fr: trois quatre derniers
    es: tres cuatro ultimos ultimas
    it: tre quattro ultime ultimi
    pt: tres quatro ultimos
    nl: drie vier laatste driecijferige viercijferige
    """
)
# Where they stand on a card.
PLACES_OF = _table(
    """
    en: back reverse behind strip signature front
    de: hinten ruckseite unterschriftsfeld unterschrift
    fr: dos verso arriere derriere
    es: reverso dorso atras detras posterior
    it: retro dietro
    pt: verso atras tras costas
    nl: achterop achterkant achterzijde rugzijde
    """
)
# A card to pay with.
CARDS_OF = _table(
    """
    en: card cards creditcard debitcard visa mastercard amex maestro discover diners jcb unionpay cardnumber
    de: karte karten kartennummer kreditkarte kreditkartennummer girokarte bankkarte debitkarte
    fr: carte cartes cb
    es: tarjeta tarjetas
    it: carta carte bancomat postepay
    pt: cartao cartoes
    nl: kaart kaartnummer creditcardnummer bankpas betaalpas pas pinpas
    """
)
# How a code came to somebody.
CAME_OF = _table(
    """
    en: got received sent texted text sms bank message app came get gave messaged emailed phone
        entered typed used
    de: bekommen bekam erhalten erhielt geschickt geschickte kam sms bank nachricht app habe wurde zugeschickt
        eingegeben eingetippt
    fr: recu recois envoye arrive sms banque message ai saisi tape entre
    es: llego recibi recibido enviaron mandaron sms banco mensaje llegado he
        puse introduje escribi
    it: ricevuto arrivato mandato inviato sms banca messaggio ho inserito digitato
    pt: recebi chegou enviaram mandaram sms banco mensagem digitei inseri
    nl: kreeg ontving ontvangen gekregen gestuurd sms bank bericht heb ingevoerd getypt
    """
)
# What a one-time code is for.
PROVING_OF = _table(
    """
    en: verify confirm log login sign authenticate
    de: bestatigen verifizieren anmelden einloggen bestatigung anmeldung
    fr: verifier confirmer connecter connexion valider
    es: verificar confirmar iniciar acceder validar
    it: verificare confermare accedere convalidare
    pt: verificar confirmar entrar acessar validar
    nl: verifieren bevestigen inloggen aanmelden
    """
)
# Words that ask for something else than yes or no.
QUESTIONS_OF = _table(
    """
    en: what which how when where who whose
    de: was welche welcher welches welchen wie wann wo wer wieviel wieviele
    fr: quel quelle quels quelles combien quand comment ou qui
    es: que cual cuales cuanto cuantos cuanta cuantas cuando donde quien como
    it: che quale quali qual quanto quanti quanta quante quando dove chi come
    pt: que qual quais quanto quantos quanta quantas quando onde quem como
    nl: wat welke welk hoe hoeveel wanneer waar wie
    """
)
# What else a number may be; whoever asks for this, asks for no code.
THINGS_OF = _table(
    """
    en: order booking tracking parcel invoice ticket case reference customer account member membership loyalty amount
        price total date birth birthday expiry postcode zip postal address phone telephone flight room serial model
        meter policy contract points size quantity name email age year month store product item
    de: bestellung bestellnummer auftragsnummer sendungsnummer rechnung rechnungsnummer kundennummer konto kontonummer
        betrag preis datum geburtsdatum ablaufdatum postleitzahl adresse telefon telefonnummer vorgangsnummer
        seriennummer zahlernummer vertragsnummer punkte grosse menge name
    fr: commande facture colis suivi client compte montant prix date naissance expiration postal adresse telephone
        serie compteur contrat points taille quantite nom dossier
    es: pedido factura paquete seguimiento cliente cuenta importe precio fecha nacimiento caducidad vencimiento postal
        direccion telefono serie contador contrato puntos talla cantidad nombre
    it: ordine fattura pacco spedizione cliente conto importo prezzo data nascita scadenza cap indirizzo telefono serie
        contatore contratto punti taglia quantita nome
    pt: pedido encomenda fatura cliente conta valor preco data nascimento validade cep postal endereco telefone serie
        contador contrato pontos tamanho quantidade nome
    nl: bestelling bestelnummer factuur pakket klantnummer rekening bedrag prijs datum geboortedatum vervaldatum
        postcode adres telefoon telefoonnummer serienummer meternummer contractnummer punten maat aantal naam
    """
)
# What a long number is called that is no card's.
NAMES_OF = _table(
    """
    en: order orders booking reservation tracking parcel shipment package consignment invoice ticket case reference ref
        imei serial device sku ean isbn article item product customer member membership account contract policy
        confirmation transaction phone telephone mobile call loyalty rewards meter flyer miles voucher coupon
        registration licence license asset model
    de: bestellung bestellnummer auftrag auftragsnummer sendung sendungsnummer paket paketnummer rechnung
        rechnungsnummer kundennummer vertragsnummer seriennummer kontonummer zahler zahlernummer geratenummer telefon
        handy policynr buchung buchungsnummer vorgangsnummer artikelnummer mitgliedsnummer ticketnummer
    fr: commande colis facture suivi client dossier compteur contrat serie reservation fidelite
    es: pedido envio factura seguimiento rastreio cliente contador contrato serie reserva
    it: ordine spedizione fattura pratica contatore contratto serie prenotazione pacco
    pt: pedido encomenda fatura rastreio contador contrato serie reserva
    nl: bestelling bestelnummer pakket pakketnummer factuur factuurnummer klantnummer zending meternummer meter
        serienummer ordernummer contractnummer reservering
    """
)
# Words that stand before a noun and leave open whose or which it is.
ARTICLES_OF = _table(
    """
    en: the a an my your our this that his her their s
    de: der die das den dem des ein eine einen mein meine meinen meiner ihr ihre ihren dein deine unser unsere
    fr: le la les l un une mon ma mes votre vos ton ta notre ce cet cette
    es: el la los las un una mi mis su sus tu tus nuestro este esta
    it: il lo la i gli le un una mio mia miei suo sua tuo tua questo questa
    pt: o a os as um uma meu minha meus seu sua teu tua este esta
    nl: de het een mijn uw jouw je onze dit deze die
    """
)

# Words that tell what a code is: joining it to its name, or said around it by whoever reads it out.
IS_OF = _table(
    """
    en: is was are s be reads says being like as equals
    de: ist war lautet sind
    fr: est sont c etait
    es: es son era
    it: e sono era
    pt: e sao era
    nl: is zijn luidt was
    """
)
# What may follow a number that is an answer by itself.
AFTERWARDS_OF = _table(
    """
    en: i that is right correct thanks thank please okay ok got now if there think and but because
    de: glaube ich danke bitte ja stimmt richtig oder nicht und aber weil
    fr: je merci oui voila correct c et mais
    es: creo gracias si correcto verdad y pero
    it: credo grazie si giusto corretto e ma
    pt: acho obrigado obrigada sim certo e mas
    nl: denk dank ja klopt geloof niet en maar
    """
)
# Words with which it is told on whose way a code is: `the code that I got`, `el código que me llegó`.
PRONOUNS_OF = _table(
    """
    en: i me you we us they that which who it just
    de: ich mir sie ihnen wir uns du dir den welchen gerade eben
    fr: je j me m vous nous tu te qui que on viens
    es: que me te le les yo usted nos se lo acaban
    it: che mi ti le io vi ci lo appena
    pt: que me te lhe eu voce nos se acabei
    nl: ik mij me u wij we ons je die dat net zojuist
    """
)
# Small words before a noun, or between a noun and what it is of.
PREPOSITIONS_OF = _table(
    """
    en: of on for from in at to by with via over through next
    de: von vom auf fur per in im zu zur zum mit uber an am aus bei
    fr: de du des d sur pour par dans au aux a en avec
    es: de del en para por al a con
    it: di del della dello dei da dal dalla su sul sulla per in nel nella al
    pt: de do da dos das no na em para por ao pelo pela com
    nl: van op voor in via per met aan uit bij
    """
)
# Those of them that say by what something is done.
INSTRUMENTS_OF = _table(
    """
    en: with using via
    de: mit mittels per
    fr: avec via
    es: con usando mediante
    it: con usando tramite
    pt: com usando mediante
    nl: met via
    """
)

DIGITS, COUNTS, PLACES, CARDS = map(_all, (DIGITS_OF, COUNTS_OF, PLACES_OF, CARDS_OF))
CAME, QUESTIONS, THINGS, NAMES, ARTICLES = map(_all, (CAME_OF, QUESTIONS_OF, THINGS_OF, NAMES_OF, ARTICLES_OF))
IS, AFTERWARDS, PREPOSITIONS, PRONOUNS = map(_all, (IS_OF, AFTERWARDS_OF, PREPOSITIONS_OF, PRONOUNS_OF))
PROVING, INSTRUMENTS = _all(PROVING_OF), _all(INSTRUMENTS_OF)
TABLES: Mapping[str, Table] = {
    "digits": DIGITS_OF,
    "counts": COUNTS_OF,
    "places": PLACES_OF,
    "cards": CARDS_OF,
    "came": CAME_OF,
    "questions": QUESTIONS_OF,
    "things": THINGS_OF,
    "names": NAMES_OF,
    "articles": ARTICLES_OF,
    "is": IS_OF,
    "afterwards": AFTERWARDS_OF,
    "pronouns": PRONOUNS_OF,
    "proving": PROVING_OF,
    "prepositions": PREPOSITIONS_OF,
    "instruments": INSTRUMENTS_OF,
}
# Cards that nobody pays with: their numbers are names, which the agent needs.
OTHER_CARDS = frozenset(
    """loyalty sim id identity member membership customer club bonus health insurance library reward rewards points
    student travel access business fidelite fidelidad fidelidade fedelta treue kunden klanten vitale graphics report
    score board""".split()
)
