"""When a worker takes it that messages got lost: it has a free place, and the broker has nothing for it."""

from datetime import timedelta

import pytest

from core.settings import Settings
from core.store import ExperimentStore
from gradlab.errors import Unavailable
from tests.builders import MINUTE, Bell, a_spec
from worker import sweep

SETTINGS = Settings(_env_file=None, requeue_after=timedelta(minutes=1), sweep_every=timedelta(seconds=5))


class Broker(Bell):
    """A broker with or without messages, or one that is away."""

    def __init__(self, empty: bool | Unavailable) -> None:
        super().__init__()
        self._empty = empty

    def is_empty(self) -> bool:
        if isinstance(self._empty, Unavailable):
            raise self._empty
        return self._empty


@pytest.fixture
def store(sqlite_url, clock):
    made = ExperimentStore(sqlite_url, lease=MINUTE, max_attempts=3, clock=clock)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("reserved", "empty", "published"),
    [(0, True, 1), (1, True, 0), (0, False, 0), (0, Unavailable("away"), 0)],
    ids=["idle", "busy", "messages wait", "no broker"],
)
def test_what_lost_its_message_is_published_at_once_where_a_worker_is_idle(
    store, clock, monkeypatch, reserved, empty, published
):
    lost, broker = store.add(a_spec())[0].id, Broker(empty)
    monkeypatch.setattr(sweep, "reserved_requests", [None] * reserved)
    assert sweep._sweep(store, broker, SETTINGS) == 0, "its message may be on its way"
    clock.forward(timedelta(seconds=6))
    assert sweep._sweep(store, broker, SETTINGS) == published
    assert broker.rung == [lost] * published
    clock.forward(timedelta(minutes=2))
    assert sweep._sweep(store, broker, SETTINGS) == 1, "sooner or later by any"
