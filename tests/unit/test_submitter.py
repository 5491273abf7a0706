"""Submissions of many clients are stored together, and each has an outcome of its own."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from api.http.submitter import MAX_TOGETHER, Submitter
from core.store import Outcome, Submission
from gradlab.errors import Conflict, Unavailable
from tests.builders import a_spec
from tests.unit.desk import Desk

SPEC = a_spec()


class Storage:
    """Stores groups: the first waits until it is let go; one with the key `bad` is refused."""

    def __init__(self) -> None:
        self.groups: list[list[str | None]] = []
        self.go = threading.Event()

    def __call__(self, group: Sequence[Submission]) -> list[Outcome]:
        self.groups.append([each.idempotency_key for each in group])
        assert self.go.wait(10)
        if "away" in self.groups[-1]:
            raise Unavailable("away")
        outcomes: list[Any] = [(each.idempotency_key, True) for each in group]
        return [Conflict("used") if each[0] == "bad" else each for each in outcomes]


def answered(storage: Storage, *keys: str, before: Callable[[list[asyncio.Task[Any]]], None] = lambda _: None) -> Any:
    """The answers to submissions with these keys, which come while the first of them is stored."""

    async def run() -> list[Any]:
        submitter = Submitter(storage)
        tasks = [asyncio.create_task(submitter.submit(Submission(SPEC, keys[0])))]
        while not storage.groups:
            await asyncio.sleep(0.001)
        tasks += [asyncio.create_task(submitter.submit(Submission(SPEC, key))) for key in keys[1:]]
        await asyncio.sleep(0)
        before(tasks)
        storage.go.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    return asyncio.run(run())


def test_what_comes_while_a_group_is_stored_is_the_next_group_in_its_order():
    keys = [str(number) for number in range(MAX_TOGETHER + 3)]
    storage = Storage()
    assert answered(storage, *keys) == keys
    assert storage.groups == [keys[:1], keys[1 : 1 + MAX_TOGETHER], keys[1 + MAX_TOGETHER :]]


def test_a_refusal_is_that_of_one_and_an_outage_that_of_its_group_alone():
    storage = Storage()
    first, good, bad = answered(storage, "first", "good", "bad")
    assert (first, good, type(bad)) == ("first", "good", Conflict)
    keys = ["away", *map(str, range(3))]
    away, *others = answered(Storage(), *keys)
    assert (type(away), others) == (Unavailable, keys[1:])


def test_a_request_that_is_cancelled_does_not_hinder_the_others_of_its_group():
    first, gone, last = answered(Storage(), "first", "gone", "last", before=lambda tasks: tasks[1].cancel())
    assert (first, type(gone), last) == ("first", asyncio.CancelledError, "last")


@pytest.mark.slow
def test_fifty_posts_at_a_time_are_fifty_experiments(desk: Desk):
    with ThreadPoolExecutor(10) as threads:
        paths = list(threads.map(lambda number: desk.submit(a_spec(seeds=(number,))), range(50)))
    assert len(set(paths)) == 50
    for number, path in enumerate(paths):
        assert desk.http.get(path).json()["spec"]["seeds"] == [number]
    assert len(desk.bell.rung) == 50
