"""The live stream: every epoch once and in order, whoever listens from when on, and whatever happens in between."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass

import httpx2
import numpy as np
import pytest

from api.live import feed as feeds
from api.live import slices, streams
from api.live.live import Live
from api.live.position import Position, Stage, read_position
from core.records import Claim
from core.store import ExperimentStore
from gradlab.client.events import EVENT_STREAM, StreamedEvent, read_events
from gradlab.errors import Unavailable
from gradlab.schemas.status import Status
from tests.builders import MINUTE, a_chunk, a_spec, measured

SPEC = a_spec(epochs=12, seeds=(0, 3))


@pytest.fixture
def store(sqlite_url: str):
    made = ExperimentStore(sqlite_url, lease=MINUTE, max_attempts=3)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Looks and diagnoses as often as there is something new."""
    monkeypatch.setattr(streams, "POLL_SECONDS", 0.005)
    monkeypatch.setattr(feeds, "DIAGNOSIS_SECONDS", 0.0)


@dataclass
class Training:
    """A worker's end of an experiment."""

    store: ExperimentStore
    claim: Claim

    @property
    def id(self):
        return self.claim.experiment_id

    def store_epochs(self, seed: int, first: int, count: int):
        self.store.append(self.claim, a_chunk(SPEC, seed=seed, first_epoch=first, epochs=count))

    def finish(self):
        self.store.finish(self.claim, Status.completed)


@pytest.fixture
def training(store: ExperimentStore) -> Training:
    experiment, _ = store.add(SPEC)
    claim = store.claim(experiment.id, worker="one")
    assert claim
    return Training(store, claim)


def streamed(*parts: bytes) -> httpx2.Response:
    """A response whose stream comes in these parts."""
    request = httpx2.Request("GET", "http://lab/experiments/1/events")
    return httpx2.Response(200, headers={"Content-Type": EVENT_STREAM}, content=iter(parts), request=request)


class Listener:
    """Reads a stream an event at a time."""

    def __init__(self, texts: AsyncIterator[bytes]) -> None:
        self._texts = texts
        self._waiting: list[StreamedEvent] = []
        self.heard: list[StreamedEvent] = []

    async def next(self) -> StreamedEvent:
        while not self._waiting:
            self._waiting += read_events(streamed(await anext(self._texts)))
        self.heard.append(self._waiting.pop(0))
        return self.heard[-1]

    async def until(self, name: str) -> StreamedEvent:
        while (event := await asyncio.wait_for(self.next(), 10)).name != name:
            pass
        return event

    async def until_epoch(self, seed: int, epoch: int):
        while epoch not in self.epochs(seed):
            await asyncio.wait_for(self.next(), 10)

    def epochs(self, seed: int) -> list[int]:
        told = [event for event in self.heard if event.name == "epochs"]
        return [epoch for event in told for run in event.data["runs"] if run["seed"] == seed for epoch in run["epochs"]]

    @property
    def names(self) -> list[str]:
        return [event.name for event in self.heard]


def listening(store: ExperimentStore, story: Callable[[Live], object]) -> None:
    """Run a coroutine with streams over a store, and close them."""

    async def run():
        live = Live(store)
        try:
            await story(live)
        finally:
            await live.close()

    asyncio.run(run())


def order(event: StreamedEvent) -> tuple[int, ...]:
    return tuple(map(int, event.id.split("~")[0].split(".")))


def rises(listener: Listener) -> bool:
    orders = [order(each) for each in listener.heard]
    return orders == sorted({*orders})


def test_a_position_is_read_as_it_was_written():
    here = Position(17, (200, 200, 200, 12, -1), Stage.findings)
    assert str(here) == "17.616.3~3x201,1x13,1x0"
    assert read_position(str(here), runs=5) == here


@pytest.mark.parametrize("written", [None, "", "7", "1.2.9~1x1", "1.2.1~2x1", "1.2.1~999999x1", "1.2.1~1x", "x" * 9999])
def test_what_is_no_position_of_this_experiment_is_none(written):
    assert read_position(written, runs=1) is None


