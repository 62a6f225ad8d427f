"""DialogSum and TweetSumm as dialogues with summaries; Banking77 and CLINC150 as texts with categories."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.errors import InvalidRequest

OUT_OF_SCOPE = "oos"


def dialogsum(content: Any, part: str | None) -> Iterator[Mapping[str, Any]]:
    """DialogSum (Y. Chen et al., 2021); of several summaries the first, or the one that `part` names (`summary2`)."""
    for row in content:
        name = part or ("summary" if "summary" in row else "summary1")
        yield {"fname": row["fname"], "dialogue": row["dialogue"], "summary": row[name]}


def tweetsumm(content: Any, part: str | None) -> Iterator[Mapping[str, Any]]:
    """TweetSumm (G. Feigenblat et al., 2021), as its own processor joins it with the tweets: `dialog`, `summaries`.

    The first abstractive summary is taken; a dialogue without one is left out.
    """
    if part is not None:
        raise InvalidRequest(f"it is not divided into parts, so there is no {part!r}.")
    for index, row in enumerate(content, start=1):
        summaries = row["summaries"]["abstractive_summaries"]
        if not summaries:
            continue
        lines = (
            f"#Person{2 if turn['is_agent'] else 1}#: {' '.join(turn['sentences'])}" for turn in row["dialog"]["turns"]
        )
        summary = " ".join(summaries[0]) if isinstance(summaries[0], list) else str(summaries[0])
        yield {
            "fname": str(row["dialog"].get("dialog_id") or f"tweetsumm-{index}"),
            "dialogue": "\n".join(lines),
            # Its summaries say "customer" and "agent" themselves.
            "summary": summary,
        }


def banking77(content: Any, part: str | None) -> Iterator[Mapping[str, Any]]:
    """Banking77 (I. Casanueva et al., 2020): a CSV with `text` and `category`, or `label` in its place."""
    if part is not None:
        raise InvalidRequest(f"it is not divided into parts, so there is no {part!r}.")
    for row in content:
        yield {"text": row["text"], "category": row["category"] if "category" in row else row["label"]}


def clinc150(content: Any, part: str | None) -> Iterator[Mapping[str, Any]]:
    """CLINC150 (S. Larson et al., 2019): `part` is train (the default), val, test or one of out of scope.

    Out-of-scope texts have no category that could be learnt, so they are left out of other parts.
    """
    name = part or "train"
    if name not in content:
        raise InvalidRequest(f"it has no part {name!r}; it has {', '.join(content)}.")
    for text, intent in content[name]:
        if intent != OUT_OF_SCOPE or name.startswith(OUT_OF_SCOPE):
            yield {"text": text, "category": intent}
