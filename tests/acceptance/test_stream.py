"""The live stream of a real service while a real worker trains."""

import numpy as np

from tests.builders import a_spec

LONG = a_spec(epochs=3000, seeds=(0, 1), training=a_spec().training.model_dump(mode="json") | {"epochs": 3000})


def epochs_of(events, seed: int) -> list[int]:
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
        assert epochs_of(events, seed) == list(range(LONG.training.epochs + 1))
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
