"""The live stream of a study: its cells as they are, then those that change, whoever listens from when on."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from api.live import streams, study_feed
from api.live.study_feed import StudyPosition, read_study_position
from api.live.study_streams import StudyStreams
from core.store import ExperimentStore
from core.store.study_store import StudyStore
from core.use_cases import advancing, studies
from core.use_cases.drawing import next_cells
from gradlab.errors import Unavailable
from gradlab.schemas.status import Status, StudyStatus
from gradlab.spec.study import StudySpec, grid
from tests.builders import MINUTE, Bell, a_chunk, a_spec
from tests.unit.desk import Desk, as_json
from tests.unit.test_live import Listener

pytestmark = pytest.mark.slow


@pytest.fixture
def store(sqlite_url: str):
    made = ExperimentStore(sqlite_url, lease=MINUTE, max_attempts=3)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(streams, "POLL_SECONDS", 0.005)


def a_study(*widths: int) -> StudySpec:
    axes = [{"knob": "width", "values": list(widths)}]
    return StudySpec.model_validate({"base": as_json(a_spec(epochs=3)), "axes": axes, "seeds": [0, 1]})


def begun(store: ExperimentStore, *widths: int) -> tuple[UUID, list[UUID]]:
    record, _ = store.studies.add(a_study(*widths), list(grid(a_study(*widths).axes)))
    return record.id, store.studies.draw(record, next_cells(record, store=store)[0]) or []


def train(store: ExperimentStore, it: UUID, epochs: int = 4) -> None:
    claim = store.claim(it, worker="one")
    assert claim
    for seed in claim.spec.seeds:
        store.append(claim, a_chunk(claim.spec, seed=seed, first_epoch=0, epochs=epochs))
    if epochs == 4:
        store.finish(claim, Status.completed, versions={"keras": "3"})
        advancing.advance_with(it, store=store, queue=Bell())


def telling(store: ExperimentStore, story: Callable[[StudyStreams], Awaitable[None]]) -> None:
    async def run():
        live = StudyStreams(store)
        try:
            await story(live)
        finally:
            await live.close()

    asyncio.run(run())


def cells(listener: Listener) -> dict[int, str]:
    """The states of the cells that a listener has heard of, by position."""
    rows = [row for event in listener.heard if event.name == "cells" for row in event.data["cells"]]
    return {row["position"]: row["status"] for row in rows}


async def until_status(listener: Listener, **counts: int) -> dict[str, Any]:
    while (event := await listener.until("status")).data["progress"]["cells_by_status"] != counts:
        pass
    return event.data


def test_cells_come_first_and_then_those_that_change(store):
    study, (one, two, three) = begun(store, 2, 3, 4)

    async def story(live: StudyStreams):
        listener = Listener(live.stream(study, None, replay=True))
        assert (await until_status(listener, queued=3))["progress"]["trainings"] == 6
        assert cells(listener) == {0: "queued", 1: "queued", 2: "queued"}
        heard = len(listener.heard)
        train(store, one)
        await until_status(listener, queued=2, completed=1)
        assert [row["position"] for row in listener.heard[heard].data["cells"]] == [0], "the others are as they were"
        late = Listener(live.stream(study, None, replay=False))
        assert (await late.next()).name == "status"
        train(store, two)
        train(store, three)
        assert (await late.until("done")).data == {"study_id": str(study), "status": "completed"}
        await listener.until("done")
        assert cells(listener) == dict.fromkeys(range(3), "completed")
        assert cells(late) == {1: "completed", 2: "completed"}
        ids = [read_study_position(event.id) for event in listener.heard]
        states = [position.state for position in ids if position]
        assert len(states) == len(ids)
        assert states == sorted(states)

    telling(store, story)


def test_a_stream_resumes_at_any_process_from_any_event(store, monkeypatch):
    monkeypatch.setattr(study_feed, "MAX_EVENT_CELLS", 2)
    study, experiments = begun(store, *range(2, 8))
    heard: list[Listener] = []

    async def story(live: StudyStreams):
        heard.append(Listener(live.stream(study, None, replay=True)))
        await heard[0].until("status")
        for it in experiments[:3]:
            train(store, it)
            await heard[0].until("status")
        for it in experiments[3:]:
            train(store, it)
        await heard[0].until("done")

    async def resumed(live: StudyStreams):
        for i, event in enumerate(heard[0].heard):
            again = Listener(live.stream(study, event.id, replay=True))
            await again.until("done")
            earlier = Listener(again._texts)
            earlier.heard = heard[0].heard[: i + 1] + again.heard
            assert cells(earlier) == dict.fromkeys(range(6), "completed"), event
        assert set(cells(again)) == set(), "all of them had been received"

    telling(store, story)
    assert len([event for event in heard[0].heard if event.name == "cells"]) >= 6, "three slices, then the news"
    telling(store, resumed)


def test_a_listener_that_falls_behind_the_log_reads_the_store(store, monkeypatch):
    monkeypatch.setattr(study_feed, "MAX_LOG_BYTES", 1)
    study, experiments = begun(store, 2, 3)

    async def story(live: StudyStreams):
        slow, quick = (Listener(live.stream(study, None, replay=True)) for _ in range(2))
        await slow.until("status")
        await quick.until("status")
        for it in experiments:
            train(store, it)
        await quick.until("done")
        await slow.until("done")
        assert cells(slow) == cells(quick) == {0: "completed", 1: "completed"}

    telling(store, story)


def test_a_paused_study_goes_on_and_a_deleted_one_ends(store):
    study, experiments = begun(store, 2, 3)
    train(store, experiments[0], epochs=2)

    async def story(live: StudyStreams):
        listener = Listener(live.stream(study, None, replay=True))
        await until_status(listener, queued=1, running=1)
        studies.pause(study, store=store)
        assert (await until_status(listener, waiting=1, running=1))["status"] == StudyStatus.paused
        assert cells(listener) == {0: "running", 1: "waiting"}
        studies.delete(study, store=store)
        assert (await listener.until("done")).data["status"] == "deleted"

    telling(store, story)


def test_a_study_that_is_continued_is_followed_anew_while_its_old_feed_has_listeners(store):
    study, _ = begun(store, 2)

    async def story(live: StudyStreams):
        slow, quick = (Listener(live.stream(study, None, replay=True)) for _ in range(2))
        await slow.until("status")
        await quick.until("status")
        studies.cancel(study, store=store)
        await quick.until("done")
        studies.resume(study, store=store, queue=Bell())
        late = Listener(live.stream(study, None, replay=True))
        assert (await late.until("status")).data["status"] == StudyStatus.running
        assert (await slow.until("done")).data["status"] == StudyStatus.cancelled
        studies.cancel(study, store=store)
        assert (await late.until("done")).data["status"] == StudyStatus.cancelled

    telling(store, story)


def test_news_whose_reading_breaks_off_come_with_the_next_poll(store, monkeypatch):
    monkeypatch.setattr(study_feed, "MAX_EVENT_CELLS", 1)
    study, (one, _) = begun(store, 2, 3)
    feed = study_feed.StudyFeed(study, store)
    train(store, one, epochs=2)
    changed = StudyStore.changed

    def breaking(self: StudyStore, id: UUID, *, after: int, **more: int) -> Any:
        if after == 0:
            raise Unavailable("The database does not answer.")
        return changed(self, id, after=after, **more)

    with monkeypatch.context() as outage:
        outage.setattr(StudyStore, "changed", breaking)
        with pytest.raises(Unavailable):
            feed.poll()
    assert b'"status":"running","experiment_ids"' in feed.poll()[1]


def test_a_change_while_a_feed_opens_is_none_that_it_has_sent(store, monkeypatch):
    study, (one,) = begun(store, 2)
    before, changed, begins = store.studies.get(study).state, StudyStore.changed, iter([True])

    def later(self: StudyStore, id: UUID, **more: int) -> Any:
        if next(begins, False):
            train(store, one, epochs=2)
        return changed(self, id, **more)

    monkeypatch.setattr(StudyStore, "changed", later)
    assert not study_feed.StudyFeed(study, store).holds(before), "who resumes from before it reads the store"


@pytest.mark.parametrize("written", [None, "", "7", "1.2.3", "1.2.done.", "1.-2", f"1.{'9' * 13}"])
def test_what_is_no_position_of_a_study_is_none(written):
    assert read_study_position(written) is None
    assert read_study_position("12.7.done") == StudyPosition((12, 7), is_last=True)


def test_who_has_received_the_last_event_is_sent_nothing(desk: Desk):
    body = {"base": as_json(a_spec()), "axes": [{"knob": "width", "values": [2, 3]}]}
    path = desk.http.post("/studies", json=body).headers["Location"]
    desk.http.post(f"{path}/cancel")
    answer = desk.http.get(f"{path}/events")
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    events = [part for part in answer.text.split("\n\n") if part.startswith("event: ")]
    assert [event.split()[1] for event in events] == ["cells", "status", "done"]
    last = events[-1].split("id: ")[1]
    assert desk.http.get(f"{path}/events", headers={"Last-Event-ID": last}).status_code == 204
    desk.http.post(f"{path}/continue")
    desk.http.post(f"{path}/cancel")
    assert "event: done" in desk.http.get(f"{path}/events", headers={"Last-Event-ID": last}).text
    assert desk.http.get(f"/studies/{UUID(int=0)}/events").status_code == 404
