"""Names that stand in a model's sentence where the evidence has another one."""

import pytest

from app.brief.names import misplaced

REPAIR = (
    "Your plumber is Ottokar. The visit costs 40.00 EUR.",
    "Rosalind assured me by telephone that the visit would be free of charge.",
)
PARCEL = (
    "The courier was Imogen, who rang at noon. The porter took nothing.",
    "No. Percival signed for the parcel at the gate, and nobody rang.",
)


@pytest.mark.parametrize(
    ("told", "evidence", "wrong"),
    [
        ("The customer says that Ottokar assured them that the visit would be free of charge.", REPAIR, "Ottokar"),
        ("The plumber is Rosalind and the visit costs 40.00 EUR.", REPAIR, "Rosalind"),
        ("The visit costs 40.00 EUR, and Rosalind is the plumber.", REPAIR, "Rosalind"),
        ("Imogen signed for the parcel at the gate.", PARCEL, "Imogen"),
        ("The customer says that Imogen's parcel was signed for at the gate.", PARCEL, "Imogen"),
        ("The courier was Percival.", PARCEL, "Percival"),
    ],
)
def test_a_name_that_begins_a_sentence_of_the_evidence_is_not_anybodys(
    told: str, evidence: tuple[str, ...], wrong: str
) -> None:
    assert misplaced(told, evidence) == wrong


@pytest.mark.parametrize(
    ("told", "evidence"),
    [
        ("The customer says that Rosalind assured them that the visit would be free of charge.", REPAIR),
        ("The plumber is Ottokar and the visit costs 40.00 EUR.", REPAIR),
        ("Ottokar is the plumber, and Rosalind assured the customer that the visit would be free.", REPAIR),
        ("Percival signed for the parcel at the gate.", PARCEL),
        ("The courier was Imogen, and Percival signed for the parcel.", PARCEL),
        ("The visit costs 40.00 EUR.", REPAIR),
        # Words that open a sentence with a capital, and that somebody writes small, are no names.
        ("The courier rang at noon.", ("Courier rang at noon.", "A courier is no postman, Imogen said.")),
    ],
)
def test_a_name_where_the_evidence_has_it_stays(told: str, evidence: tuple[str, ...]) -> None:
    assert misplaced(told, evidence) is None
