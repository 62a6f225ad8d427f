"""`warmline knowledge`: importing, listing, searching and removing, on stores of its own."""

import json
from pathlib import Path

import pytest

from tests.interfaces.command import Command, command, move_to

MARKDOWN = """---
url: https://help.example/lost
language: en
intents: [lost_parcel]
valid_until: 2100-01-01
---
# Lost parcels

A parcel that never arrived is sent again.
"""
HTML = """<!doctype html><html lang="de"><head><title>Rückgabe</title>
<link rel="canonical" href="https://hilfe.example/zurueck"></head><body><h1>Zurück</h1>
<p>Bitte zurücksenden.</p></body>"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of two articles, with an empty data folder beside it."""
    move_to(tmp_path, monkeypatch)
    monkeypatch.setenv("WARMLINE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("WARMLINE_VECTORS_URL", "memory:")
    articles = tmp_path / "articles"
    (articles / "parcels").mkdir(parents=True)
    (articles / ".git").mkdir()
    (articles / "parcels" / "lost.md").write_text(MARKDOWN, encoding="utf-8")
    (articles / "back.html").write_text(HTML, encoding="utf-8")
    (articles / "notes.txt").write_text("no article", encoding="utf-8")
    (articles / ".git" / "hidden.md").write_text("# Hidden", encoding="utf-8")
    return articles


@pytest.fixture
def knowledge(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """`warmline knowledge`."""
    return command(monkeypatch, capsys, "knowledge")


def test_a_folder_is_taken_and_taking_it_again_changes_nothing(folder: Path, knowledge: Command) -> None:
    first = knowledge("import", str(folder), "--json")
    assert (first.status, first.json) == (
        0,
        {"created": 2, "replaced": 0, "unchanged": 0, "refused": 0, "problems": []},
    )
    again = knowledge("import", str(folder))
    assert again.status == 0
    assert again.out == "0 articles taken, 0 replaced, 2 unchanged, 0 refused.\n"
    (folder / "back.html").write_text(HTML.replace("Bitte", "Nicht"), encoding="utf-8")
    changed = knowledge("import", str(folder), "--json").json
    assert (changed["replaced"], changed["unchanged"]) == (1, 1)


def test_front_matter_and_the_head_of_a_page_say_what_an_article_is(folder: Path, knowledge: Command) -> None:
    knowledge("import", str(folder))
    articles = {article["article_id"]: article for article in knowledge("list", "--json").json["articles"]}
    assert articles.keys() == {"parcels:lost", "back"}
    lost, back = articles["parcels:lost"], articles["back"]
    assert (lost["title"], lost["url"], lost["language"]) == ("Lost parcels", "https://help.example/lost", "en")
    assert (lost["intents"], lost["valid_until"]) == (["lost_parcel"], "2100-01-01T00:00:00Z")
    assert (back["title"], back["url"], back["language"]) == ("Rückgabe", "https://hilfe.example/zurueck", "de")
    assert "Lost parcels" in knowledge("list").out


def test_lines_of_json_hold_the_fields_of_the_api(folder: Path, knowledge: Command) -> None:
    lines = folder / "more.jsonl"
    rows = [
        {"article_id": "a/b", "title": "T", "text": "x"},
        {"article_id": "hours", "title": "Hours", "text": "Nine to five.", "actions": ["answer"]},
        {"title": "T", "text": "x"},
        {"article_id": "both", "title": "T", "text": "x", "html": "<p>y"},
    ]
    lines.write_text("\n".join([*map(json.dumps, rows), "", "{", "[]"]), encoding="utf-8")
    report = knowledge("import", str(lines), "--json")
    assert (report.status, report.json["created"], report.json["refused"]) == (1, 1, 5)
    problems = {problem["line"]: problem["detail"] for problem in report.json["problems"]}
    assert problems.keys() == {1, 3, 4, 6, 7}
    assert "characters without /" in problems[1]
    assert "article_id" in problems[3]
    assert "exactly one of text, html and markdown" in problems[4]
    assert f"{lines}:4: " in report.err


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.md", b"---\ntitle: [\n---\nText", "front matter cannot be read"),
        ("a.md", b"---\n- a list\n---\nText", "front matter holds no fields"),
        ("a.md", b"---\ntitel: A\n---\nText", "titel"),
        ("a.md", b"---\nurl: ftp://x\n---\nText", "begins with http"),
        ("a.md", b"\xff\xfe", "not UTF-8"),
        ("a.md", b"", "markdown"),
        ("a.docx", b"PK", "Only .htm, .html, .jsonl"),
    ],
)
def test_what_cannot_be_taken_is_named_with_the_reason(
    folder: Path, knowledge: Command, name: str, content: bytes, why: str
) -> None:
    file = folder / name
    file.write_bytes(content)
    report = knowledge("import", str(file), str(folder / "back.html"), "--json")
    assert (report.status, report.json["created"], report.json["refused"]) == (1, 1, 1)
    assert why in report.json["problems"][0]["detail"]


def test_two_files_of_one_id_are_told_apart(folder: Path, knowledge: Command) -> None:
    (folder / "back.md").write_text("# Back", encoding="utf-8")
    report = knowledge("import", str(folder), "--json")
    assert (report.status, report.json["created"]) == (1, 2)
    assert "back.html has the same id, back" in report.json["problems"][0]["detail"]


def test_a_file_that_is_not_there_ends_it_before_anything_is_taken(folder: Path, knowledge: Command) -> None:
    ended = knowledge("import", str(folder), str(folder / "missing.md"))
    assert ended.status == 1
    assert "missing.md cannot be read" in ended.err
    assert knowledge("list", "--json").json == {"articles": []}


def test_articles_are_searched_and_removed(folder: Path, knowledge: Command) -> None:
    knowledge("import", str(folder), "--tenant", "acme")
    hits = knowledge("search", "the parcel never arrived", "--tenant", "acme", "--json").json["hits"]
    assert [hit["article_id"] for hit in hits] == ["parcels:lost"]
    shown = knowledge("search", "the parcel never arrived", "--tenant", "acme").out
    assert "A parcel that never arrived is sent again." in shown
    assert "https://help.example/lost" in shown
    assert knowledge("search", "the parcel never arrived").out == "No passage fits.\n"

    assert knowledge("remove", "parcels:lost", "--tenant", "acme").status == 0
    assert knowledge("search", "parcel", "--tenant", "acme", "--json").json["hits"] == []
    again = knowledge("remove", "parcels:lost", "--tenant", "acme")
    assert (again.status, "No article has the id" in again.err) == (1, True)


def test_the_help_tells_what_is_taken_and_how_ids_are_made(knowledge: Command) -> None:
    shown = " ".join(knowledge("import", "--help").out.split())
    for words in ("cards/lost.md is cards:lost", "valid_until", "exit status is 1", ".jsonl"):
        assert words in shown
