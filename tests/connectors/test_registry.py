"""What holds for every connector of the registry, whoever's platform it is."""

import random

import pytest

from app.connectors import CONNECTORS, Connector
from app.connectors.base import BriefNote
from app.connectors.recognition import as_posted
from app.errors import InvalidRequest, PayloadTooLarge, Unauthorized
from app.models import Actor, InteractionDraft, Kind
from app.services.connectors import parsed
from tests.support.platforms import posted

EACH = pytest.mark.parametrize("connector", CONNECTORS.values(), ids=CONNECTORS.keys())
STRANGE = {"brand_new": {"part": [1, "two", None]}, "id": "z-1", "type": "never.seen"}


@EACH
def test_its_name_is_the_one_it_is_registered_under(connector: Connector) -> None:
    assert CONNECTORS[connector.name] is connector
    assert connector.title


@EACH
def test_its_credentials_are_described_and_have_names_of_their_own(connector: Connector) -> None:
    names = [credential.name for credential in connector.credentials]
    assert len(set(names)) == len(names)
    assert all(credential.description for credential in connector.credentials)


@EACH
def test_nothing_unsigned_is_taken_unless_it_comes_with_a_key(connector: Connector) -> None:
    if connector.needs_key:
        return
    values = {credential.name: "a-value" for credential in connector.credentials}
    for credentials in (values, {}):
        with pytest.raises(Unauthorized):
            connector.verify(posted(STRANGE), credentials)


@EACH
def test_a_body_that_it_has_never_seen_is_an_event_with_a_stable_id_or_refused(connector: Connector) -> None:
    try:
        read, again = connector.parse(posted(STRANGE)), connector.parse(posted(STRANGE))
    except InvalidRequest:
        return
    assert read.event_types
    (row,) = read.drafts
    assert isinstance(row, InteractionDraft)
    assert (row.kind, row.text) == ("event", "")
    assert row.id is not None
    assert row.id.startswith(connector.name)
    assert again.drafts == read.drafts


@EACH
@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[", b'{"a":', b"null", b"7", b'"x"'])
def test_what_is_no_body_of_a_platform_is_refused(connector: Connector, content: bytes) -> None:
    with pytest.raises((InvalidRequest, PayloadTooLarge)):
        connector.parse(posted(content))


@EACH
def test_bytes_by_chance_end_in_a_refusal_or_in_rows(connector: Connector) -> None:
    chance = random.Random(3)
    for _ in range(50):
        content = bytes(chance.randrange(256) for _ in range(chance.randrange(80)))
        try:
            assert connector.parse(posted(content)).drafts is not None
        except (InvalidRequest, PayloadTooLarge):
            continue


@EACH
def test_without_a_way_back_nothing_is_written(connector: Connector) -> None:
    note = BriefNote(f"{connector.name}:1", "", "", None, {})
    assert list(connector.write_back(note, {})) == []


@EACH
async def test_what_its_platform_never_sends_is_kept_as_an_event_and_what_is_no_object_is_refused(
    connector: Connector,
) -> None:
    read = await parsed(connector, as_posted(b'{"hello": "world"}'))
    [row] = read.drafts
    assert isinstance(row, InteractionDraft)
    assert (row.kind, row.actor, row.data["hello"]) == (Kind.EVENT, Actor.SYSTEM, "world")
    with pytest.raises(InvalidRequest):
        await parsed(connector, as_posted(b"hello"))
