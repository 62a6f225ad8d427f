"""The words by which secrets are told apart from other numbers, of all languages together.

Words are written as `spoken.plain` gives them: in lower case and without accents. Each language has them in its
`secrets.toml`; what they mean is said in `app.nlu.tables.Secrets`.
"""

from app.nlu.tables import LANGUAGES, Secrets, table


def _all(name: str) -> frozenset[str]:
    tables = (table(language, Secrets) for language in LANGUAGES)
    return frozenset[str]().union(*(getattr(words, name) for words in tables if words is not None))


DIGITS, COUNTS, PLACES, CARDS = map(_all, ("digits", "counts", "places", "cards"))
CAME, QUESTIONS, THINGS, NAMES = map(_all, ("came", "questions", "things", "names"))
ARTICLES, JOINS, AFTERWARDS = map(_all, ("articles", "joins", "afterwards"))
PRONOUNS, PREPOSITIONS, INSTRUMENTS, PROVING = map(_all, ("pronouns", "prepositions", "instruments", "proving"))
SAID_OF_PASSWORDS = _all("said_of_passwords")
PASSWORDS, CREDENTIALS = (
    frozenset(name for language in LANGUAGES if (words := table(language, Secrets)) for name in getattr(words, names))
    for names in ("passwords", "credentials")
)
# Cards that nobody pays with: their numbers are names, which the agent needs.
OTHER_CARDS = frozenset(
    """loyalty sim id identity member membership customer club bonus health insurance library reward rewards points
    student travel access business fidelite fidelidad fidelidade fedelta treue kunden klanten vitale graphics report
    score board""".split()
)
