"""The live stream of a real service while a real worker trains."""

import threading
import time

import numpy as np

from gradlab.schemas.status import Status
from gradlab.spec import ExperimentSpec
from tests.builders import a_spec

LONG = a_spec(epochs=3000, seeds=(0, 1), training=a_spec().training.model_dump(mode="json") | {"epochs": 3000})


def told(events, seed: int) -> list[int]:
    """The epochs of a run in some events, in the order in which they came."""
    runs = [run for event in events if event.name == "epochs" for run in event.data["runs"]]
    return [epoch for run in runs if run["seed"] == seed for epoch in run["epochs"]]


def order(event) -> tuple[int, ...]:
    return tuple(map(int, event.id.split("~")[0].split(".")))


def test_a_training_is_told_as_it_goes_and_ends_with_its_diagnosis(service):
    submitted = service.client.submit(LONG)
    events = list(service.client.events(submitted.id))
    assert (events[0].name, events[-1].name, events[-2].name) == ("status", "done", "findings")
    assert {event.data["status"] for event in events if event.name == "status"} >= {"running", "completed"}
    for seed in LONG.seeds:
        assert told(events, seed) == list(range(LONG.training.epochs + 1))
    assert [order(event) for event in events] == sorted({order(event) for event in events})
    losses = service.client.history(submitted.id)["values"][0, :, 0]
    streamed = [
        loss
        for event in events
        if event.name == "epochs"
        for run in event.data["runs"]
        if run["seed"] == 0
        for epoch, loss in zip(run["epochs"], run["metrics"]["loss"], strict=True)
        if epoch
    ]
    np.testing.assert_array_equal(np.array(streamed, np.float32), losses)


def test_a_stop_ends_open_streams_at_once_and_they_go_on_at_the_next_service(a_service):
    first = a_service()
    endless: ExperimentSpec = a_spec(
        seeds=(0,), training=a_spec().training.model_dump(mode="json") | {"epochs": 50_000}
    )
    submitted = first.client.submit(endless)
    heard, ended = [], threading.Event()

    def listen():
        heard.extend(first.client.events(submitted.id))
        ended.set()

    # One that takes what comes, and one that takes nothing at all.
    listener = threading.Thread(target=listen)
    listener.start()
    idle = first.client._http.stream("GET", f"/experiments/{submitted.id}/events")
    idle.__enter__()
    while first.client.get(submitted.id).progress.epochs_done < 100:
        time.sleep(0.05)
    begun = time.monotonic()
    assert first.stop() == 0
    assert time.monotonic() - begun < 20  # the worker ends its chunk; no stream waits for its five seconds
    assert ended.wait(5)
    listener.join()
    assert "graceful shutdown exceeded" not in first.log.read_text()
    first.start()
    more = []
    for event in first.client.events(submitted.id, last_id=heard[-1].id):
        more.append(event)
        if len(told(more, 0)) > 100:
            break
    epochs = told(heard, 0) + told(more, 0)
    assert epochs == list(range(len(epochs)))
    assert first.client.cancel(submitted.id).status in (Status.running, Status.cancelled, Status.queued)
