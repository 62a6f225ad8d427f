"""In which language a brief is written that is asked for under a locale."""

from app.nlu.tables import ENGLISH, LANGUAGES, Language, Sentences, table


def language_of_locale(locale: str | None) -> Language:
    """The language of a locale, `de-CH` or `de_CH`, where we have sentences in it; else English."""
    code = (locale or "").replace("_", "-").partition("-")[0].lower()
    return code if code in LANGUAGES and table(code, Sentences) is not None else ENGLISH