@pytest.mark.slow
def test_every_epoch_is_told_once_and_in_order_to_early_and_late_listeners(store, training):
    async def story(live: Live):
        early = Listener(live.stream(training.id, None, replay=True))
        assert (await early.next()).data["status"] == "running"
        training.store_epochs(0, 0, 5)
        await early.until_epoch(0, 4)
        training.store_epochs(0, 5, 8)
        late = Listener(live.stream(training.id, None, replay=True))
        await late.until_epoch(0, 12)
        training.store_epochs(3, 0, 13)
        training.finish()
        for listener in (early, late):
            done = await listener.until("done")
            assert done.data == {"experiment_id": str(training.id), "status": "completed"}
            assert listener.epochs(0) == listener.epochs(3) == list(range(13))
            assert rises(listener)
            assert "findings" in listener.names
            with pytest.raises(StopAsyncIteration):
                await listener.next()

    listening(store, story)


def test_numbers_are_the_stored_ones_and_what_is_not_finite_is_null(store, training):
    history = measured(SPEC, 0, 0, 13)
    history.series["gradients"][3, 0, 0] = np.inf
    history.metrics[5:, 0] = np.nan
    store.append(training.claim, a_chunk(SPEC, seed=0, history=history))

    async def story(live: Live):
        listener = Listener(live.stream(training.id, None, replay=True))
        (run,) = (await listener.until("epochs")).data["runs"]
        losses, sizes = run["metrics"]["loss"], run["gradients"]["layers"]["dense_1"]
        assert losses[5:] == [None] * 8
        np.testing.assert_array_equal(np.array(losses[:5], np.float32), history.metrics[:5, 0])
        assert sizes.pop(3) is None
        np.testing.assert_array_equal(np.array(sizes, np.float32), np.delete(history.series["gradients"][:, 0, 0], 3))
        assert max(len(str(size)) for size in sizes) < 15  # no more digits than float32 has
        assert run["gradients"]["epochs"] == list(range(13))

    listening(store, story)


@pytest.mark.slow
def test_a_listener_goes_on_where_it_broke_off_also_at_another_process(store, training):
    training.store_epochs(0, 0, 5)
    first: list[Listener] = []

    async def before(live: Live):
        first.append(Listener(live.stream(training.id, None, replay=True)))
        await first[0].until_epoch(0, 4)

    async def after(live: Live):
        second = Listener(live.stream(training.id, first[0].heard[-1].id, replay=True))
        training.store_epochs(0, 5, 8)
        training.store_epochs(3, 0, 13)
        training.finish()
        await second.until("done")
        assert first[0].epochs(0) + second.epochs(0) == second.epochs(3) == list(range(13))
        assert order(second.heard[0]) > order(first[0].heard[-1])

    listening(store, before)
    listening(store, after)


def test_without_replay_only_what_comes_is_told(store, training):
    training.store_epochs(0, 0, 5)

    async def story(live: Live):
        listener = Listener(live.stream(training.id, None, replay=False))
        await listener.until("status")
        training.store_epochs(0, 5, 2)
        await listener.until_epoch(0, 6)
        assert listener.epochs(0) == [5, 6]

    listening(store, story)


@pytest.mark.slow
def test_a_slow_listener_misses_nothing_though_the_log_forgets(store, training, monkeypatch):
    monkeypatch.setattr(feeds, "MAX_LOG_BYTES", 4000)
    monkeypatch.setattr(slices, "MAX_VALUES", 30)

    async def story(live: Live):
        slow = Listener(live.stream(training.id, None, replay=True))
        quick = Listener(live.stream(training.id, None, replay=True))
        await slow.next()
        for epoch in range(13):
            training.store_epochs(0, epoch, 1)
            await quick.until_epoch(0, epoch)
        feed = live._feeds[training.id]
        assert not feed.holds(0)
        assert sum(len(entry.text) for entry, _ in feed._entries) <= 4000
        training.store_epochs(3, 0, 13)
        training.finish()
        await slow.until("done")
        assert slow.epochs(0) == slow.epochs(3) == list(range(13))
        told = [len(run["epochs"]) for each in slow.heard if each.name == "epochs" for run in each.data["runs"]]
        assert max(told) < 13

    listening(store, story)


@pytest.mark.slow
def test_a_run_that_is_set_back_to_its_checkpoint_is_not_told_twice(store, training):
    async def story(live: Live):
        listener = Listener(live.stream(training.id, None, replay=True))
        training.store_epochs(0, 0, 9)
        await listener.until_epoch(0, 8)
        training.store_epochs(0, 5, 2)  # what was stored from epoch 5 on is dropped
        await listener.until("status")
        late = Listener(live.stream(training.id, None, replay=True))
        await late.until_epoch(0, 6)
        training.store_epochs(0, 7, 6)
        for each in (listener, late):
            await each.until_epoch(0, 12)
            assert each.epochs(0) == list(range(13))

    listening(store, story)


