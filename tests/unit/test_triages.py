"""Triages beside a training: each is taken once, none is waited for in vain, and none disturbs the training."""

import threading
import time
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from core.plan.estimate import estimate
from core.settings import Settings
from gradlab.errors import NotFound, Unavailable
from tests.builders import a_spec
from tests.servers import wait_until
from worker import beside as polling
from worker import triages
from worker.triages import triages_beside

TRAINING = uuid4()
SPEC = a_spec(epochs=1)


class Waiting:
    """A store in which some triages wait; `before_each` is called before each answer."""

    def __init__(self, ids: Sequence[UUID], before_each: Callable[[], None] = lambda: None) -> None:
        self.ids, self.before_each, self.times = list(ids), before_each, 0

    def waiting_triages(self, *, limit: int) -> list[UUID]:
        self.times += 1
        self.before_each()
        return self.ids[:limit]

    def get(self, id: UUID) -> Any:
        if id not in (*self.ids, TRAINING):
            raise NotFound("gone")
        return SimpleNamespace(spec=SPEC)


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(triages, "FIRST_SECONDS", 0.01)
    for name in ("PAUSE_SECONDS", "AWAY_SECONDS"):
        monkeypatch.setattr(polling, name, 0.01)


def beside(store: Waiting, triage: Callable[[UUID], None], settings: Settings | None = None):
    return triages_beside(TRAINING, triage, store=store, settings=settings or Settings())  # type: ignore[arg-type]


def test_every_waiting_triage_is_taken_once_in_order_and_the_training_itself_never():
    ids, taken = [uuid4() for _ in range(3)], []
    store = Waiting([TRAINING, *ids])
    with beside(store, taken.append):
        wait_until(lambda: store.times > 5)
        store.ids.append(late := uuid4())
        wait_until(lambda: late in taken)
    assert taken == [*ids, late]


def test_the_block_ends_once_the_triage_in_progress_is_done_and_no_other_is_begun():
    begun, may_end, ended = threading.Event(), threading.Event(), []

    def triage(id: UUID) -> None:
        begun.set()
        assert may_end.wait(10)
        ended.append(id)

    ids = [uuid4(), uuid4()]
    with beside(Waiting(ids), triage):
        assert begun.wait(10)
        threading.Timer(0.1, may_end.set).start()
    assert ended == ids[:1]


def test_a_short_training_asks_for_no_triages(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(triages, "FIRST_SECONDS", 10.0)
    store, begun = Waiting([uuid4()]), time.monotonic()
    with beside(store, lambda _: None):
        pass
    assert store.times == 0
    assert time.monotonic() - begun < 5


def test_a_triage_too_large_to_be_had_beside_the_training_is_left_to_others():
    both, taken = 2 * estimate(SPEC).memory_bytes, []
    for memory, expected in ((both - 1, 0), (both, 1)):
        store = Waiting([uuid4()])
        with beside(store, taken.append, Settings(max_memory_bytes=memory)):
            wait_until(lambda store=store: store.times > 3)
        assert len(taken) == expected


@pytest.mark.parametrize("failure", [Unavailable("away"), RuntimeError("broken")], ids=["away", "broken"])
def test_whatever_fails_the_next_triages_are_taken_and_the_training_goes_on(failure: Exception):
    failures = iter([failure, failure])

    def before_each() -> None:
        if error := next(failures, None):
            raise error

    taken: list[UUID] = []
    store = Waiting([uuid4()], before_each)
    with beside(store, taken.append):
        wait_until(lambda: taken == store.ids)


def test_one_that_was_deleted_meanwhile_is_passed_over():
    ids, taken = [uuid4(), uuid4()], []
    store = Waiting(ids)
    get = store.get
    store.get = lambda each: get(uuid4() if each == ids[0] else each)  # type: ignore[method-assign]
    with beside(store, taken.append):
        wait_until(lambda: taken == ids[1:])
