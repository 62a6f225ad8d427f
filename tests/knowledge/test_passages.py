"""How an article is parted into passages, whatever it was written in."""

import pytest

from app.knowledge.passages import MOST_PASSAGES, MOST_WORDS, passages_of
from app.models import ArticleDraft

LONG = "This sentence has exactly seven short words."


def article(**source: str) -> ArticleDraft:
    return ArticleDraft.model_validate({"title": "A title", **source})


def test_markdown_is_read_as_people_see_it() -> None:
    source = (
        "Intro with **bold** and [a link](https://x.example).\n\n- first\n- second\n  1. inner\n\n|a|b|\n|-|-|\n|1|2|"
    )
    [passage] = passages_of(article(markdown=source))
    assert passage.text.splitlines() == [
        "Intro with bold and a link.",
        "- first",
        "- second",
        "  1. inner",
        "a | b",
        "1 | 2",
    ]
    assert passage.headings == ""


def test_headings_lead_from_the_outermost_inward() -> None:
    source = f"# Returns\n\n## Within 30 days\n\n{LONG * 12}\n\n### Damaged\n\n{LONG * 12}\n\n## Later\n\n{LONG * 12}"
    passages = passages_of(article(markdown=source))
    assert [passage.headings for passage in passages] == [
        "Returns > Within 30 days",
        "Returns > Within 30 days > Damaged",
        "Returns > Later",
    ]


def test_html_gives_the_same_passages_without_what_is_hidden() -> None:
    source = (
        "<style>p {}</style><h1>Returns</h1><p>Send it <b>back</b>.</p><p hidden>secret</p><ul><li>a label</li></ul>"
        "<script>steal()</script>"
    )
    [passage] = passages_of(article(html=source))
    assert (passage.headings, passage.text) == ("Returns", "Send it back.\na label")


def test_short_sections_share_a_passage_each_under_its_heading() -> None:
    [passage] = passages_of(article(markdown="## One\n\nfirst\n\n## Two\n\nsecond"))
    assert passage.headings == "One"
    assert passage.text == "first\n\nTwo\nsecond"


@pytest.mark.parametrize("source", [f"{LONG} " * 80, f"{LONG}\n" * 80, "word " * 700, f"{LONG} {LONG}\n\n" * 40])
def test_no_passage_is_longer_than_an_embedder_reads_and_nothing_is_lost(source: str) -> None:
    passages = passages_of(article(text=source))
    assert len(passages) > 3
    assert all(len(passage.text.split()) <= MOST_WORDS for passage in passages)
    assert " ".join(passage.text for passage in passages).split() == source.split()


def test_paragraphs_of_plain_text_are_parted_at_empty_lines() -> None:
    paragraph = " ".join([LONG] * 10)
    passages = passages_of(article(text=f"{paragraph}\n\n{paragraph}\n\n{paragraph}"))
    assert [passage.text for passage in passages] == [paragraph] * 3


def test_an_article_of_headings_alone_is_a_passage_all_the_same() -> None:
    [passage] = passages_of(article(markdown="# Only\n\n## Headings"))
    assert passage.text == "Only Headings"


def test_a_huge_article_has_a_bounded_number_of_passages() -> None:
    assert len(passages_of(article(markdown="x\n\n***\n\n" * 10_000))) <= MOST_PASSAGES


def test_what_a_vector_is_made_of_holds_title_and_headings_and_names_the_passage() -> None:
    [passage] = passages_of(article(markdown="# Returns\n\nSend it back."))
    assert passage.embeddable("A title") == "A title\nReturns\nSend it back."
    ids = {
        passage.passage_id("a", "A title", "one model"),
        passage.passage_id("b", "A title", "one model"),
        passage.passage_id("a", "Another", "one model"),
        passage.passage_id("a", "A title", "another model"),
    }
    assert len(ids) == 4