@pytest.mark.slow
def test_who_comes_late_to_a_run_that_is_set_back_hears_of_the_others_and_of_the_end(store, training):
    async def story(live: Live):
        training.store_epochs(0, 0, 9)
        early = Listener(live.stream(training.id, None, replay=False))
        await early.until("status")
        training.store_epochs(0, 5, 2)  # what was stored from epoch 5 on is dropped
        await early.until("status")
        late = Listener(live.stream(training.id, None, replay=True))
        await late.until_epoch(0, 6)
        training.store_epochs(3, 0, 13)
        await late.until_epoch(3, 12)
        training.finish()
        assert (await late.until("done")).data["status"] == "completed"
        assert (late.epochs(0), late.epochs(3)) == (list(range(7)), list(range(13)))
        assert "findings" in late.names
        assert rises(late)

    listening(store, story)


@pytest.mark.slow
@pytest.mark.parametrize("set_back", [True, False])
def test_who_was_told_more_than_this_process_knows_is_told_nothing_twice(store, training, monkeypatch, set_back):
    stale, revisions = [], ExperimentStore.revisions
    monkeypatch.setattr(ExperimentStore, "revisions", lambda self, ids: stale[0] if stale else revisions(self, ids))
    training.store_epochs(0, 0, 5)

    async def story(live: Live):
        other = Listener(live.stream(training.id, None, replay=True))
        await other.until_epoch(0, 4)
        stale.append(store.revisions([training.id]))  # this process sees nothing new for a while
        training.store_epochs(0, 5, 4)
        told = Position(store.get(training.id).revision, (8, -1), Stage.epochs)  # by another process
        if set_back:
            training.store_epochs(0, 5, 2)
        ahead = Listener(live.stream(training.id, str(told), replay=True))
        waiting = asyncio.create_task(ahead.until("done"))
        await asyncio.sleep(0.05)
        stale.clear()
        await other.until_epoch(0, 6)
        training.store_epochs(0, 7 if set_back else 9, 6 if set_back else 4)
        training.store_epochs(3, 0, 13)
        await other.until_epoch(3, 12)
        training.finish()
        await waiting
        assert ahead.epochs(0) == [9, 10, 11, 12]
        assert ahead.epochs(3) == other.epochs(3) == other.epochs(0) == list(range(13))
        assert rises(ahead)
        assert order(ahead.heard[0]) > (told.revision,)

    listening(store, story)


@pytest.mark.slow
def test_many_listeners_cost_one_poll(store, training, monkeypatch):
    looks, read = [], ExperimentStore.get
    monkeypatch.setattr(ExperimentStore, "get", lambda self, which: (looks.append(which), read(self, which))[1])

    async def story(live: Live):
        listeners = [Listener(live.stream(training.id, None, replay=True)) for _ in range(50)]
        for each in listeners:
            await each.next()
        looks.clear()
        training.store_epochs(0, 0, 5)
        for each in listeners:
            await each.until_epoch(0, 4)
            assert each.epochs(0) == list(range(5))
        assert len(looks) <= 2  # for the epochs, and for the diagnosis

    listening(store, story)


@pytest.mark.slow
def test_many_who_come_late_read_what_they_missed_once_for_all(store, training, monkeypatch):
    monkeypatch.setattr(slices, "MAX_VALUES", 30)
    reads, read = [], ExperimentStore.metrics
    monkeypatch.setattr(
        ExperimentStore, "metrics", lambda self, which, **span: (reads.append(span), read(self, which, **span))[1]
    )
    training.store_epochs(0, 0, 13)

    async def story(live: Live):
        listeners = [Listener(live.stream(training.id, None, replay=True)) for _ in range(50)]
        await asyncio.gather(*(each.until_epoch(0, 12) for each in listeners))
        assert all(each.epochs(0) == list(range(13)) for each in listeners)
        asked = [span["from_epoch"] for span in reads if "from_epoch" in span]
        assert len(asked) > 1
        assert len(asked) == len({*asked})

    listening(store, story)


def test_the_database_is_not_polled_without_listeners(store, training):
    async def story(live: Live):
        async with aclosing(live.stream(training.id, None, replay=True)) as texts:
            await Listener(texts).next()
            assert live._poller
            assert not live._poller.done()
        await asyncio.wait_for(live._poller, 10)
        assert live._feeds == {}

    listening(store, story)


