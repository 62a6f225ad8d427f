"""A catalogue with many faults: the first are told, the others counted, and none of it takes more than its length."""

from collections.abc import Callable

import httpx
import pytest

from app.actions import read_catalogue
from app.actions.catalogue_loader import MOST_FAULTS
from app.errors import InvalidRequest
from tests.interfaces.http import problem
from tests.support.steps import steps_of

MOST_ANSWER = 64 * 1024
ACTION = "- {id: a, label: A, after: [b], intents: {%s}}\n"


def rules(count: int) -> str:
    """A catalogue whose action has so many rules that are none."""
    return "name: n\nactions:\n- id: a\n  label: A\n  policy:\n    eligibility:\n" + "    - 1\n" * count


def ring(count: int) -> str:
    """Actions that all wait for each other."""
    names = ", ".join(f"a{number}" for number in range(40))
    return "name: n\nactions:\n" + "".join(
        f"- {{id: a{number}, label: A, after: [{names}]}}\n" for number in range(count)
    )


MANY: dict[str, Callable[[int], str]] = {
    "fields": lambda count: "".join(f"k{number}: 1\n" for number in range(count)),
    "one field": lambda count: "k0: 1\n" * count,
    "actions": lambda count: "name: n\nactions:\n" + "- 1\n" * count,
    "intents": lambda count: "name: n\nactions: [{id: a, label: A}]\nintents:\n" + "- a\n" * count,
    "rules": rules,
    "fits": lambda count: "name: n\nactions:\n" + ACTION % ", ".join(f"i{n}: 1" for n in range(count)),
    "bad fits": lambda count: "name: n\nactions:\n" + ACTION % ", ".join(f"i{n}: x" for n in range(count)),
    "parameters": lambda count: "name: n\nactions:\n- id: a\n  label: A\n  parameters:\n" + "  - {name: p}\n" * count,
    "names": lambda count: f"name: n\nactions:\n- {{id: a, label: A, after: [{'b, ' * count}]}}\n",
    "repeated": lambda count: "a:\n" + "".join(f"  k{n // 2}: 1\n" for n in range(count)),
    "long names": lambda count: "".join(f"{'k' * 1000}{n}: 1\n" for n in range(count // 4)),
}


@pytest.mark.parametrize("name", MANY)
def test_twice_as_many_faults_take_no_more_than_twice_the_steps(name: str) -> None:
    def refused(count: int) -> int:
        def read() -> None:
            with pytest.raises(InvalidRequest):
                read_catalogue(MANY[name](count))

        return steps_of(read)

    refused(4)
    assert refused(2000) < 2.3 * refused(1000)


@pytest.mark.parametrize("name", MANY)
async def test_the_first_faults_are_listed_the_others_counted_and_the_answer_is_short(
    client: httpx.AsyncClient, name: str
) -> None:
    headers = {"content-type": "application/yaml"}
    refused = await client.put("/v1/catalogue", content=MANY[name](10_000), headers=headers)
    refusal = problem(refused, 422, "invalid_request")
    assert 1 <= len(refusal["errors"]) <= MOST_FAULTS
    assert all(error["message"].startswith("line ") for error in refusal["errors"])
    assert len(refused.content) < MOST_ANSWER


async def test_faults_beyond_those_listed_are_counted(client: httpx.AsyncClient) -> None:
    headers = {"content-type": "application/yaml"}
    refusal = problem(await client.put("/v1/catalogue", content=rules(5000), headers=headers), 422, "invalid_request")
    assert len(refusal["errors"]) == MOST_FAULTS
    assert "and 4,990 more; the first 100 are listed" in refusal["detail"]
    assert refusal["errors"][99]["message"].startswith("line 106: ")


def test_too_many_actions_are_one_fault_and_not_one_each() -> None:
    with pytest.raises(InvalidRequest) as refusal:
        read_catalogue("name: n\nactions:\n" + "- 1\n" * 20_000)
    assert [error["path"] for error in refusal.value.errors] == ["actions"]
    assert "there are 20,000 of them" in refusal.value.detail


@pytest.mark.parametrize("as_json", [True, False])
def test_what_is_no_catalogue_at_all_is_refused_without_its_faults_being_sorted_out(*, as_json: bool) -> None:
    fits = ",".join(f'"i{number}":"x"' for number in range(200_000 if as_json else 45_000))
    with pytest.raises(InvalidRequest) as refusal:
        read_catalogue(f'{{"name":"n","actions":[{{"id":"a","label":"A","intents":{{{fits}}}}}]}}', as_json=as_json)
    assert len(refusal.value.errors) == 1


def test_actions_that_wait_for_each_other_are_found_in_steps_of_their_number() -> None:
    def refused(count: int) -> int:
        def read() -> None:
            with pytest.raises(InvalidRequest, match="wait for itself"):
                read_catalogue(ring(count))

        return steps_of(read)

    assert refused(200) < 4.5 * refused(100)


def test_only_those_in_a_circle_are_told_to_wait_for_themselves() -> None:
    text = "name: n\nactions:\n" + "".join(
        f"- {{id: {name}, label: A, after: [{after}]}}\n"
        for name, after in (("a", "b"), ("b", "c"), ("c", "b"), ("d", "d"), ("e", ""), ("f", "e"))
    )
    with pytest.raises(InvalidRequest) as refusal:
        read_catalogue(text)
    assert [error["path"] for error in refusal.value.errors] == [f"actions[{index}].after" for index in (1, 2, 3)]