@pytest.mark.slow
def test_streams_outlive_an_outage_of_the_database(store, training, monkeypatch):
    revisions, away = ExperimentStore.revisions, iter([True] * 3)

    def sometimes(self, ids):
        if next(away, False):
            raise Unavailable("The database does not answer.")
        return revisions(self, ids)

    async def story(live: Live):
        listener = Listener(live.stream(training.id, None, replay=True))
        await listener.next()
        monkeypatch.setattr(ExperimentStore, "revisions", sometimes)
        for first in (0, 5):  # a look may have been under way when the outage began
            training.store_epochs(0, first, 5)
            await listener.until_epoch(0, first + 4)
        assert next(away, None) is None
        assert listener.epochs(0) == list(range(10))

    listening(store, story)


def test_a_stream_that_fails_stops_no_other_one(store, training, monkeypatch):
    other = store.add(SPEC)[0].id
    poll = feeds.Feed.poll

    def broken(self):
        if self.id == other and self.listeners:
            raise ArithmeticError("broken on purpose")
        return poll(self)

    async def story(live: Live):
        first = Listener(live.stream(other, None, replay=True))
        await first.next()
        second = Listener(live.stream(training.id, None, replay=True))
        await second.next()
        monkeypatch.setattr(feeds.Feed, "poll", broken)
        store.cancel(other)  # there is something to read, and reading it fails
        training.store_epochs(0, 0, 5)
        await second.until_epoch(0, 4)

    listening(store, story)


def test_whoever_listens_hears_that_an_experiment_was_deleted(store, training):
    async def story(live: Live):
        listener = Listener(live.stream(training.id, None, replay=True))
        await listener.next()
        store.delete(training.id)
        assert (await listener.until("done")).data["status"] == "deleted"

    listening(store, story)


def test_closing_ends_every_stream_at_once(store, training):
    async def story(live: Live):
        listeners = [Listener(live.stream(training.id, None, replay=True)) for _ in range(5)]
        for each in listeners:
            await each.next()
        waiting = [asyncio.create_task(each.until("done")) for each in listeners]
        await asyncio.sleep(0.01)
        await live.close()
        ends = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 1)
        assert {type(end) for end in ends} == {StopAsyncIteration} or {type(end) for end in ends} == {RuntimeError}

    listening(store, story)


def test_a_silent_stream_says_that_it_is_alive(store, training, monkeypatch):
    monkeypatch.setattr(streams, "ALIVE_SECONDS", 0.01)

    async def story(live: Live):
        texts = live.stream(training.id, None, replay=True)
        assert [await anext(texts) for _ in range(3)][-1] == b": alive\n\n"
        await texts.aclose()

    listening(store, story)


def test_events_are_read_whatever_their_parts_and_separators():
    data = json.dumps({"name": "a\u2028b"}, ensure_ascii=False)
    text = f"retry: 9\n\n: alive\n\nid: 1\nevent: status\ndata: {data}\n\nid: 2\nevent: done\ndata: {{}}\n".encode()
    (event,) = read_events(streamed(*(text[i : i + 3] for i in range(0, len(text), 3))))
    assert (event.id, event.name, event.data) == ("1", "status", {"name": "a\u2028b"})


@pytest.mark.slow
def test_over_http_a_finished_experiment_is_told_to_its_end_and_then_no_more(desk):
    path = desk.trained(SPEC)
    answer = desk.http.get(f"{path}/events")
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert answer.headers["Cache-Control"] == "no-store"
    events = list(read_events(answer))
    assert events[0].name == "status"
    assert "spec" not in events[0].data
    assert events[-1].name == "done"
    again = desk.http.get(f"{path}/events", headers={"Last-Event-ID": events[-1].id})
    assert (again.status_code, again.content) == (204, b"")
    rest = desk.http.get(f"{path}/events", headers={"Last-Event-ID": events[1].id})
    assert [each.name for each in read_events(rest)] == ["findings", "done"]


@pytest.mark.slow
def test_over_http_there_is_no_stream_of_no_experiment_and_head_ends(desk):
    assert desk.http.get("/experiments/00000000-0000-0000-0000-000000000000/events").status_code == 404
    assert desk.http.head(f"{desk.trained(SPEC)}/events").content == b""
